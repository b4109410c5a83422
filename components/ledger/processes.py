"""Which process this is, and whether another one still runs: asked of the operating system, never of the ledger."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import psutil

from components.ledger.machines import Machine
from components.ledger.records import LeaseHolder


def this_process(what: str, pid: int | None = None) -> LeaseHolder:
    """Return this process (or ``pid``, on this machine) as a lease holder; ``what`` is how people know it."""
    number = os.getpid() if pid is None else pid
    return LeaseHolder(pid=number, host=_host(), boot_id=_boot_id(), created=_created(number), what=what)


def alive(holder: LeaseHolder) -> bool | None:
    """Return whether the holder runs; None for a process of another machine or container, which cannot be seen from here."""
    if holder.host != _host():
        return None
    if holder.boot_id != _boot_id():
        return False
    try:
        # A pid is used again; a creation time with it is not. Twice the same time is read within a clock tick.
        same = abs(_created(holder.pid) - holder.created) < 0.05
        return same and psutil.Process(holder.pid).status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return False
    except psutil.AccessDenied:
        return True


def _created(pid: int) -> float:
    stat = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self/stat").exists():
        return round(psutil.Process(pid).create_time(), 3)
    # Seconds since boot, as the kernel keeps them: psutil's time since 1970 jumps when somebody sets the clock, and a
    # living process must not look dead then. The name in parentheses may hold anything, so fields count from its end.
    ticks = int(stat.read_text("utf-8", errors="replace").rpartition(")")[2].split()[19])
    return round(ticks / os.sysconf("SC_CLK_TCK"), 3)


def this_machine() -> Machine:
    """Return this machine: by its machine-id(5) where it has one, else by its name."""
    name = socket.gethostname()
    return Machine(_machine() or name, name)


def _host() -> str:
    # Two containers of one machine may share its name but see only their own processes.
    try:
        namespace = Path("/proc/self/ns/pid").readlink().name
    except OSError:
        namespace = ""
    return f"{socket.gethostname()}#{_machine()}{namespace}"


def _machine() -> str:
    """Two machines may have one name; the first digits of this id (machine-id(5)) tell them apart, where it is set."""
    try:
        return Path("/etc/machine-id").read_text("ascii").strip()[:12]
    except (OSError, ValueError):
        return ""


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return str(round(psutil.boot_time() / 60))
