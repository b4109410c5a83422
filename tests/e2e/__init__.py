"""End to end with the real Pulumi CLI on a file backend, in a scratch project of its own."""
