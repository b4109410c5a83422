"""Which processes belong to an instance, whoever keeps them: found by process group and by a mark they inherit.

supervisord knows one process per instance. This module also finds its children and grandchildren, those that left
their process group, and those whose supervisord was killed: a slice is free only when all of them are gone. A process
that both leaves its group and clears its environment is not found.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from components.runtimes.local.coalesce import Coalescer

MARK = "EAS_LOCAL_MARK"
INSTANCE = "EAS_INSTANCE"
OWNER = "EAS_OWNER"
CARDS = "EAS_CARD_UUIDS"
VISIBLE = "CUDA_VISIBLE_DEVICES"


@dataclass(frozen=True, slots=True)
class Seen:
    """One living process: its group and session, and what its environment says of its instance (empty: nothing).

    ``cards``: UUIDs of the cards that it was told, or that CUDA shows it where those are others.
    """

    pid: int
    group: int
    session: int
    mark: str
    instance: str = ""
    owner: str = ""
    cards: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Started:
    """One start of an instance, written by its launch script: its first process, and the supervisord above it.

    supervisord leads a session and each instance's first process a group. While any member lives, the kernel gives
    neither number to another, so (group, session) names the instance even where a program has overwritten its
    environment (setproctitle does).
    """

    leader: int
    session: int


def starts(file: Path) -> tuple[Started, ...]:
    """Return the starts that the launch script wrote down, oldest first."""
    try:
        lines = file.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return ()
    words = (line.split() for line in lines)
    return tuple(
        Started(int(w[0]), int(w[1])) for w in words if len(w) == 2 and w[0].isdigit() and w[1].isdigit()
    )


def look(pid: int) -> Seen | None:
    """Return one process; None if it is gone, a zombie (it holds nothing), or another user's."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        told = process.environ()
        group, session = os.getpgid(pid), os.getsid(pid)
        names = (told.get(MARK, ""), told.get(INSTANCE, ""), told.get(OWNER, ""))
        return Seen(pid, group, session, *names, cards_of(told))
    except (psutil.Error, OSError):
        return None


def cards_of(told: Mapping[str, str]) -> tuple[str, ...]:
    """Return the UUIDs of the cards that a process with this environment uses; empty where it does not say.

    What CUDA shows it counts where it names a card that the instance was not told: somebody gave it another one. Fewer are
    no difference: a declared card that is not in this machine is not shown.
    """
    said, shown = (_uuids(told.get(name, "")) for name in (CARDS, VISIBLE))
    return shown if shown and not set(shown) <= set(said) else said


def _uuids(text: str) -> tuple[str, ...]:
    """Return the cards of a list; an index, which means another card on every machine, names none."""
    words = tuple(word for word in text.split(",") if word)
    return () if any(word.isdigit() for word in words) else words


def mine(seen: Seen, mark: str, started: Iterable[Started]) -> bool:
    """Whether a process belongs to the instance with that mark and those starts."""
    if seen.mark:
        return seen.mark == mark
    return any(seen.group == start.leader and seen.session == start.session for start in started)


def leader(mark: str, started: Sequence[Started]) -> Seen | None:
    """Return the instance's first process if it lives."""
    seen = look(started[-1].leader) if started else None
    return seen if seen is not None and mine(seen, mark, started[-1:]) else None


def orphaned(seen: Seen) -> bool:
    """Whether the supervisord that started this process is gone: it leads the session that its instances are in."""
    return look(seen.session) is None


def _table(asked: Sequence[None]) -> list[tuple[Seen, ...]]:
    seen = tuple(found for found in (look(pid) for pid in psutil.pids()) if found is not None)
    return [seen] * len(asked)


_scan: Coalescer[None, tuple[Seen, ...]] = Coalescer(_table, limit=10_000)


def table() -> tuple[Seen, ...]:
    """Return all living processes of this user; the picture is never older than the call, and shared by its callers."""
    return _scan(None)


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """Send a signal to each process that is still there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
