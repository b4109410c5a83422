"""Many processes commit against one pool: what they get done, who loses a place, and whether any card is ever too full."""
