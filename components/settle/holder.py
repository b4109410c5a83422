"""Who carries out: this process as the holder of leases, whether another one still lives, and whether ours is orphaned."""

from __future__ import annotations

import os
from datetime import datetime

from components.ledger import LeaseHolder, this_process
from components.ledger.processes import alive

__all__ = ["is_alive", "parent_gone", "this_process"]

_PARENT = os.getppid()
"""The parent when this module was first imported: for a provider the Pulumi CLI or its plugin launcher."""


def parent_gone() -> bool:
    """Return whether the process that started this one has ended, so that nobody waits for the result any more."""
    return os.getppid() != _PARENT


def is_alive(holder: LeaseHolder, now: datetime, expires: datetime) -> bool:
    """Return whether ``holder`` may still be carrying out.

    On this machine its process is looked at, whatever the lease says: a live one may be slow, a dead one is never waited
    for. Of another machine only the lease's end can tell.
    """
    runs = alive(holder)
    return now < expires if runs is None else runs
