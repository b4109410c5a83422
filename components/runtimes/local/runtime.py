"""The local runtime: the port's verbs over supervisord, process table and records.

Two rules hold everywhere. A record is written before its process is started and removed after its last process was seen
gone, so that a crash in between leaves something to find. And what changes an instance holds that instance's lock.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from components.runtimes.local import command, environment, exits, gate, gpu, logs, ports, processes
from components.runtimes.local import launch as files
from components.runtimes.local import record as records
from components.runtimes.local.daemon import Daemon
from components.runtimes.local.ending import Ending
from components.runtimes.local.folder import PRIVATE, Folder, slug, write
from components.runtimes.local.observing import SHOWN_LINES, View, judge, with_log
from components.runtimes.local.probe import Probes
from components.runtimes.local.record import Record
from components.runtimes.local.settings import LocalSettings
from components.runtimes.local.wish import Wish
from components.runtimes.port import Capabilities, Launch, Observation, RuntimeFault
from components.spec.node import Node


class LocalRuntime:
    """Instances as processes of this machine, kept by supervisord."""

    name = "local"

    def __init__(self, home: Path, *, tell: Callable[[str], None] | None = None) -> None:
        """Keep where the files are, and who hears what the reader must know once; nothing is created or started."""
        self._folder = Folder(home)
        self._daemon = Daemon(self._folder)
        self._ending = Ending(self._folder, self._daemon)
        self._probes = Probes()
        self._tell = tell or logging.getLogger(__name__).warning
        self._told: set[str] = set()

    def capabilities(self) -> Capabilities:
        """Return what can be held to on this machine, now."""
        return gpu.capabilities()

    def inventory(self) -> tuple[Node, ...] | None:
        """Return this machine with its GPUs; None where it has none."""
        return gpu.inventory()

    def start(self, launch: Launch) -> None:
        """Start the instance, or do nothing if it runs."""
        self._folder.prepare()
        name = slug(launch.id)
        with self._folder.locked(name):
            record = records.load(self._folder, name)
            if record is not None and record.stopping:
                record = None if self._ending.over(record) else record
            if record is not None and record.stopping:
                raise RuntimeFault(
                    f"instance {launch.id} is still stopping; wait until it is gone.", retriable=True
                )
            if record is None:
                self._launch(launch)
            elif not self._runs(record):
                self._ending.clear(record)
                self._launch(launch, record)

    def restart(self, launch: Launch) -> None:
        """Start the instance anew; waits until what is left of it is gone, killing it after its grace period."""
        self._folder.prepare()
        name = slug(launch.id)
        with self._folder.locked(name):
            record = records.load(self._folder, name)
            self._ending.clear(record or Record(launch.id))
            self._launch(launch, record)

    def reconfigure(self, launch: Launch) -> None:
        """Rewrite the instance's token file: the gateway wants the new one from the next request on."""
        name = slug(launch.id)
        with self._folder.locked(name) if self._folder.root.is_dir() else contextlib.nullcontext():
            if records.load(self._folder, name) is None:
                raise RuntimeFault(
                    f"instance {launch.id} is not there, so it cannot be given a new token; start it."
                )
            self._write_token(launch)

    def stop(self, instance_id: str) -> None:
        """Send SIGTERM to all of the instance's processes; :meth:`observe` kills what is left after its grace period."""
        if not self._folder.root.is_dir():
            return
        with self._folder.locked(slug(instance_id)):
            self._ending.begin(instance_id)

    def observe(self, instance_ids: Iterable[str]) -> dict[str, Observation]:
        """Return what is seen of each instance now; kills what is over its grace period, and forgets what is gone."""
        asked = {instance_id: records.load(self._folder, slug(instance_id)) for instance_id in instance_ids}
        going = {i: record or Record(i) for i, record in asked.items() if record is None or record.stopping}
        here = [record for i, record in asked.items() if record is not None and i not in going]
        seen = self._ending.watch(going) | {
            view.record.id: self._observation(view) for view in self._views(here)
        }
        return {instance_id: seen[instance_id] for instance_id in asked}

    def listing(self, owner: str | None = None) -> tuple[str, ...]:
        """Return all instances that have a record, or a process of this project that has lost its record."""
        known = {record.id: record.owner for record in records.every(self._folder)}
        for found in processes.table():
            if found.instance and found.mark == self._folder.mark(slug(found.instance)):
                known.setdefault(found.instance, found.owner)
        return tuple(sorted(i for i, of in known.items() if owner is None or of == owner))

    def logs(self, instance_id: str, lines: int = 40) -> str:
        """Return the last lines that the instance printed."""
        return logs.tail(self._folder, slug(instance_id), lines)

    def shutdown_if_idle(self) -> bool:
        """End supervisord if no instance is left; answers whether none is left."""
        if not self._folder.root.is_dir():
            return True
        with self._folder.locked("daemon"):
            if next(records.every(self._folder), None) is not None:
                return False
            self._daemon.shut_down()
            gate.end(self._folder)
            self._folder.unlink()
        return True

    def _launch(self, launch: Launch, previous: Record | None = None) -> None:
        """Write down what is to run, record first, and start it; nothing of it runs now."""
        name = slug(launch.id)
        wish = Wish.of(launch.service, launch.document())
        settings = LocalSettings.of(launch.settings)
        line = command.resolve(launch.service, wish, settings)
        holder = self._folder.of(name)
        holder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        former = (previous.port, previous.inner) if previous else (0, 0)
        mark = self._folder.mark(name)
        port, inner = former
        try:
            held = bool(former[0]) and former[0] in gate.open_ports(self._folder)
            port = ports.reserve(settings.ports, holder, keep=former[0], held=held)
            inner = ports.reserve(settings.ports, holder, keep=former[1], beside=port)
            told = environment.variables(
                launch, wish, port=inner, token_file=holder / files.TOKEN, mark=(processes.MARK, mark)
            )
            script = files.script(
                launch.service, line, told, project=self._folder.project, log=self._folder.log(name)
            )
        except RuntimeFault:
            if previous is None:
                self._ending.forget([Record(launch.id, port=port, inner=inner)])
            raise
        for left in {*former} - {0, port, inner}:
            ports.release(left, holder)
        # The token first: the gateway listens as soon as there is a record.
        self._write_token(launch)
        records.save(self._folder, _record(launch, wish, port, inner))
        for stale in (files.STARTS, files.READY):
            (holder / stale).unlink(missing_ok=True)
        write(holder / files.SCRIPT, script, mode=PRIVATE)
        self._remark(command.remarks(launch.service, wish))
        refusal = self._daemon.add((name, files.program(name, mark, grace=wish.grace)))
        gate.tell(self._folder)
        if refusal:
            raise RuntimeFault(
                f"instance {launch.id}: supervisord refused to start it: {refusal}; "
                f"its log is {self._folder.root / 'supervisord.log'}.",
                retriable=True,
            )

    def _write_token(self, launch: Launch) -> None:
        write(self._folder.of(slug(launch.id)) / files.TOKEN, launch.secrets.get("token", ""))

    def _remark(self, sentences: Iterable[str]) -> None:
        for sentence in sentences:
            if sentence not in self._told:
                self._told.add(sentence)
                self._tell(sentence)

    def _runs(self, record: Record) -> bool:
        """Whether something keeps the instance going: its first process, or supervisord that starts it again."""
        return judge(self._views([record])[0])[0] != "failed"

    def _views(self, here: Sequence[Record]) -> list[View]:
        started = {r.id: processes.starts(self._folder.of(r.slug) / files.STARTS) for r in here}
        leaders = {r.id: processes.leader(self._folder.mark(r.slug), started[r.id]) for r in here}
        silences = self._probes(r for r in here if leaders[r.id])
        kept = self._ending.kept([r for r in here if not leaders[r.id]])
        return [
            View(
                record=r,
                alive=(leader := leaders[r.id]) is not None,
                orphaned=leader is not None and processes.orphaned(leader),
                silence=silences.get(r.id, ""),
                answered=(self._folder.of(r.slug) / files.READY).exists(),
                starts=len(started[r.id]),
                kept=kept.get(r.slug),
                cards=leader.cards if leader else (),
                exit="" if leader else exits.last(self._folder.root / "supervisord.log", r.slug),
            )
            for r in here
        ]

    def _observation(self, view: View) -> Observation:
        record = view.record
        condition, detail = judge(view)
        if condition == "ready" and not view.answered:
            # From now on a crash is a crash, not a command that never worked: the launch script starts it again.
            with contextlib.suppress(FileNotFoundError):
                (self._folder.of(record.slug) / files.READY).touch(mode=0o600)
        if condition == "failed":
            with self._folder.locked(record.slug, wait=False) as free:
                if not free:
                    return replace(
                        _seen(view), condition="starting", detail="somebody is starting it just now"
                    )
            detail = with_log(detail, self.logs(record.id, SHOWN_LINES))
        return replace(_seen(view), condition=condition, detail=detail)


def _seen(view: View) -> Observation:
    record = view.record
    # A program may overwrite its environment (setproctitle does): then what was told counts.
    cards = view.cards or record.cards
    return Observation(record.id, "starting", record.endpoint, "", cards, record.node, record.revision)


def _record(launch: Launch, wish: Wish, port: int, inner: int) -> Record:
    return Record(
        id=launch.id,
        owner=launch.owner,
        service=launch.service,
        ordinal=launch.ordinal,
        pool=launch.pool,
        node=launch.node,
        cards=tuple(card.uuid for card in launch.cards),
        port=port,
        inner=inner,
        declared_port=wish.port,
        path=wish.path,
        timeout=wish.timeout,
        grace=wish.grace,
        revision=launch.revision,
    )
