"""What the tests of the ledger are made of: small pools, places, steps."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from components.ledger import Commit, LeaseHolder, Ledger
from components.placement.plan_types import Step
from components.placement.snapshot import Place
from components.spec.claim import Claim, Wanted
from components.spec.node import Card, Node

OWNER = "organization/shop/dev-11aa"
OTHER = "organization/search/prod-22bb"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
BECAUSE = "test"
HERE = LeaseHolder(pid=100, host="here", boot_id="b", created=1.0, what="pulumi up")
THERE = LeaseHolder(pid=200, host="there", boot_id="c", created=2.0, what="eas reconcile")

_numbers = itertools.count(1)


def mint() -> str:
    """Return an incarnation that no other row of this run has."""
    return f"i{next(_numbers):05d}"


def node(
    name: str = "n1", cards: int = 1, *, pool: str = "p", memory: int = 1000, cpu: int = 64_000, **more: Any
) -> Node:
    """Return a node whose cards are called ``name-0``, ``name-1``…"""
    made = tuple(Card(f"{name}-{index}", index, "A10", memory) for index in range(cards))
    return Node(pool, name, "ecs.gn7i", cpu, 262_144, made, **more)


def place(card: str = "n1-0", memory: int = 400, compute: int = 0, *, pool: str = "p", **more: Any) -> Place:
    """Return a slice on the card of that name; ``card`` without a dash is a node, for a place without cards."""
    name, dash, _ = card.rpartition("-")
    cards = (card,) if dash else ()
    return Place(pool, name if dash else card, cards, memory if dash else 0, compute, **more)


def wanted(service: str, revision: str = "r1", **more: Any) -> Wanted:
    """Return what the program declares of a service, as short as can be."""
    return Wanted(service, "p", Claim(gpu_memory=1), revision=revision, **more)


def start(n: int, service: str, where: Place, *, ordinal: int = 0, revision: str = "r1", **more: Any) -> Step:
    """Return a step that starts a new instance."""
    return Step(n, "start", "start", service, ordinal, revision=revision, place=where, **more)


def stop(n: int, instance: str, *, after: tuple[int, ...] = (), **more: Any) -> Step:
    """Return a step that stops an instance, whose service and ordinal its id tells."""
    service, ordinal = instance.split("/")[-3:-1]
    return Step(n, "stop", "stop", service, int(ordinal), instance=instance, after=after, **more)


def commit(
    ledger: Ledger,
    steps: Sequence[Step],
    *,
    owner: str = OWNER,
    nodes: Sequence[Node] = (),
    keep: Mapping[tuple[str, int], Place | None] | None = None,
    services: Iterable[Wanted] | None = None,
    **more: Any,
) -> Commit:
    """Commit a plan whose assignments are its steady starts (less what it stops again) and ``keep``."""
    finals: dict[str, dict[int, Place | None]] = {}
    for step in steps:
        if step.op == "start" and step.role == "steady":
            finals.setdefault(step.service, {})[step.ordinal] = step.place
    for (service, ordinal), where in (keep or {}).items():
        finals.setdefault(service, {})[ordinal] = where
    declared = [wanted(service) for service in finals] if services is None else list(services)
    said: dict[str, Any] = {"now": NOW, "because": BECAUSE, "mint": mint, "pools": ["p"]} | more
    return ledger.commit(owner, nodes=nodes, wanted=declared, assignments=finals, steps=steps, **said)


def run(
    ledger: Ledger, done: Commit, *numbers: int, owner: str = OWNER, holder: LeaseHolder = HERE
) -> dict[str, int]:
    """Carry the started steps of a plan out to ready (all, or those named); return the fences used."""
    chosen = numbers or tuple(done.ids)
    services = sorted({done.ids[n].split("/")[-3] for n in chosen})
    fences = ledger.lease(owner, services, holder=holder, now=NOW)
    for n in chosen:
        instance = done.ids[n]
        fence = fences[instance.split("/")[-3]]
        ledger.starting(instance, fence, NOW, BECAUSE)
        ledger.ready(instance, fence, f"http://127.0.0.1/{n}", NOW, BECAUSE, step=(done.plan_id, n))
    return fences


def states(ledger: Ledger, owner: str | None = None) -> dict[str, str]:
    """Return id -> state of every row."""
    return {row.held.id: row.held.state for row in ledger.instances(owner)}
