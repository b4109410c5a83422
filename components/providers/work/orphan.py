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

import psutil

LOOK_S = 1.0
"""How often the parent is looked for."""

CLI = "pulumi"
FARTHEST = 4
"""So many processes may lie between the CLI and this one: the SDK's launcher is a shell that waits for us."""


def _launchers() -> tuple[psutil.Process, ...]:
    """Return the processes from our parent up to the CLI; the parent alone where there is no CLI among them."""
    try:
        above = psutil.Process().parents()[:FARTHEST]
        names = [process.name() for process in above]
    except psutil.Error:
        return ()
    return tuple(above[: names.index(CLI) + 1] if CLI in names else above[:1])


_LAUNCHED_BY = _launchers()
_lock = threading.Lock()
_calls = 0


def launching_cli() -> psutil.Process | None:
    """Return the CLI that this process works for, None where it was started otherwise."""
    return _LAUNCHED_BY[-1] if _LAUNCHED_BY and _is_cli(_LAUNCHED_BY[-1]) else None


def _is_cli(process: psutil.Process) -> bool:
    try:
        return process.name() == CLI
    except psutil.Error:
        return False


def orphaned() -> bool:
    """Return whether the CLI that this process works for has ended, so that nobody waits for the result any more."""
    try:
        return not all(
            process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in _LAUNCHED_BY
        )
    except psutil.NoSuchProcess:
        return True


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
    while not (orphaned() and _idle()):
        time.sleep(LOOK_S)
    # Nobody waits for an answer any more, and the server's own threads would keep the process alive.
    os._exit(1)


def _idle() -> bool:
    with _lock:
        return _calls == 0
