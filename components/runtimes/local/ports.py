"""One port per instance, reserved for this user on the whole machine: two projects never hand out the same one.

A free port is not enough: a model loads for minutes before it listens. So a reservation is a file
``/tmp/eas-UID/ports/PORT`` that names the instance's folder, and counts while that folder is there.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import socket
import zlib
from collections.abc import Iterator
from pathlib import Path

from components.runtimes.local.folder import PRIVATE, shared
from components.runtimes.port import RuntimeFault

_next: dict[tuple[int, int, str], int] = {}
"""Where this process found its last port: what lies before it is taken, and is looked at again after a full turn."""


def busy(port: int) -> bool:
    """Whether something listens at that port of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port that is only winding down is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return True
    return False


def reserve(ports: tuple[int, int], holder: Path, *, keep: int = 0) -> int:
    """Return a port of the range, reserved for the instance folder ``holder``; ``keep`` is taken if it is still free.

    Raises :class:`RuntimeFault` when the range is exhausted.
    """
    low, high = ports
    count = high - low + 1
    project = str(holder.parent)
    # Projects begin at different places, so that a stranger's ports of one are seldom tried by the other.
    first = _next.get((low, high, project), zlib.crc32(project.encode("utf-8", "surrogateescape")))
    wanted = [keep] if low <= keep <= high else []
    with _registry() as folder:
        for port in itertools.chain(wanted, (low + (first + step) % count for step in range(count))):
            file = folder / str(port)
            if _holder(file) in (None, holder) and not busy(port):
                file.write_text(str(holder), encoding="utf-8", errors="surrogateescape")
                _next[low, high, project] = port - low + 1
                return port
        reserved = sum(1 for port in range(low, high + 1) if _holder(folder / str(port)) is not None)
    raise RuntimeFault(
        f"all {count} ports of {low}-{high} are taken, {reserved} of them by instances of the local runtime; "
        "give the pool another range in pool.yaml, such as `local: {ports: [30000, 31999]}`."
    )


def release(port: int, holder: Path) -> None:
    """Give a port back, if it is still this record's."""
    if not port:
        return
    with _registry() as folder:
        file = folder / str(port)
        if _holder(file) == holder:
            file.unlink(missing_ok=True)


@contextlib.contextmanager
def _registry() -> Iterator[Path]:
    folder = shared() / "ports"
    folder.mkdir(mode=PRIVATE, exist_ok=True)
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield folder
    finally:
        os.close(handle)


def _holder(file: Path) -> Path | None:
    """Return the instance folder that a reservation is for; None if there is no such file or no such instance."""
    try:
        holder = Path(file.read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError:
        return None
    return holder if holder.is_dir() else None
