"""The runtimes, on real processes."""
