"""Committing a plan: read what it is judged against, turn its steps into rows, judge, write, tell."""
