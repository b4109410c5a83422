"""Imports what the calls to come need, in the moment in which nobody asks: after a pool, Pulumi's program first prepares
every service. Without it the first service and the placement wait for their modules, and all others behind them."""

from __future__ import annotations

import contextlib
import importlib
import threading

NEEDED = ("components.providers.work.service", "components.providers.work.placement")
_once = threading.Lock()


def begin() -> None:
    """Begin, once for this process, in a thread of its own; a call that comes sooner waits for its module only."""
    if _once.acquire(blocking=False):
        threading.Thread(target=_import, name="eas-ahead", daemon=True).start()


def _import() -> None:
    for name in NEEDED:
        # Whoever needs it meets the same fault, where there is somebody to tell.
        with contextlib.suppress(Exception):
            importlib.import_module(name)
