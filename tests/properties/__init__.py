"""Invariants of planning over random pools, histories and changes, judged by the independent checker."""
