"""Reading the ledger's file beside SQLite, without ever closing it.

The kernel drops all locks of a process on a file as soon as the process closes any descriptor of it (POSIX). SQLite knows,
and keeps its own; whoever opens the file beside it to look at its first bytes takes SQLite's locks away. Then another
process that closes last believes itself alone, and deletes the log that this one goes on writing: what is committed
afterwards is lost (https://www.sqlite.org/howtocorrupt.html, 2.2). So what is opened here stays open.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

_lock = threading.Lock()
_kept: dict[tuple[int, int], int] = {}
"""(device, inode) -> descriptor."""
MOST = 128
"""So many files are kept; a process works with one or two. Of more the first is let go, which nobody has open by then."""


def descriptor(path: Path) -> int:
    """Return a descriptor of the file that is there, for ``os.pread``; it is not to be closed. Raises ``OSError``."""
    with _lock:
        there = path.stat()
        if (there.st_dev, there.st_ino) in _kept:
            return _kept[there.st_dev, there.st_ino]
        return _keep(os.open(path, os.O_RDONLY | os.O_CLOEXEC))


def create(path: Path, mode: int) -> None:
    """Create the file where there is none. Raises ``OSError``."""
    try:
        made = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDONLY | os.O_CLOEXEC, mode)
    except FileExistsError:
        return
    with _lock:
        _keep(made)


def _keep(opened: int) -> int:
    found = os.fstat(opened)
    # Another file may have come to that place since it was looked for, and another thread may have been faster.
    if (found.st_dev, found.st_ino) in _kept:
        return _kept[found.st_dev, found.st_ino]
    if len(_kept) >= MOST:
        os.close(_kept.pop(next(iter(_kept))))
    _kept[found.st_dev, found.st_ino] = opened
    return opened
