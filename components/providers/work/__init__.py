"""What the providers do: one module per resource, with the six functions that Pulumi's protocol names.

Imported when Pulumi first calls a provider, and never by the program that declares resources: the ledger and everything
behind it would cost each preview most of a second.
"""
