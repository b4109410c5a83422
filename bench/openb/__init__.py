"""A production trace of GPU sharing, replayed against the placement rule and its rivals: ``python -m bench.openb``."""
