"""What is seen of an instance means one of four conditions: a first-match table, from the surest sign to the least."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.runtimes.local.launch import NO_FOLDER, TRIES
from components.runtimes.local.record import Record
from components.runtimes.port import Condition

SHOWN_LINES = 8
"""Lines of its log that a failed instance's detail ends with."""

ORPHANED = (
    "it runs on without its supervisor, which was killed: if it ends, only the next `up` starts it again"
)

_AGAIN = frozenset({"BACKOFF", "EXITED"})
"""supervisord's states before it starts a program again; EXITED lasts until it next looks around."""

_AT_WORK = frozenset({"STARTING", "RUNNING", "STOPPING"})


@dataclass(frozen=True, slots=True)
class View:
    """One recorded instance that is not being stopped. ``cards``: those that its first process says it uses.

    ``alive``: its first process lives. ``orphaned``: its supervisord was killed. ``silence``: why it is not ready, empty
    if it answers. ``answered``: it has done so before. ``starts``: how often it was started. ``kept``: supervisord's words
    about it, None where no supervisord knows it. ``exit``: how it ended last, empty if nobody knows.
    """

    record: Record
    alive: bool
    orphaned: bool
    silence: str
    answered: bool
    starts: int
    kept: Mapping[str, Any] | None
    exit: str = ""
    cards: tuple[str, ...] = ()


def judge(view: View) -> tuple[Condition, str]:
    """Return the condition and its reason."""
    if view.alive:
        return ("starting", _silent(view)) if view.silence else ("ready", ORPHANED if view.orphaned else "")
    state = view.kept["statename"] if view.kept else ""
    # The launch script counts a start while it is that start's process: of this many, the last one is dead too.
    if view.answered or view.starts < TRIES:
        if state in _AT_WORK:
            return "starting", "its process is just being started"
        if state in _AGAIN:
            return "starting", f"{_ended(view)}; it is started again"
    if state == "UNKNOWN":
        return "failed", str(view.kept["spawnerr"]) if view.kept else ""
    return "failed", _dead(view)


def _silent(view: View) -> str:
    record = view.record
    asked = f"GET {record.path}" if record.path else "a TCP connection"
    told = f"the local runtime gives each instance its own port in $PORT, here {record.serving}"
    if record.declared_port:
        told += f"; the container declares port {record.declared_port}"
    before = "it answered before and does not now" if view.answered else "it runs and does not answer yet"
    return f"{before}: {asked} at 127.0.0.1:{record.serving}: {view.silence} ({told})"


def _ended(view: View) -> str:
    if view.exit:
        return (
            "its project folder cannot be entered"
            if view.exit.endswith(f" {NO_FOLDER}")
            else f"it {view.exit}"
        )
    return "its process is gone"


def _dead(view: View) -> str:
    if not view.starts:
        error = (view.kept or {}).get("spawnerr")
        return f"it was not started: {error}" if error else "it was not started"
    starts = f"{view.starts} start{'s' if view.starts != 1 else ''}"
    return f"{_ended(view)}, after {starts}{'' if view.answered else ' without an answer'}"


def with_log(detail: str, log: str) -> str:
    """Return a failed instance's detail with the end of its log."""
    lines = "\n".join(f"    {line}" for line in log.splitlines())
    return f"{detail}; its log ends:\n{lines}" if lines else f"{detail}; it printed nothing"
