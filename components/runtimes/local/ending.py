"""How an instance ends: SIGTERM to all of it, SIGKILL after its grace period, forgotten when all of it is gone."""

from __future__ import annotations

import contextlib
import shutil
import signal
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_exponential

from components.runtimes.local import gate, logs, ports, processes, rpc
from components.runtimes.local import launch as files
from components.runtimes.local import record as records
from components.runtimes.local.daemon import Daemon
from components.runtimes.local.folder import PRIVATE, Folder, slug
from components.runtimes.local.processes import Seen
from components.runtimes.local.record import Record
from components.runtimes.port import Observation, RuntimeFault

RUNNING = frozenset({"STARTING", "RUNNING", "BACKOFF"})
"""supervisord's states in which it keeps a program going."""

HANGS: Mapping[str, Any] = {
    "statename": "UNKNOWN",
    "spawnerr": "its supervisord is there and does not answer",
}
"""Stands for supervisord's words where it has none."""

_NOT_OVER = RUNNING | {"STOPPING", "UNKNOWN"}

_KILLED_WITHIN = 10.0
"""Seconds that processes have to disappear after SIGKILL."""


class Ending:
    """Stops instances and says when they are gone. Callers hold the instance's lock, except for :meth:`watch`."""

    def __init__(self, folder: Folder, daemon: Daemon) -> None:
        """Keep where the records are and who keeps the processes."""
        self._folder = folder
        self._daemon = daemon

    def begin(self, instance_id: str) -> None:
        """Ask all of an instance to end; nothing to do where nothing of it is left."""
        record = records.load(self._folder, slug(instance_id))
        if record is None:
            record = Record(instance_id)
            members = self._members([record])[instance_id]
            if not members:
                return
            record = replace(record, owner=members[0].owner)
            self._folder.of(record.slug).mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        if not record.stopping:
            record = replace(record, stopping=time.time())
            # Before the signal: whoever dies in between leaves a record that says what was to happen.
            records.save(self._folder, record)
        records.save(self._folder, self._terminate(record))

    def over(self, record: Record) -> bool:
        """Answer whether a stop has come to its end, and if so forget the instance."""
        self._kill_overdue([record])
        if self._left(record):
            return False
        self.forget([record])
        return True

    def clear(self, record: Record) -> None:
        """Wait until nothing of an instance is left, killing it after its grace period."""
        record = self._terminate(record)
        if not self._await_end(record, record.grace):
            return
        self._kill([record])
        if left := self._await_end(record, _KILLED_WITHIN):
            raise RuntimeFault(
                f"instance {record.id}: {left} is still there {_KILLED_WITHIN:g} s after SIGKILL; "
                "it waits in the kernel, for a disk or a driver: see `dmesg`, then run this again.",
                retriable=True,
            )

    def watch(self, going: Mapping[str, Record]) -> dict[str, Observation]:
        """Return what is left of instances that are to be gone; kills what is overdue, forgets what is gone."""
        if not going:
            return {}
        # supervisord first: a program that it has given up is not started between these two looks.
        kept = self.kept(going.values())
        members = self._members(going.values())
        states = {i: (kept.get(record.slug) or {}).get("statename", "") for i, record in going.items()}
        self._kill_overdue([record for i, record in going.items() if members[i]])
        gone = [r for i, r in going.items() if not members[i] and states[i] not in _NOT_OVER]
        forgotten = self._forget_unless_held([record for record in gone if record.stopping])
        absent = {record.id for record in gone if not record.stopping} | forgotten
        for instance_id, record in going.items():
            if record.stopping and states[instance_id] in RUNNING:
                # Whoever asked for the stop died before it could tell supervisord.
                with self._folder.locked(record.slug, wait=False) as mine:
                    if mine:
                        self.begin(instance_id)
        return {
            i: Observation(i, "absent") if i in absent else _leaving(record, members[i])
            for i, record in going.items()
        }

    def kept(self, of: Iterable[Record]) -> dict[str, Mapping[str, Any]]:
        """Return supervisord's words about each program that it knows; empty where no supervisord answers."""
        names = [record.slug for record in of]
        if not names or not self._folder.root.is_dir():
            return {}
        try:
            self._folder.relink()
            answers = self._daemon.ask_together(tuple(("getProcessInfo", (name,)) for name in names))
        except rpc.Unreachable:
            # One that hangs may go on later, and start again what it was never told to stop.
            return dict.fromkeys(names, HANGS) if self._daemon.process() else {}
        return {name: answer for name, answer in zip(names, answers, strict=True) if isinstance(answer, dict)}

    def forget(self, gone: Sequence[Record]) -> None:
        """Remove all that is kept of instances whose last process was seen gone, but for the end of their logs."""
        if not gone:
            return
        if self._folder.reachable():
            with contextlib.suppress(rpc.Unreachable):
                self._daemon.ask_together(tuple(("removeProcessGroup", (record.slug,)) for record in gone))
        for record in gone:
            name = record.slug
            logs.retire(self._folder, name)
            for port in {record.port, record.inner or record.port}:
                ports.release(port, self._folder.of(name))
            # The record last of all: until then, asking again finds it and finishes.
            shutil.rmtree(self._folder.of(name), ignore_errors=True)
        gate.tell(self._folder)

    def _forget_unless_held(self, gone: Sequence[Record]) -> set[str]:
        """Forget those whose lock nobody holds and whose record is still the one that was judged; answers their ids."""
        with contextlib.ExitStack() as held:
            mine = [r for r in gone if held.enter_context(self._folder.locked(r.slug, wait=False))]
            same = [r for r in mine if records.load(self._folder, r.slug) in (r, None)]
            self.forget(same)
            return {record.id for record in same}

    def _terminate(self, record: Record) -> Record:
        """Send SIGTERM to each process of an instance that has not had it; answers the record that knows who has."""
        started = processes.starts(self._folder.of(record.slug) / files.STARTS)
        by_supervisor = False
        if self._folder.reachable():
            with contextlib.suppress(rpc.Unreachable):
                by_supervisor = self._daemon.ask_together((("stopProcess", (record.slug, False)),)) == [True]
        members = self._members([record])[record.id]
        told = set(record.signalled)
        if by_supervisor and started:
            told |= {seen.pid for seen in members if seen.group == started[-1].leader}
        rest = [seen.pid for seen in members if seen.pid not in told]
        processes.send(rest, signal.SIGTERM)
        return replace(record, signalled=tuple(sorted(told.union(rest))))

    def _kill_overdue(self, of: Sequence[Record]) -> None:
        self._kill(
            [record for record in of if record.stopping and time.time() > record.stopping + record.grace]
        )

    def _kill(self, of: Sequence[Record]) -> None:
        if of:
            members = self._members(of)
            processes.send((seen.pid for record in of for seen in members[record.id]), signal.SIGKILL)

    def _await_end(self, record: Record, seconds: float) -> str:
        """Wait for an instance's end; answers what is left after that time, empty if nothing is."""
        wait = Retrying(
            stop=stop_after_delay(seconds),
            wait=wait_exponential(0.01, 0.5),
            retry=retry_if_result(bool),
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else "",
        )
        left: str = wait(self._left, record)
        return left

    def _left(self, record: Record) -> str:
        state = (self.kept([record]).get(record.slug) or {}).get("statename", "")
        members = self._members([record])[record.id]
        if members:
            return _named(members)
        return "its program at supervisord" if state in _NOT_OVER else ""

    def _members(self, of: Iterable[Record]) -> dict[str, list[Seen]]:
        """Return by instance id all of its living processes."""
        table = processes.table()
        by_mark: dict[str, list[Seen]] = {}
        unmarked = [seen for seen in table if not seen.mark]
        for seen in table:
            by_mark.setdefault(seen.mark, []).append(seen)
        found = {}
        for record in of:
            mark = self._folder.mark(record.slug)
            started = processes.starts(self._folder.of(record.slug) / files.STARTS)
            found[record.id] = by_mark.get(mark, []) + [
                s for s in unmarked if processes.mine(s, mark, started)
            ]
        return found


def _leaving(record: Record, members: Sequence[Seen]) -> Observation:
    if not record.stopping:
        detail = (
            f"{_named(members)} without a record of it, which somebody has removed; stopping it ends them"
        )
    elif members:
        left = max(0.0, record.stopping + record.grace - time.time())
        detail = (
            f"stopping: {_named(members)} left, killed in {left:.0f} s" if left else "stopping: being killed"
        )
    else:
        detail = "stopping: its last process has just ended"
    return Observation(record.id, "failed", "", detail, record.cards, record.node)


def _named(members: Sequence[Seen]) -> str:
    pids = ", ".join(str(seen.pid) for seen in members[:5])
    more = f" and {len(members) - 5} more" if len(members) > 5 else ""
    return f"{len(members)} process{'es' if len(members) != 1 else ''} (pid {pids}{more})"
