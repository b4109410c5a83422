"""The resources, constructed in a program whose engine is a mock."""
