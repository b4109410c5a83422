"""A scratch project with the real command line, a neighbour in the same ledger, and eyes of its own: for benches that change
a fleet at random and compare what became of it with what was said."""
