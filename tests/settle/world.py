"""A small world to carry plans out in: a real ledger file, the simulated runtime, and time that tests move."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event

from components.ledger import Commit, InstanceRow, Ledger, open_ledger, this_process
from components.placement.plan_types import How, Mode, Step
from components.placement.snapshot import Place, Role
from components.runtimes.port import Runtime
from components.runtimes.simulated import SimulatedRuntime
from components.settle import Outcome, Progress, settle
from components.spec.claim import Claim, Wanted
from components.spec.node import Card, Node

OWNER = "organization/shop/prod-1a2b3c"
POOL = "p"
START = datetime(2026, 1, 1, tzinfo=UTC)
CARD_MIB = 16384


@dataclass
class Clock:
    """Time as an argument: it moves when somebody sleeps."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def seconds(self) -> float:
        return self.now.timestamp()


def node(index: int, cards: int = 4, pool: str = POOL) -> Node:
    name = f"gpu-{index}"
    return Node(
        pool,
        name,
        "ecs.gn6e-c12g1.3xlarge",
        cpu_milli=64000,
        memory_mib=262144,
        cards=tuple(Card(f"GPU-{pool}-{index}-{n}", n, "V100", CARD_MIB) for n in range(cards)),
    )


def place(index: int, card: int, memory_mib: int = 4096, pool: str = POOL) -> Place:
    return Place(pool, f"gpu-{index}", (f"GPU-{pool}-{index}-{card}",), memory_mib=memory_mib, compute=10)


def start(n: int, service: str, ordinal: int, where: Place, *after: int, **more: Any) -> Step:
    options: dict[str, Any] = {"how": "start", "revision": "r1"} | more
    return Step(n, "start", service=service, ordinal=ordinal, place=where, after=after, **options)


def stop(n: int, service: str, ordinal: int, instance: str, *after: int, **more: Any) -> Step:
    options: dict[str, Any] = {"how": "stop"} | more
    return Step(n, "stop", service=service, ordinal=ordinal, instance=instance, after=after, **options)


def again(op: Any, n: int, service: str, ordinal: int, instance: str, *after: int, **more: Any) -> Step:
    """A ``restart`` or ``reconfigure`` of an existing instance."""
    options: dict[str, Any] = {"how": op, "revision": "r1"} | more
    return Step(n, op, service=service, ordinal=ordinal, instance=instance, after=after, **options)


def _without_waiting_for_the_disk(ledger: Ledger) -> None:
    """A killed process loses nothing that it wrote; only a power cut would, and no test here cuts the power."""
    engine = ledger._database.engine
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
    engine.dispose()


@dataclass
class World:
    """One owner's ledger and runtime in a folder; opened again it is the same world, as for another process."""

    home: Path
    nodes: Sequence[Node] = field(default_factory=lambda: [node(0), node(1)])
    settings: Mapping[str, Any] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    wrap: Callable[[Runtime], Runtime] = lambda runtime: runtime
    runtime_name: str = "simulated"

    def __post_init__(self) -> None:
        self.ledger: Ledger = open_ledger(str(self.home / "ledger.db"), home=self.home, create=True)
        _without_waiting_for_the_disk(self.ledger)
        self.simulated = SimulatedRuntime(self.home, clock=self.clock.seconds)
        self.runtime = self.wrap(self.simulated)
        self.said: list[Progress] = []
        self._incarnations: Iterator[str] = (f"i{n}" for n in itertools.count())

    def close(self) -> None:
        self.ledger.close()
        self.simulated.close()

    # ---------------------------------------------------------------- declare and commit

    def declare(
        self,
        *services: str,
        revision: str = "r1",
        labels: Mapping[str, str] | None = None,
        document: Mapping[str, Any] | None = None,
        token: str = "",
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Declare the pool with its settings of now, and services; ``settings`` are their revision's own."""
        self.ledger.declare_pool(
            OWNER,
            POOL,
            holder="pool-1",
            resource="eas-r-p",
            runtime=self.runtime_name,
            settings=dict(self.settings),
            nodes=self.nodes,
            now=self.clock(),
            because="test",
        )
        for service in services:
            self.ledger.declare_service(
                OWNER,
                service,
                holder=f"service-{service}",
                pool=POOL,
                revision=revision,
                document={"metadata": {"name": service}, **(document or {}), "labels": dict(labels or {})},
                secrets={"token": token} if token else {},
                settings=settings,
                now=self.clock(),
                because="test",
            )

    def commit(
        self,
        steps: Sequence[Step],
        *,
        places: Mapping[str, Mapping[int, Place | None]] | None = None,
        revisions: Mapping[str, str] | None = None,
        token_hash: str = "",
    ) -> Commit:
        """Commit steps; final places are those of steady starts and of steady rows that no step stops."""
        stopped = {step.instance for step in steps if step.op == "stop"}
        finals: dict[str, dict[int, Place | None]] = {}
        for row in self.rows().values():
            if row.held.role == "steady" and row.held.id not in stopped:
                finals.setdefault(row.held.service, {})[row.held.ordinal] = row.held.place
        for step in steps:
            if step.op == "start" and step.role == "steady":
                finals.setdefault(step.service, {})[step.ordinal] = step.place
        finals |= {service: dict(of) for service, of in (places or {}).items()}
        wanted = [
            Wanted(
                service,
                POOL,
                Claim(gpu_memory=4),
                instances=len(of),
                revision=(revisions or {}).get(service, "r1"),
                token_hash=token_hash,
            )
            for service, of in finals.items()
        ]
        return self.ledger.commit(
            OWNER,
            nodes=self.nodes,
            pools=[POOL],
            wanted=wanted,
            assignments=finals,
            steps=steps,
            mint=lambda: next(self._incarnations),
            now=self.clock(),
            because="test",
            holder="placement-1",
        )

    def committed_start(self, *places: Place, service: str = "page") -> list[str]:
        """Declare, commit and carry out a start at each place; return the ids."""
        self.declare(service)
        made = self.commit([start(n, service, n - 1, where) for n, where in enumerate(places, 1)])
        assert self.settle().complete
        return [made.ids[n] for n in range(1, len(places) + 1)]

    # ---------------------------------------------------------------- carry out and look

    def settle(self, **more: Any) -> Outcome:
        options: dict[str, Any] = {
            "holder": this_process("test"),
            "token_for": lambda service, declared: declared or f"token-of-{service}",
            "clock": self.clock,
            "sleep": self.clock.sleep,
            "report": self.said.append,
        }
        return settle(self.ledger, lambda _name: self.runtime, OWNER, **(options | more))

    def rows(self) -> dict[str, InstanceRow]:
        return {row.held.id: row for row in self.ledger.instances(owner=OWNER)}

    def states(self) -> dict[str, str]:
        """Short id -> state."""
        return {name.removeprefix(OWNER + "/"): row.held.state for name, row in self.rows().items()}

    def lines(self) -> list[str]:
        return [str(progress) for progress in self.said]


__all__ = [
    "OWNER",
    "POOL",
    "Clock",
    "How",
    "Mode",
    "Role",
    "World",
    "again",
    "node",
    "place",
    "start",
    "stop",
]
