"""The events of a committed plan: what each instance is to do, why, and where it was before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import get_args

from components.ledger.committing.draft import Draft
from components.ledger.events import Story
from components.placement.address import address_of, card_indexes
from components.placement.plan_types import How, Step
from components.placement.snapshot import Held, Place
from components.spec.node import Node

HOWS = frozenset(get_args(How))


def tell_plan(
    story: Story,
    made: Draft,
    steps: Iterable[Step],
    own: Mapping[str, Held],
    nodes: Iterable[Node],
    plan_id: int,
) -> None:
    """Tell of each step: for a new row the state that it begins in, for a recorded one what is to be done to it."""
    fresh = {held.id: held for held in made.fresh}
    left = {
        (own[name].service, own[name].ordinal): own[name]
        for name in sorted(made.stopped & own.keys())
        if own[name].role == "steady"
    }
    indexes = card_indexes(nodes)
    for step in steps:
        instance = made.ids[step.n]
        why = f": {step.reason}" if step.reason else ""
        if step.op == "start" and instance in fresh:
            held = fresh[instance]
            before = left.get((held.service, held.ordinal)) if held.role == "steady" else None
            detail = f"{step.how}{_before(before, held, indexes)}{why}{_size(held.place)}"
            story.tell(held.id, held.state, detail, plan_id=plan_id, where=held.place.where)
        elif instance in own and instance not in made.dropped:
            where = own[instance].place.where
            story.tell(instance, f"to {step.op}", f"{step.how}{why}", plan_id=plan_id, where=where)


def how_of(detail: str) -> str:
    """Return how an instance came to its place, by the detail of the event with which it began; empty where it says not."""
    word = detail.split(maxsplit=1)[0].strip(":;") if detail else ""
    return word if word in HOWS else ""


def _before(before: Held | None, now: Held, indexes: Mapping[str, int]) -> str:
    if before is None:
        return ""
    said = []
    if before.place.where != now.place.where:
        said.append(f"from {address_of(before.place, indexes)}")
    if before.revision != now.revision:
        said.append(f"from revision {before.revision} to {now.revision}")
    return " " + ", ".join(said) if said else ""


def _size(place: Place) -> str:
    if place.exclusive or not place.cards:
        return ""
    return f"; {place.memory_mib} MiB" + (f" {place.compute} %" if place.compute else "")
