"""What ``pulumi up`` does, without Pulumi: declare, plan, commit, carry out, on a real ledger file and runtime."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from components.ledger import Commit, Ledger, open_ledger, this_process
from components.placement.plan import plan
from components.placement.plan_types import Plan, PlanOptions, Step
from components.placement.snapshot import Held, Place, Snapshot
from components.runtimes.port import Runtime
from components.runtimes.simulated import SimulatedRuntime
from components.settle import Outcome, settle
from components.spec.claim import Wanted
from components.spec.node import Node
from tests.known_failures.pools import OWNER, POOL
from tests.ledger.audit import audit

START = datetime(2026, 1, 1, tzinfo=UTC)
REAL: dict[str, Any] = {"clock": lambda: datetime.now(UTC), "sleep": time.sleep}
"""The machine's own time, where real processes take theirs."""


@dataclass
class Clock:
    """Time that moves when somebody sleeps; ``heard`` is told each time."""

    now: datetime = START
    heard: Callable[[], None] | None = None

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        if self.heard is not None:
            self.heard()


@dataclass
class Fleet:
    """One owner's program in a folder. Opened again, also in another process, it is the same fleet.

    ``guest``: another owner declares the pool. ``documents``: service -> what its file says beside its name.
    """

    home: Path
    nodes: list[Node]
    owner: str = OWNER
    guest: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    documents: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    options: PlanOptions = field(default_factory=PlanOptions)
    runtime: Runtime | None = None
    clock: Callable[[], datetime] = field(default_factory=Clock)
    sleep: Callable[[float], None] | None = None

    def __post_init__(self) -> None:
        self.file = self.home / "ledger.db"
        self.ledger: Ledger = open_ledger(str(self.file), home=self.home, create=True)
        self.engine: Runtime = self.runtime or SimulatedRuntime(
            self.home, clock=lambda: self.clock().timestamp()
        )
        self.said: list[str] = []
        self.wanted: tuple[Wanted, ...] = ()

    def close(self) -> None:
        """Close the files."""
        self.ledger.close()

    # ---------------------------------------------------------------- one step each

    def declare(self, *wanted: Wanted) -> None:
        """Record the pool and these services, as GpuPool and EasService do; nothing starts."""
        self.wanted = wanted
        told: dict[str, Any] = {"now": self.clock(), "because": "test"}
        if not self.guest:
            self.ledger.declare_pool(
                self.owner,
                POOL,
                holder="pool-1",
                resource="eas-r-test",
                runtime=self.engine.name,
                settings=self.settings,
                nodes=self.nodes,
                **told,
            )
        for want in wanted:
            self.ledger.declare_service(
                self.owner,
                want.service,
                holder=f"service-{want.service}",
                pool=POOL,
                revision=want.revision,
                document={"metadata": {"name": want.service}, **self.documents.get(want.service, {})},
                secrets={},
                **told,
            )

    def snapshot(self) -> Snapshot:
        """Return what the ledger knows now."""
        return self.ledger.snapshot(self.owner, self.nodes, [POOL])

    def plan(self, *wanted: Wanted) -> Plan:
        """Plan these services, or those declared last."""
        return plan(self.snapshot(), wanted or self.wanted, self.options)

    def commit(self, made: Plan, *, mint: Callable[[], str] | None = None) -> Commit:
        """Commit a plan of what is declared; raises ``StalePlan``."""
        return self.ledger.commit(
            self.owner,
            nodes=self.nodes,
            pools=[POOL],
            wanted=self.wanted,
            assignments=made.assignments,
            steps=made.steps,
            mint=mint or (lambda: uuid.uuid4().hex[:8]),
            now=self.clock(),
            because="test",
            holder=f"placement-{self.owner}",
            process=this_process("test"),
        )

    def force(self, service: str, *wishes: Place) -> Commit:
        """Commit places that no planner chose beside all that is settled; raises ``StalePlan``."""
        finals: dict[str, dict[int, Place | None]] = {}
        for row in self.rows().values():
            finals.setdefault(row.service, {})[row.ordinal] = row.place
        finals[service] = dict(enumerate(wishes))
        steps = [
            Step(n + 1, "start", "start", service, n, revision="r1", place=wish)
            for n, wish in enumerate(wishes)
        ]
        return self.commit(Plan(finals, tuple(steps)))

    def settle(self, **more: Any) -> Outcome:
        """Carry out what is committed and not done."""
        options: dict[str, Any] = {
            "holder": this_process("test"),
            "token_for": lambda service, declared: declared or f"token-of-{service}",
            "clock": self.clock,
            "sleep": self.sleep or self.clock.sleep,  # type: ignore[attr-defined]
            "report": lambda progress: self.said.append(str(progress)),
        }
        return settle(self.ledger, lambda _name: self.engine, self.owner, **(options | more))

    # ---------------------------------------------------------------- all of them

    def up(self, *wanted: Wanted, mint: Callable[[], str] | None = None, **more: Any) -> Outcome:
        """Declare, plan, commit and carry out."""
        self.declare(*wanted)
        made = self.plan()
        assert not made.blocking, [str(refusal) for refusal in made.blocking]
        self.commit(made, mint=mint)
        return self.settle(**more)

    # ---------------------------------------------------------------- look

    def rows(self, service: str | None = None) -> dict[str, Held]:
        """Return this owner's rows as ``service/ordinal`` (``service/+ordinal`` for surge)."""
        return {
            f"{row.held.service}/{'+' * (row.held.role == 'surge')}{row.held.ordinal}": row.held
            for row in self.ledger.instances(owner=self.owner)
            if service in (None, row.held.service)
        }

    def where(self) -> dict[str, tuple[str, Place]]:
        """Return ``service/ordinal`` -> (id, place)."""
        return {name: (row.id, row.place) for name, row in self.rows().items()}

    def endpoint(self, name: str) -> str:
        """Return where ``service/ordinal`` serves."""
        found = {
            f"{row.held.service}/{row.held.ordinal}": row.endpoint
            for row in self.ledger.instances(owner=self.owner)
        }
        return found[name]

    def faults(self) -> list[str]:
        """Return everything that must never be so: overfull cards, loose rows, and what runs without a row."""
        known = {row.held.id for row in self.ledger.instances()}
        leaked = [f"{id_} runs and has no row" for id_ in self.engine.listing() if id_ not in known]
        return [*audit(self.file), *leaked]


def settled(fleet: Fleet, wanted: Iterable[Wanted]) -> list[str]:
    """Return how a fleet differs from one in which all of ``wanted`` serve, and nothing else is there."""
    rows = fleet.rows()
    expected = {f"{want.service}/{n}": want.revision for want in wanted for n in range(want.instances)}
    wrong = [f"{name} is missing" for name in expected if name not in rows]
    wrong += [f"{name} is still there" for name in rows if name not in expected]
    wrong += [f"{name} is {row.state}" for name, row in rows.items() if row.state != "ready"]
    wrong += [
        f"{name} is at {row.revision}"
        for name, row in rows.items()
        if name in expected and row.revision != expected[name]
    ]
    listed = set(fleet.engine.listing(fleet.owner))
    wrong += [f"{row.id} does not run" for row in rows.values() if row.id not in listed]
    if fleet.ledger.unfinished(fleet.owner):
        wrong.append("a plan is not finished")
    return wrong + fleet.faults()
