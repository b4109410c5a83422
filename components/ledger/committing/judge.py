"""Is there room, now, for what a plan wants to reserve? Says so in sentences; writes nothing.

How full a card or node can get is :func:`components.placement.bound.overfull`'s judgement, the same that planned and
checked. Only cards and nodes that get a new row are judged: what an earlier shrinking left too full blocks nobody else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from components.ledger.errors import StalePlan
from components.ledger.rows import Row
from components.placement.bound import Overfull, overfull
from components.placement.snapshot import Held, NodeView
from components.placement.usage import label

AGAIN = "Run `pulumi preview` again: it plans from what is there now"
_SHOWN = 6


def judge(views: Sequence[NodeView], rows: Sequence[Row], fresh: Sequence[Held]) -> None:
    """Raise :class:`StalePlan` unless all of ``fresh`` have room beside ``rows`` at every moment of the plan.

    ``rows``: what stands recorded on these nodes, of every owner, and stays. ``fresh``: what the plan adds, or whose turn
    it sets anew.
    """
    by_key = {view.node.key: view for view in views}
    recorded = {row.held.id: row for row in rows}
    for held in fresh:
        _judge_node(held, by_key, recorded)
    touched = {held.place.node_key for held in fresh}
    nodes = [view.node for view in views if view.node.key in touched]
    everything = [*(row.held for row in rows), *fresh]
    new = {held.id for held in fresh}
    for excess in overfull(nodes, everything, new):
        raise _no_room(excess, new, recorded, by_key)


def _judge_node(held: Held, views: Mapping[str, NodeView], recorded: Mapping[str, Row]) -> None:
    """The node and its cards are there and take something new."""
    wish = label(held)
    key = held.place.node_key
    view = views.get(key)
    if view is None:
        raise StalePlan(
            f"{wish} wants a place on node {key}, which the ledger no longer has. {AGAIN}",
            reason="gone",
            card=key,
            wish=wish,
            service=held.service,
        )
    owned = {card.uuid for card in view.node.cards}
    for uuid in held.place.cards:
        if uuid not in owned:
            raise StalePlan(
                f"{wish} wants card {uuid}, which node {key} no longer has. {AGAIN}",
                reason="gone",
                card=uuid,
                wish=wish,
                service=held.service,
            )
    before = [recorded[name].held.place for name in held.after if name in recorded]
    standings = [(f"node {key}", key, view.state, view.reason, bool(before))]
    for uuid in held.place.cards:
        in_place = any(uuid in place.cards for place in before)
        standings.append(
            (
                f"card {uuid}",
                uuid,
                view.card_states.get(uuid, "ready"),
                view.card_reasons.get(uuid, ""),
                in_place,
            )
        )
    for name, where, state, reason, in_place in standings:
        # What is replaced in place keeps a cordoned node; nobody begins on one that drains or is lost.
        if state in ("lost", "draining") or (state == "cordoned" and not in_place):
            said = f": {reason}" if reason else ""
            raise StalePlan(
                f"{wish} wants a place on {name}, which is {state}{said}. {AGAIN}",
                reason="closed",
                card=where,
                wish=wish,
                service=held.service,
                who=(reason,) if reason else (),
            )


def _no_room(
    excess: Overfull, new: set[str], since: Mapping[str, Row], views: Mapping[str, NodeView]
) -> StalePlan:
    fresh = [(held, amount) for held, amount in excess.by if held.id in new]
    mine = {held.owner for held, _ in fresh}
    there = [(held, amount) for held, amount in excess.by if held.id not in new]
    # Others first, and of them the newest: it is what the plan did not know.
    there.sort(key=lambda pair: since[pair[0].id].since, reverse=True)
    there.sort(key=lambda pair: pair[0].owner in mine)
    wish = ", ".join(f"{label(held)} ({amount:,} {excess.unit})" for held, amount in fresh)
    who = [_who(held, amount, excess, mine, since) for held, amount in there]
    card, where = _identity(excess, [held for held, _ in fresh], views)
    more = f" and {len(who) - _SHOWN} more" if len(who) > _SHOWN else ""
    taken = f", and there are {', '.join(who[:_SHOWN])}{more}" if who else ""
    return StalePlan(
        f"the plan no longer fits: {wish} on {where}, which has {excess.capacity:,} {excess.unit} of "
        f"{excess.dimension}{taken}: {excess.taken:,} would be taken. {AGAIN}",
        reason="taken",
        card=card,
        wish=wish,
        service=min(held.service for held, _ in fresh),
        who=who,
    )


def _who(held: Held, amount: int, excess: Overfull, mine: set[str], since: Mapping[str, Row]) -> str:
    owner = "this stack" if held.owner in mine else held.owner
    return f"{label(held)} ({amount:,} {excess.unit}) of {owner} since {since[held.id].since:%Y-%m-%d %H:%M:%S} UTC"


def _identity(excess: Overfull, fresh: Sequence[Held], views: Mapping[str, NodeView]) -> tuple[str, str]:
    """Return the UUID (or node key) of what is too full, and how it reads."""
    for held in fresh:
        view = views[held.place.node_key]
        for card in view.node.cards:
            if card.uuid in held.place.cards and f"{view.node.name}/{card.index}" == excess.where:
                return card.uuid, f"card {excess.where} ({card.uuid}, {card.model})"
    for held in fresh:
        if held.place.node == excess.where:
            return held.place.node_key, f"node {held.place.node_key}"
    return excess.where, excess.where
