"""The ``eas`` command, on scratch projects with the simulated runtime and a real ledger; Pulumi is a stand-in here."""
