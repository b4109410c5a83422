"""``eas review``."""
