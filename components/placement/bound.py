"""Judging a plan that was made earlier against what is there now: by the ledger when it commits, and by a bound apply.

``overfull`` compares what can be taken at once with the capacity of every card and node; ``rejudge`` says whether a saved
plan still holds, naming the card, the wish and who took it. Nothing is planned anew here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from components.placement.address import address_of, card_indexes
from components.placement.capacity import Grid, kind_of
from components.placement.level import peak
from components.placement.plan_types import PlanOptions, Step
from components.placement.quota import quota_faults
from components.placement.snapshot import Held, NodeView, Place, Snapshot
from components.placement.turn import closed
from components.placement.usage import label
from components.spec.claim import Wanted
from components.spec.node import Node

Assignments = Mapping[str, Mapping[int, Place | None]]


@dataclass(frozen=True, slots=True)
class Overfull:
    """A card or node of which more can be taken at once than there is.

    ``where``: ``gpu-a/0`` or ``gpu-a``. ``dimension``: ``memory``, ``compute``, ``node CPU`` or ``node memory``.
    ``by``: (row, amount) of all that take part.
    """

    where: str
    dimension: str
    unit: str
    capacity: int
    taken: int
    by: tuple[tuple[Held, int], ...]

    def __str__(self) -> str:
        """One sentence with the numbers."""
        who = ", ".join(f"{label(row)} of {row.owner} {amount:,}" for row, amount in self.by)
        return f"{self.where} has {self.capacity:,} {self.unit} of {self.dimension} and {self.taken:,} would be taken: {who}"


def overfull(
    nodes: Iterable[Node], held: Sequence[Held], added: Collection[str] | None = None
) -> list[Overfull]:
    """Return every card and node that these rows can overfill at some moment, whatever the order of what is under way.

    ``added``: ids of new rows; then only what they take part in counts, since a card that shrank blocks nobody else.
    """
    grid = Grid(NodeView(node) for node in nodes)
    waits = closed(held)
    taken: dict[int, list[tuple[Held, int]]] = {}
    for row in held:
        for slot, amount in grid.uses(row.place):
            taken.setdefault(slot, []).append((row, amount))
    found = []
    for slot in sorted(taken):
        rows = taken[slot]
        if added is not None and not any(row.id in added for row, _ in rows):
            continue
        if sum(amount for _, amount in rows) <= grid.caps[slot]:
            continue
        level = peak([(row.id, amount) for row, amount in rows], waits)
        if level > grid.caps[slot]:
            found.append(Overfull(*grid.slot_name(slot), grid.caps[slot], level, tuple(rows)))
    return found


def rejudge(
    snapshot: Snapshot,
    wanted: Sequence[Wanted],
    assignments: Assignments,
    steps: Sequence[Step],
    options: PlanOptions,
) -> list[str]:
    """Return why a saved plan no longer holds on this snapshot, one sentence each; empty when it does.

    A foreign commit that leaves every place of the plan free changes nothing.
    """
    indexes = card_indexes(view.node for view in snapshot.nodes)
    own = {row.id: row for row in snapshot.held if row.owner == snapshot.owner}
    faults = [sentence for step in steps if (sentence := _row_fault(step, own, indexes))]
    faults += _unspoken(snapshot, own, assignments, steps, indexes)
    faults += _revisions(wanted, steps)
    begun = _begun(snapshot, steps, own)
    dropped = {step.instance for step in steps if step.op == "stop" and step.instance in own}
    dropped = {name for name in dropped if own[name].state == "pending"}
    again = {row.id for row in begun}
    rows = [row for row in snapshot.held if row.id not in dropped and row.id not in again]
    views = {view.node.key: view for view in snapshot.nodes}
    there: dict[str, list[Held]] = {}
    for row in rows:
        there.setdefault(row.place.node_key, []).append(row)
    for row in begun:
        key = row.place.node_key
        if sentence := _place_fault(row, views.get(key), there.get(key, []), options, indexes):
            faults.append(sentence)
    for excess in overfull((view.node for view in snapshot.nodes), [*rows, *begun], again):
        faults.append(_taken(excess, again, snapshot.owner))
    nodes = [view.node for view in snapshot.nodes] if snapshot.quotas else []
    return [*faults, *quota_faults(snapshot.quotas, snapshot.owner, snapshot.held, assignments, nodes)]


def _row_fault(step: Step, own: Mapping[str, Held], indexes: Mapping[str, int]) -> str:
    """Say that the instance of a step is gone or another."""
    if not step.instance:
        return ""
    row = own.get(step.instance)
    if row is None:
        return f"{step.label} was to {_words(step)}, but {step.instance} is no longer held"
    if step.op == "stop":
        return ""
    if step.place is not None and not same_place(step.place, row.place):
        there, now = address_of(step.place, indexes), address_of(row.place, indexes)
        return f"{step.label} was to {_words(step)} on {there}, but it is on {now} now"
    if step.op == "start" and row.state == "stopping":
        return f"{step.label} was to {_words(step)}, but it has been told to stop since"
    return ""


def _words(step: Step) -> str:
    return {"start": "go on starting", "restart": "be restarted", "reconfigure": "get its new token"}.get(
        step.op, "be stopped"
    )


def same_place(one: Place, other: Place) -> bool:
    """Return whether two places are the same cards of the same node, taken alike."""
    if (one.node_key, set(one.cards), one.exclusive) != (other.node_key, set(other.cards), other.exclusive):
        return False
    return one.exclusive or (one.memory_mib, one.compute) == (other.memory_mib, other.compute)


def _unspoken(
    snapshot: Snapshot,
    own: Mapping[str, Held],
    assignments: Assignments,
    steps: Sequence[Step],
    indexes: Mapping[str, int],
) -> list[str]:
    """What the saved plan keeps must be there, and it must know of everything that is."""
    spoken = {step.instance for step in steps}
    stopped = {step.instance for step in steps if step.op == "stop"}
    begun = {(step.service, step.ordinal) for step in steps if step.op == "start" and step.role == "steady"}
    kept: set[tuple[str, int]] = set()
    views = {view.node.key: view for view in snapshot.nodes}
    faults = []
    for name in sorted(own):
        row = own[name]
        final = assignments.get(row.service, {}).get(row.ordinal)
        stays = (
            row.role == "steady"
            and name not in stopped
            and final is not None
            and same_place(final, row.place)
        )
        if stays:
            kept.add((row.service, row.ordinal))
        known = name in spoken or (stays and row.state in ("ready", "failed"))
        if not known and not _lost(views.get(row.place.node_key), row.place):
            faults.append(
                f"{label(row)} ({row.state} on {address_of(row.place, indexes)}) is not as the saved plan knew it"
            )
    for service, places in sorted(assignments.items()):
        for ordinal, place in sorted(places.items()):
            if place is not None and (service, ordinal) not in kept and (service, ordinal) not in begun:
                faults.append(
                    f"{service}/{ordinal} was to stay on {address_of(place, indexes)}, but it is no longer there"
                )
    return faults


def _lost(view: NodeView | None, place: Place) -> bool:
    if view is None:
        return False
    return view.state == "lost" or any(view.card_states.get(uuid) == "lost" for uuid in place.cards)


def _revisions(wanted: Sequence[Wanted], steps: Sequence[Step]) -> list[str]:
    now = {want.service: want.revision for want in wanted}
    faults = []
    for service in sorted({step.service for step in steps if step.op == "start" and not step.instance}):
        planned = {
            step.revision
            for step in steps
            if step.service == service and step.op == "start" and not step.instance
        }
        if service not in now:
            faults.append(f"{service} is no longer declared, but the saved plan starts it")
        elif planned != {now[service]}:
            faults.append(f"{service} is declared at another revision than the saved plan starts")
    return faults


def _begun(snapshot: Snapshot, steps: Sequence[Step], own: Mapping[str, Held]) -> list[Held]:
    """Return the rows that a commit of the steps would write, or give another turn: new ones, and those that still wait."""
    stops = {step.n: step for step in steps if step.op == "stop"}
    started = {
        (step.service, step.ordinal, step.role): f"step {step.n}"
        for step in steps
        if step.op == "start" and not step.instance
    }
    ends = {
        n: step.instance or started.get((step.service, step.ordinal, step.role), "")
        for n, step in stops.items()
    }
    places = {name: row.place.node_key for name, row in own.items()}
    places |= {
        f"step {step.n}": step.place.node_key
        for step in steps
        if step.op == "start" and step.place and not step.instance
    }
    before = _before(steps)
    rows = []
    for step in steps:
        if step.op != "start" or step.place is None:
            continue
        row = own.get(step.instance)
        if step.instance and (row is None or row.state != "pending"):
            continue
        here = sorted(
            {ends[n] for n in before[step.n] if n in ends and places.get(ends[n]) == step.place.node_key}
        )
        if row is None:
            row = Held(
                f"step {step.n}",
                snapshot.owner,
                step.service,
                step.ordinal,
                step.role,
                step.revision,
                step.place,
                "reserved",
            )
        rows.append(replace(row, after=tuple(here), state="pending" if here else "reserved"))
    return rows


def _before(steps: Sequence[Step]) -> dict[int, frozenset[int]]:
    """Return for each step all that come before it, directly or through others."""
    before: dict[int, frozenset[int]] = {}
    for step in sorted(steps, key=lambda step: step.n):
        before[step.n] = frozenset(step.after).union(*(before.get(n, frozenset()) for n in step.after))
    return before


def _place_fault(
    row: Held, view: NodeView | None, there: Sequence[Held], options: PlanOptions, indexes: Mapping[str, int]
) -> str:
    """Say that the node or card of a new place is gone, takes nothing new, or holds the other kind of slices."""
    where = address_of(row.place, indexes)
    if view is None:
        return f"{label(row)} wants {where}, but node {row.place.node} is no longer there"
    if missing := [uuid for uuid in row.place.cards if uuid not in {card.uuid for card in view.node.cards}]:
        return f"{label(row)} wants card {missing[0]}, which node {row.place.node} no longer has"
    replaced = [other.place for other in there if other.id in row.after]
    said = f" ({view.reason})" if view.reason else ""
    standings = [(f"node {row.place.node}", view.state, said, bool(replaced))]
    for uuid in row.place.cards:
        state = view.card_states.get(uuid, "ready")
        in_place = any(uuid in place.cards for place in replaced)
        standings.append((f"card {row.place.node}/{indexes[uuid]}", state, "", in_place))
    for name, state, said, in_place in standings:
        # What is replaced in place keeps a cordoned node; nobody begins on one that drains or is lost.
        if state in ("lost", "draining") or (state == "cordoned" and not in_place):
            return f"{label(row)} wants {where}, but {name} is {state}{said}"
    kind = kind_of(row.place)
    if options.memory_only == "separate" and kind and kind not in {kind_of(place) for place in replaced}:
        for other in there:
            if kind_of(other.place) not in (0, kind) and other.id not in row.after:
                who = f"{label(other)} of {other.owner}"
                return f"{label(row)} wants {where}, but {who} is of the other kind of slices there"
    return ""


def _taken(excess: Overfull, new: Collection[str], owner: str) -> str:
    wishes = ", ".join(
        f"{label(row)} wants {amount:,} {excess.unit}" for row, amount in excess.by if row.id in new
    )
    there = sorted(
        (item for item in excess.by if item[0].id not in new),
        key=lambda item: (item[0].owner == owner, item[0].id),
    )
    who = ", ".join(
        f"{label(row)} of {'this stack' if row.owner == owner else row.owner} ({amount:,})"
        for row, amount in there
    )
    return (
        f"{wishes} of {excess.dimension} on {excess.where}, which has {excess.capacity:,} {excess.unit}: "
        f"with what is there {excess.taken:,} would be taken. There: {who or 'nobody else'}"
    )
