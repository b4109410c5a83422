"""Two ports per instance, one to serve at and one for the gateway before it, reserved for this user on the whole machine.

Two projects never hand out the same one. A free port is not enough: a model loads for minutes before it listens. So a
reservation is a file ``/tmp/eas-UID/ports/PORT`` that names the instance's folder, and counts while that folder is there.
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


def busy(port: int, *, strict: bool = False) -> bool:
    """Whether something listens at that port of this machine; ``strict``: or has, a minute ago at most.

    Not every server asks for a port whose last connections are still winding down, as most do.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0 if strict else 1)
        try:
            probe.bind(("", port))
        except OSError:
            return True
    return False


def reserve(
    ports: tuple[int, int], holder: Path, *, keep: int = 0, held: bool = False, beside: int = 0
) -> int:
    """Return a port of the range, reserved for the instance folder ``holder``; ``keep`` is taken if it is still free.

    ``held``: the gateway of this project listens at it. ``beside``: one that the instance has already, for something else.

    Raises :class:`RuntimeFault` when the range is exhausted.
    """
    low, high = ports
    count = high - low + 1
    project = str(holder.parent)
    # Projects begin at different places, so that a stranger's ports of one are seldom tried by the other.
    first = _next.get((low, high, project), zlib.crc32(project.encode("utf-8", "surrogateescape")))
    if held and low <= keep <= high:
        return keep
    wanted = [(keep, False)] if low <= keep <= high else []
    turns = ((low + (first + step) % count, strict) for strict in (True, False) for step in range(count))
    with _registry() as folder:
        for port, strict in itertools.chain(wanted, turns):
            file = folder / str(port)
            if port == beside:
                continue
            if _holder(file) in (None, holder) and not busy(port, strict=strict):
                file.write_text(str(holder), encoding="utf-8", errors="surrogateescape")
                _next[low, high, project] = port - low + 1
                return port
        reserved = sum(1 for port in range(low, high + 1) if _holder(folder / str(port)) is not None)
    raise RuntimeFault(
        f"all {count} ports of {low}-{high} are taken, {reserved} of them by instances of the local runtime, two each; "
        "give the pool another range in pool.yaml, such as `local: {ports: [30000, 31999]}`."
    )


def release(port: int, holder: Path) -> None:
    """Give a port back, if it is still this instance's; 0: whichever it has."""
    with _registry() as folder:
        for file in [folder / str(port)] if port else list(folder.glob("[0-9]*")):
            if _named(file) == holder:
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
    holder = _named(file)
    return holder if holder is not None and holder.is_dir() else None


def _named(file: Path) -> Path | None:
    try:
        return Path(file.read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError:
        return None
