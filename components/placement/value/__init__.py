"""The rule that chooses places: every card and core has a price, and a place is best where least value is lost."""
