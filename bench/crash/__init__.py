"""Kills what carries out an apply before and after every effect of it, and the database under it, and applies again."""
