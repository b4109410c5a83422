"""Bounds and exhaustive search, by OR-Tools: linear programs over fill patterns of cards, and CP-SAT.

All of it needs the extra ``solver``.
"""
