"""Is there room, now, for what a plan wants to reserve? Compares peaks with capacities; writes nothing.

Capacity is judged on cards and nodes that get a new row: what an earlier shrinking left too full blocks nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from components.ledger.errors import StalePlan
from components.ledger.rows import Row
from components.placement.level import peak
from components.placement.snapshot import Held, NodeView, Place
from components.spec.node import Card
from components.spec.units import FULL_COMPUTE

AGAIN = "Run `pulumi preview` again: it plans from what is there now"


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing that runs out on a card or a node: its size there, what a row takes of it, and how it reads."""

    where: str
    card: str
    what: str
    unit: str
    capacity: int
    size: Callable[[Place], int]
    on: Callable[[Place], bool]


def judge(views: Sequence[NodeView], rows: Sequence[Row], fresh: Sequence[Held]) -> None:
    """Raise :class:`StalePlan` unless all of ``fresh`` have room beside ``rows`` at every moment of the plan.

    ``rows``: what stands recorded on these nodes, of every owner, and stays. ``fresh``: what the plan adds, or whose turn
    it sets anew.
    """
    by_key = {view.node.key: view for view in views}
    for held in fresh:
        _judge_node(held, by_key, rows)
    since = {row.held.id: row for row in rows}
    everything = tuple(row.held for row in rows) + tuple(held for held in fresh)
    after = _closed(everything)
    ordered = _in_turn(everything, after)
    at_node: dict[str, list[Held]] = {}
    for held in ordered:
        at_node.setdefault(held.place.node_key, []).append(held)
    at_card: dict[str, list[Held]] = {}
    for held in ordered:
        for uuid in held.place.cards:
            at_card.setdefault(uuid, []).append(held)
    new = {held.id for held in fresh}
    for measure in _measures(fresh, by_key):
        there = at_card.get(measure.card, []) if measure.card else at_node.get(measure.where, [])
        sizes = [(held.id, measure.size(held.place)) for held in there]
        if peak(sizes, after) > measure.capacity:
            raise _no_room(measure, there, new, after, since)


def _measures(fresh: Iterable[Held], views: Mapping[str, NodeView]) -> Iterator[Measure]:
    seen: set[str] = set()
    for held in fresh:
        view = views[held.place.node_key]
        cards = {card.uuid: card for card in view.node.cards}
        for uuid in held.place.cards:
            if uuid not in seen:
                seen.add(uuid)
                yield from _card_measures(view, cards[uuid])
        if view.node.key not in seen:
            seen.add(view.node.key)
            yield from _node_measures(view)


def _card_measures(view: NodeView, card: Card) -> Iterator[Measure]:
    where = f"card {card.uuid} (index {card.index}, {card.model}) of node {view.node.key}"

    def on(place: Place) -> bool:
        return card.uuid in place.cards

    # An exclusive place is as large as the card, so that whoever else is there makes it too full.
    def memory(place: Place) -> int:
        return max(card.memory_mib, 1) if place.exclusive else place.memory_mib

    def compute(place: Place) -> int:
        return FULL_COMPUTE if place.exclusive else place.compute

    yield Measure(where, card.uuid, "memory", "MiB", card.memory_mib, memory, on)
    yield Measure(where, card.uuid, "compute", "%", FULL_COMPUTE, compute, on)


def _node_measures(view: NodeView) -> Iterator[Measure]:
    key = view.node.key

    def on(place: Place) -> bool:
        return place.node_key == key

    yield Measure(
        key, "", "CPU", "thousandths of a core", view.node.cpu_milli, lambda place: place.cpu_milli, on
    )
    yield Measure(key, "", "memory", "MiB", view.node.memory_mib, lambda place: place.node_memory_mib, on)


def _judge_node(held: Held, views: Mapping[str, NodeView], rows: Sequence[Row]) -> None:
    """The node and its cards are there and take something new."""
    wish = f"{held.service}/{held.ordinal}"
    key = held.place.node_key
    view = views.get(key)
    if view is None:
        raise StalePlan(
            f"{wish} wants a place on node {key}, which the ledger no longer has. {AGAIN}",
            card=key,
            wish=wish,
        )
    owned = {card.uuid for card in view.node.cards}
    for uuid in held.place.cards:
        if uuid not in owned:
            raise StalePlan(
                f"{wish} wants card {uuid}, which node {key} no longer has. {AGAIN}", card=uuid, wish=wish
            )
    before = [row.held.place for row in rows if row.held.id in held.after and row.held.place.node_key == key]
    states = [(key, view.state, view.reason, bool(before))]
    states += [
        (uuid, view.card_states.get(uuid, "ready"), "", any(uuid in place.cards for place in before))
        for uuid in held.place.cards
    ]
    for name, state, reason, replaces in states:
        # An instance rolled in place keeps a cordoned node; nobody starts on a lost one.
        if state == "lost" or (state != "ready" and not replaces):
            said = f": {reason}" if reason else ""
            raise StalePlan(
                f"{wish} wants a place on {name}, which is {state}{said}. {AGAIN}",
                card=name,
                wish=wish,
                who=(reason,) if reason else (),
            )


def _no_room(
    measure: Measure,
    there: Sequence[Held],
    new: set[str],
    after: Mapping[str, tuple[str, ...]],
    since: Mapping[str, Row],
) -> StalePlan:
    sizes = [(held.id, measure.size(held.place)) for held in there if held.id not in new]
    free = measure.capacity - peak(sizes, after)
    wishes = [_says(held, measure) for held in there if held.id in new]
    mine = {held.owner for held in there if held.id in new}
    foreign = [held for held in there if held.id not in new and held.owner not in mine]
    own = [held for held in there if held.id not in new and held.owner in mine]
    # The newest first: it is what the plan did not know.
    foreign.sort(key=lambda held: since[held.id].since, reverse=True)
    who = [
        f"{_says(held, measure)} of {held.owner} since {since[held.id].since:%Y-%m-%d %H:%M:%S} UTC"
        for held in foreign
    ]
    who += [f"{_says(held, measure)} of this stack" for held in own]
    wish = ", ".join(wishes)
    taken = (
        f"; taken by {', '.join(who[:6])}" + (f" and {len(who) - 6} more" if len(who) > 6 else "")
        if who
        else ""
    )
    where = measure.where if measure.card else f"node {measure.where}"
    return StalePlan(
        f"the plan no longer fits: {wish} on {where}, which has {measure.capacity} {measure.unit} of {measure.what} "
        f"and {max(free, 0)} free{taken}. {AGAIN}",
        card=measure.card or measure.where,
        wish=wish,
        who=who,
    )


def _says(held: Held, measure: Measure) -> str:
    mark = "+" if held.role == "surge" else ""
    return f"{held.service}/{mark}{held.ordinal} ({measure.size(held.place)} {measure.unit})"


def _closed(rows: Sequence[Held]) -> dict[str, tuple[str, ...]]:
    """Return for each pending row all that is gone before it counts, through other pending rows as well."""
    direct = {held.id: held.after for held in rows if held.state == "pending"}
    closed: dict[str, tuple[str, ...]] = {}
    for start in direct:
        found: dict[str, None] = {}
        todo = list(direct[start])
        while todo:
            other = todo.pop(0)
            if other not in found and other != start:
                found[other] = None
                todo.extend(direct.get(other, ()))
        closed[start] = tuple(sorted(found))
    return closed


def _in_turn(rows: Sequence[Held], after: Mapping[str, tuple[str, ...]]) -> list[Held]:
    """Order rows so that each comes after those that it waits for: what waits for more comes later."""
    return sorted(rows, key=lambda held: (len(after.get(held.id, ())), held.id))
