"""The durable record: committing, carrying out, leases, files and keys."""
