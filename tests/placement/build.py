"""Small pools and services in one line each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from components.placement.checker import violations
from components.placement.plan import plan
from components.placement.plan_types import Plan, PlanOptions, Step
from components.placement.snapshot import Held, HoldState, NodeView, Place, Role, Snapshot
from components.spec.claim import Claim, Wanted
from components.spec.node import Card, Node

ME = "org/project/stack-1"
THEM = "org/other/stack-2"
REFUSE = PlanOptions()
WAIT = PlanOptions(on_insufficient="wait")
CARD = 20480
"""MiB of a usual card here: 20 GiB."""


def node(
    name: str,
    cards: int | Sequence[int] = 1,
    *,
    pool: str = "p",
    kind: str = "ecs.a",
    cpu: int = 16_000,
    memory: int = 65_536,
    models: Sequence[str] = (),
    zone: str = "",
) -> NodeView:
    """Return a ready node with so many cards of 20 GiB, or with cards of these sizes in MiB."""
    sizes = [CARD] * cards if isinstance(cards, int) else list(cards)
    return NodeView(
        Node(
            pool,
            name,
            kind,
            cpu,
            memory,
            tuple(
                Card(f"{name}-{index}", index, models[index] if models else "A10", size, "usable")
                for index, size in enumerate(sizes)
            ),
            zone,
        )
    )


def want(service: str, gib: int = 0, percent: int = 0, **other: object) -> Wanted:
    """Return a service of one instance at revision 1; fields of the claim may be given as well."""
    names = ("gpu", "cpu_milli", "memory_mib", "best_effort", "models", "instance_types")
    claim = {name: other.pop(name) for name in names if name in other}
    fields = {"pool": "p", "revision": "1", "max_surge": 1, "max_unavailable": 0, **other}
    return Wanted(service, claim=Claim(gpu_memory=gib, gpu_core_percentage=percent, **claim), **fields)  # type: ignore[arg-type]


def held(
    service: str,
    ordinal: int,
    where: str,
    gib: int = 0,
    percent: int = 0,
    *,
    owner: str = ME,
    state: HoldState = "ready",
    revision: str = "1",
    role: Role = "steady",
    after: Sequence[str] = (),
    incarnation: str = "a",
    **other: object,
) -> Held:
    """Return a row at ``gpu-a/0``, ``gpu-a/0+1`` (whole cards) or ``gpu-a`` (no card)."""
    name, _, indexes = where.partition("/")
    cards = tuple(f"{name}-{index}" for index in indexes.split("+")) if indexes else ()
    whole = bool(cards) and not gib
    place = Place("p", name, cards, gib * 1024, percent, exclusive=whole)
    place = replace(place, **other)  # type: ignore[arg-type]
    return Held(
        f"{owner}/{service}/{ordinal}/{incarnation}",
        owner,
        service,
        ordinal,
        role,
        revision,
        place,
        state,
        tuple(after),
    )


def picture(
    nodes: Sequence[NodeView], rows: Sequence[Held] = (), waiting: Sequence[tuple[str, int]] = ()
) -> Snapshot:
    """Return what the planner sees."""
    return Snapshot(ME, tuple(nodes), tuple(rows), frozenset(waiting))


def planned(snapshot: Snapshot, *wanted: Wanted, options: PlanOptions = REFUSE) -> Plan:
    """Plan, and let the independent checker judge the plan."""
    made = plan(snapshot, wanted, options)
    assert violations(snapshot, wanted, made, options) == []
    return made


def where(made: Plan, service: str) -> dict[int, str]:
    """Return ordinal -> card (``gpu-a-0``, several joined by ``+``), node, or ``waiting``."""
    return {
        ordinal: "waiting" if place is None else "+".join(place.cards) or place.node
        for ordinal, place in made.assignments[service].items()
    }


def told(made: Plan) -> list[str]:
    """Return ``start llm/0 gpu-a-0`` for each step, with what it waits for: ``after 1,2``."""
    return [_told(step) for step in made.steps]


def _told(step: Step) -> str:
    words = [step.op, step.label]
    if step.op == "start" and step.place is not None:
        words.append("+".join(step.place.cards) or step.place.node)
    if step.after:
        words.append("after " + ",".join(str(n) for n in step.after))
    return " ".join(words)
