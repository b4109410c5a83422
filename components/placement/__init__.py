"""Deciding which instance goes on which card, and in which order. Pure: no I/O, clock, chance, or Pulumi."""
