"""The immutable picture that a plan is made from: nodes with their states, and everything that holds a place.

No I/O, clock or chance here or anywhere below ``placement``: the same snapshot gives the same plan on any machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from components.spec.node import Node
from components.spec.quotas import Quota

Role = Literal["steady", "surge"]
"""``steady``: one of the wanted instances, in ``assignments``. ``surge``: a temporary extra one during a roll."""

HoldState = Literal["pending", "reserved", "starting", "ready", "failed", "stopping"]
"""``pending``: counts once every instance in ``after`` is seen gone. ``reserved``: counts, not started yet.
``starting``, ``ready``: started. ``failed``: crashed, dead or never ready; still holds its place. ``stopping``: told to
stop, holds its place until it is seen gone."""

NodeState = Literal["ready", "cordoned", "draining", "lost"]
STRICTNESS: dict[NodeState, int] = {"ready": 0, "cordoned": 1, "draining": 2, "lost": 3}
"""Of several that are said of one node or card, the highest counts."""

StateCause = Literal["program", "operator", "observed"]
"""Who says so: the declaration (``pool.yaml``, or a node that left it), an operator (``eas drain``), or observation."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one instance sits and what it takes there: ``memory_mib`` MiB and ``compute`` percent on each card.

    ``exclusive`` places take their cards whole, whatever those hold. Without cards it is a CPU-only place.
    ``cpu_milli`` is 0 for ``BestEffort``.
    """

    pool: str
    node: str
    cards: tuple[str, ...] = ()
    memory_mib: int = 0
    compute: int = 0
    cpu_milli: int = 0
    node_memory_mib: int = 0
    exclusive: bool = False

    @property
    def node_key(self) -> str:
        """``pool/node``, as in :attr:`components.spec.node.Node.key`."""
        return f"{self.pool}/{self.node}"

    @property
    def where(self) -> tuple[str, tuple[str, ...]]:
        """The node's key and the cards' UUIDs: the place without what is taken there."""
        return self.node_key, self.cards

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Place:
        """Read what :meth:`to_dict` wrote (numbers may come as whole floats)."""
        return cls(
            pool=data["pool"],
            node=data["node"],
            cards=tuple(data.get("cards", ())),
            memory_mib=int(data.get("memory_mib", 0)),
            compute=int(data.get("compute", 0)),
            cpu_milli=int(data.get("cpu_milli", 0)),
            node_memory_mib=int(data.get("node_memory_mib", 0)),
            exclusive=bool(data.get("exclusive", False)),
        )


@dataclass(frozen=True, slots=True)
class Held:
    """One row of the ledger that holds, or will hold, a place.

    ``id`` is owner/service/ordinal/incarnation. ``after``: ids of this owner's instances that must be seen gone before
    a ``pending`` row counts. ``memory_only`` remembers that it asked for no percentage.
    """

    id: str
    owner: str
    service: str
    ordinal: int
    role: Role
    revision: str
    place: Place
    state: HoldState
    after: tuple[str, ...] = ()
    token_hash: str = ""


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node and its cards with the states that count: the strictest of declared, operator's and observed.

    ``card_states`` has an entry only for cards that are not ready, ``card_reasons`` why, and for what is recorded who said
    so and when, ``card_causes`` who says so (an operator, where it says nothing).
    """

    node: Node
    state: NodeState = "ready"
    cause: StateCause = "program"
    reason: str = ""
    card_states: dict[str, NodeState] = field(default_factory=dict)
    card_reasons: dict[str, str] = field(default_factory=dict)
    card_causes: dict[str, StateCause] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Pool and assignments at one moment, as seen by ``owner``.

    ``held`` has the rows of every owner on these pools (those of other owners are foreign). ``waiting`` has this owner's
    (service, ordinal) pairs that were committed without a place. ``quotas``: what this owner may take, of pools where that
    is limited.
    """

    owner: str
    nodes: tuple[NodeView, ...]
    held: tuple[Held, ...] = ()
    waiting: frozenset[tuple[str, int]] = frozenset()
    quotas: tuple[Quota, ...] = ()
