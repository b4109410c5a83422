"""What the ledger hands out and takes in, as frozen data. No queries here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from components.ledger.actor import Actor
from components.placement.plan_types import Step
from components.placement.snapshot import Held, NodeState, StateCause
from components.spec.claim import Wanted
from components.spec.node import Node
from components.spec.quotas import Quotas

StepState = Literal["open", "done", "dropped"]
"""``dropped``: a later plan took over before it was done."""
PlanState = Literal["open", "done", "superseded"]
Observed = Literal["absent", "starting", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class PoolRecord:
    """One pool as declared. ``holder`` is the physical id of the ``GpuPool`` that may delete it.

    ``nodes`` and ``quotas`` are those that count: of the committed plan, or as declared until its owner has committed one.
    """

    name: str
    owner: str
    holder: str
    resource: str
    runtime: str
    settings: Mapping[str, Any]
    nodes: tuple[Node, ...]
    quotas: Quotas = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """One service as declared, for :meth:`Ledger.declare_services`; ``secrets`` are the values that the file kept secret.

    ``settings``: what its instances start with instead of what the pool's settings say on the day.
    """

    service: str
    holder: str
    pool: str
    revision: str
    document: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpecRecord:
    """What an instance of one revision is started from. Keep ``secrets`` out of messages and logs.

    ``settings`` are this revision's own, laid over those of its pool.
    """

    document: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ForgetOutcome:
    """``forgotten``: the declaration is gone. ``held``: instances to be stopped and seen gone first; then ask again.

    Neither: the caller's id no longer holds the service, which somebody else adopted. Do nothing.
    """

    forgotten: bool
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeStateRow:
    """What an operator or observation says of a node (``card`` empty) or of one card."""

    pool: str
    node: str
    card: str
    state: NodeState
    cause: StateCause
    reason: str
    who: str
    since: datetime


@dataclass(frozen=True, slots=True)
class OpenStep:
    """A committed step that is not done. ``instance`` is the id that it is about, minted at commit for a new one."""

    plan_id: int
    step: Step
    instance: str

    @property
    def key(self) -> tuple[int, int]:
        """(plan, step number), as :class:`Transition` names it."""
        return (self.plan_id, self.step.n)


@dataclass(frozen=True, slots=True)
class Commit:
    """A committed plan. ``ids``: step number -> instance id, for every step."""

    plan_id: int
    ids: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Committed:
    """What this owner's newest plan wants, for carrying out and reconciling. ``steps`` are those not done yet."""

    plan_id: int
    wanted: tuple[Wanted, ...]
    steps: tuple[OpenStep, ...]


@dataclass(frozen=True, slots=True)
class Transition:
    """Something that happened to one instance.

    ``to``: its new state, or ``gone`` (seen gone), or ``reconfigured`` (runs with ``token_hash`` now). ``fence``: the
    number that the service's lease gave. ``step``: (plan, n) of the step that is done with this.
    """

    instance: str
    to: Literal["starting", "ready", "failed", "stopping", "gone", "reconfigured"]
    fence: int
    endpoint: str = ""
    detail: str = ""
    token_hash: str = ""
    step: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of a batch. ``released``: pending rows that are reserved now, so that their start may begin.

    ``refused``: instance id -> why its transition was not recorded (:class:`LeaseLost`, :class:`IllegalMove`,
    :class:`UnknownInstance`); the rest of the batch was.
    """

    released: tuple[str, ...] = ()
    refused: Mapping[str, Exception] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LeaseHolder:
    """A process that carries out.

    ``created``: its creation time (seconds, only ever compared), so that a reused pid is no match. ``what``: how people know
    it, for example ``pulumi up``.
    """

    pid: int
    host: str
    boot_id: str
    created: float
    what: str

    def __str__(self) -> str:
        """``pulumi up (process 4711 on gpu-host)``."""
        return f"{self.what} (process {self.pid} on {self.host.partition('#')[0]})"


@dataclass(frozen=True, slots=True)
class Lease:
    """Who may carry out one service, until when unless renewed."""

    owner: str
    service: str
    fence: int
    holder: LeaseHolder
    since: datetime
    expires: datetime


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """One row as the command line shows it: what is held, and what carrying out recorded of it."""

    held: Held
    endpoint: str
    detail: str
    plan_id: int
    since: datetime


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """One service: what is declared, what the committed plan wants, and how many instances are in which state."""

    owner: str
    service: str
    pool: str
    declared: str
    committed: str
    wanted: int
    states: Mapping[str, int]
    waiting: int
    endpoints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """One instance that was committed without a place, and since when it waits."""

    owner: str
    service: str
    ordinal: int
    since: datetime


@dataclass(frozen=True, slots=True)
class CardRow:
    """One card with what is taken on it; ``pending`` rows are not in ``memory_used`` and ``compute_used``."""

    pool: str
    node: str
    uuid: str
    index: int
    model: str
    memory_mib: int
    memory_used: int
    compute_used: int
    instances: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EventRow:
    """One entry of the story: at ``at``, ``what`` happened to ``subject``, because of ``because``, by ``actor``.

    ``node`` (pool/node) and ``cards`` (UUIDs): the place of the instance that it is about; None and empty otherwise.
    """

    id: int
    at: datetime
    owner: str
    subject: str
    what: str
    detail: str
    because: str
    plan_id: int | None
    actor: Actor
    node: str | None
    cards: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PastSpec:
    """What a service was declared as, from ``since`` until nothing ran or wanted it any more (None: it still counts)."""

    revision: str
    since: datetime
    until: datetime | None
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One committed plan and how far it is: ``steps`` has the number of steps in each state."""

    id: int
    owner: str
    state: PlanState
    because: str
    committed: datetime
    steps: Mapping[str, int]
