"""The only effects on the world: starting, observing and stopping instances. Nothing is decided here."""
