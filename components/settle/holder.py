"""Who carries out: this process as the holder of leases, and whether it is orphaned."""

from __future__ import annotations

import os

from components.ledger import this_process

__all__ = ["parent_gone", "this_process"]

_PARENT = os.getppid()
"""The parent when this module was first imported: for a provider the Pulumi CLI or its plugin launcher."""


def parent_gone() -> bool:
    """Return whether the process that started this one has ended, so that nobody waits for the result any more."""
    return os.getppid() != _PARENT
