"""The ``eas`` command: one file per command or small group; what several of them need stands in ``base``.

Nothing is decided here: commands read files and the ledger, ask the planner, start ``pulumi``, and print.
"""
