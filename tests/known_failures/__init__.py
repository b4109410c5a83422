"""Bugs that other GPU-sharing systems were reported to have, each as a test that it cannot happen here.

The number in a test's name is its row in ``docs/known-failures.md``.
"""
