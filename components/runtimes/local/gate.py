"""The gateway as the runtime sees it: told of changes, asked whether it listens, ended with the last instance."""

from __future__ import annotations

import contextlib
import signal
import socket

import psutil

from components.runtimes.local.folder import Folder
from components.runtimes.local.gateway import DRAIN_WITHIN, PID, PORTS, SOCKET

MODULE = "components.runtimes.local.gateway"


def tell(folder: Folder) -> None:
    """Say that records have changed; where nobody listens yet, it looks when it starts."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told, contextlib.suppress(OSError):
        told.setblocking(False)
        told.sendto(b"!", str(folder.link / SOCKET))


def process(folder: Folder) -> psutil.Process | None:
    """Return this project's gateway if it lives."""
    with contextlib.suppress(OSError, ValueError, psutil.Error):
        found = psutil.Process(int((folder.root / PID).read_text(encoding="ascii")))
        words = found.cmdline()
        if MODULE in words and str(folder.root) in words and found.status() != psutil.STATUS_ZOMBIE:
            return found
    return None


def open_ports(folder: Folder) -> frozenset[int]:
    """Return the ports that this project's gateway listens at."""
    if process(folder) is None:
        return frozenset()
    with contextlib.suppress(OSError, ValueError):
        return frozenset(int(port) for port in (folder.root / PORTS).read_text(encoding="ascii").split())
    return frozenset()


def end(folder: Folder) -> None:
    """End a gateway whose supervisord is gone; returns when it is gone as well."""
    found = process(folder)
    if found is None:
        return
    with contextlib.suppress(psutil.Error):
        found.send_signal(signal.SIGTERM)
        try:
            found.wait(2 * DRAIN_WITHIN)
        except psutil.TimeoutExpired:
            found.kill()
            found.wait(DRAIN_WITHIN)
