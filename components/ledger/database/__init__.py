"""The database under the ledger: where it is, how it is opened for a transaction, and what is particular to each kind."""
