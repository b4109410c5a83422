"""A pool as rules see it: kinds of cards and nodes with their counts, never single cards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.spec.claim import Claim
from components.spec.pool import Pool, policy_facts
from components.spec.units import MIB, Unit, unit_of


@dataclass(frozen=True, slots=True)
class CardKind:
    """Cards of one model and size on one instance type; ``per_node``: the most that one node has."""

    instance_type: str
    model: str
    memory_mib: int
    capacity_source: str
    count: int
    per_node: int

    @property
    def unit(self) -> Unit:
        """The unit of ``gpu_memory`` on these cards."""
        return unit_of(self.instance_type)

    @property
    def most(self) -> int:
        """The largest ``gpu_memory`` that fits, in this card's unit."""
        if self.unit == "GiB":
            return self.memory_mib // 1024
        # The largest n for which n GB, rounded down to MiB, are no more than the card has.
        return ((self.memory_mib + 1) * MIB - 1) // 10**9

    def __str__(self) -> str:
        """Model, size and where the size comes from."""
        return f"{self.model or 'card'} with {self.memory_mib} MiB ({self.capacity_source})"


@dataclass(frozen=True, slots=True)
class NodeKind:
    """Nodes of one instance type and size; CPU and memory as instances may use them."""

    instance_type: str
    cpu_milli: int
    memory_mib: int
    cards: int
    count: int


@dataclass(frozen=True, slots=True)
class PoolFacts:
    """What rules know of a pool."""

    pool: str
    resource: str
    aliases: tuple[str, ...] = ()
    runtime: str = "local"
    discover: bool = False
    memory_only: str = "mixed"
    run: frozenset[str] = frozenset()
    cards: tuple[CardKind, ...] = ()
    nodes: tuple[NodeKind, ...] = ()

    def allowed(self, claim: Claim) -> tuple[CardKind, ...]:
        """Return the kinds of cards that a claim may use, by model and instance type."""
        return tuple(
            card
            for card in self.cards
            if (not claim.models or card.model in claim.models)
            and (not claim.instance_types or card.instance_type in claim.instance_types)
        )


def facts_of(pool: Pool) -> PoolFacts:
    """Return the facts of a pool."""
    return facts_from(policy_facts(pool))


def facts_from(data: Mapping[str, Any]) -> PoolFacts:
    """Read what :func:`components.spec.pool.policy_facts` wrote (numbers as integers)."""
    return PoolFacts(
        pool=data["pool"],
        resource=data.get("resource", ""),
        aliases=tuple(data.get("aliases", ())),
        runtime=data.get("runtime", "local"),
        discover=bool(data.get("discover", False)),
        memory_only=data.get("memory_only", "mixed"),
        run=frozenset(data.get("run", ())),
        cards=tuple(CardKind(**card) for card in data.get("cards", ())),
        nodes=tuple(NodeKind(**node) for node in data.get("nodes", ())),
    )
