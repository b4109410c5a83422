"""What commands share: the project they run in, how they end, what they print, and how they start Pulumi."""
