"""Small pools and wishes for the planner, and sums over places that share no code with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from components.placement.plan import plan
from components.placement.plan_types import Plan, PlanOptions
from components.placement.snapshot import Held, HoldState, NodeView, Place, Snapshot
from components.spec.claim import Claim, Wanted
from components.spec.node import Card, Node

OWNER = "organization/shop/prod-1a2b3c"
OTHER = "organization/search/prod-4d5e6f"
POOL = "gpus"
GIB = 1024


def node(
    name: str,
    *cards: int | tuple[str, int],
    instance_type: str = "ecs.gn7i",
    cpu: int = 64_000,
    memory: int = 262_144,
    **more: Any,
) -> Node:
    """Return a node whose cards have these sizes in MiB (or model and size) and are called ``GPU-name-index``."""
    models = [("A10", card) if isinstance(card, int) else card for card in cards]
    made = tuple(
        Card(f"GPU-{name}-{index}", index, model, size) for index, (model, size) in enumerate(models)
    )
    return Node(POOL, name, instance_type, cpu, memory, made, **more)


def wants(
    service: str, gpu_memory: int = 0, percentage: int = 0, *, instances: int = 1, **more: Any
) -> Wanted:
    """Return one service; ``more`` are fields of its claim or of the service itself."""
    fields = {"gpu", "cpu_milli", "memory_mib", "best_effort", "models", "instance_types"}
    claim = Claim(
        gpu_memory=gpu_memory,
        gpu_core_percentage=percentage,
        **{key: value for key, value in more.items() if key in fields},
    )
    rest = {key: value for key, value in more.items() if key not in fields}
    return Wanted(service, POOL, claim, instances=instances, **({"revision": "r1"} | rest))


def held(
    service: str,
    ordinal: int,
    place: Place,
    *,
    owner: str = OWNER,
    state: HoldState = "ready",
    revision: str = "r1",
) -> Held:
    """Return a row of the ledger."""
    return Held(f"{owner}/{service}/{ordinal}/i0", owner, service, ordinal, "steady", revision, place, state)


def as_held(made: Plan, wanted: Iterable[Wanted]) -> tuple[Held, ...]:
    """Return the rows that there are once a plan is carried out."""
    revisions = {want.service: want.revision for want in wanted}
    return tuple(
        held(service, ordinal, place, revision=revisions[service])
        for service, places in made.assignments.items()
        for ordinal, place in places.items()
        if place is not None
    )


def planned(
    nodes: Iterable[Node | NodeView], *wanted: Wanted, rows: Sequence[Held] = (), **options: Any
) -> Plan:
    """Plan on nodes (all ready, or views with their states) and rows."""
    views = tuple(each if isinstance(each, NodeView) else NodeView(each) for each in nodes)
    return plan(Snapshot(OWNER, views, tuple(rows)), wanted, PlanOptions(**options))


def places(made: Plan, service: str | None = None) -> list[Place]:
    """Return the final places, of one service or of all."""
    return [
        place
        for name, of in made.assignments.items()
        for place in of.values()
        if place is not None and service in (None, name)
    ]


def overfull(nodes: Iterable[Node], taken: Iterable[Place]) -> list[str]:
    """Return every card that these places together overfill, by plain addition."""
    sizes = {card.uuid: card.memory_mib for each in nodes for card in each.cards}
    memory: dict[str, int] = defaultdict(int)
    compute: dict[str, int] = defaultdict(int)
    whole: dict[str, list[bool]] = defaultdict(list)
    for place in taken:
        for uuid in place.cards:
            memory[uuid] += place.memory_mib
            compute[uuid] += place.compute
            whole[uuid].append(place.exclusive)
    return [
        f"{uuid}: {memory[uuid]} of {sizes[uuid]} MiB, {compute[uuid]} %, {len(whole[uuid])} there"
        for uuid in memory
        if memory[uuid] > sizes[uuid] or compute[uuid] > 100 or (any(whole[uuid]) and len(whole[uuid]) > 1)
    ]
