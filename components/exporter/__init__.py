"""Metrics for Prometheus, made of the ledger alone: it is read, never written, and no runtime and no Pulumi is asked."""
