"""Writing so that nobody ever sees half a result."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.setup.report import say


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold ``folder`` against another setup; the lock ends with this process, however that ends."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting", f"for another setup that works in {folder}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def make_whole(folder: Path, fill: Callable[[Path], None]) -> None:
    """Make ``folder`` by filling a neighbour and renaming it: it is there whole, or not at all.

    What an interrupted attempt has left is removed first, so call it only while :func:`alone_in` holds.
    """
    for left in folder.parent.glob(f"{folder.name}.partial-*"):
        shutil.rmtree(left, ignore_errors=True)
    # A name of its own: a compiler that has outlived a killed setup may still write into the old one.
    partial = folder.with_name(f"{folder.name}.partial-{os.getpid()}")
    partial.mkdir(parents=True)
    try:
        fill(partial)
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write(path: Path, text: str, mode: int = 0o644) -> bool:
    """Write ``text`` unless it is there already; say whether anything changed. Never readable too widely."""
    if path.is_file() and path.read_text() == text and path.stat().st_mode & 0o777 == mode:
        return False
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as handle:
        handle.write(text)
    partial.chmod(mode)
    partial.rename(path)
    return True
