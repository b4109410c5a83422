"""An orphaned provider ends: Pulumi's own would wait for calls for ever when its CLI was killed.

What is under way sees it for itself (``session.conduct``) and stops after the effect in hand; then the process goes.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from components.settle.holder import parent_gone

LOOK_S = 1.0
"""How often the parent is looked for."""

_lock = threading.Lock()
_calls = 0


@contextmanager
def call() -> Iterator[None]:
    """Count a call that is under way."""
    global _calls  # noqa: PLW0603 - one number of the process, guarded by the lock
    with _lock:
        _calls += 1
    try:
        yield
    finally:
        with _lock:
            _calls -= 1


def end_when_orphaned() -> None:
    """Watch for the CLI's end from a thread of its own, in a provider process that Pulumi started."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    if spec is not None and spec.name == "pulumi.dynamic.__main__":
        threading.Thread(target=_watch, name="eas-orphan", daemon=True).start()


def _watch() -> None:
    while not (parent_gone() and _idle()):
        time.sleep(LOOK_S)
    # Nobody waits for an answer any more, and the server's own threads would keep the process alive.
    os._exit(1)


def _idle() -> bool:
    with _lock:
        return _calls == 0
