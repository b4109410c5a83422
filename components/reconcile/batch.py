"""A few at a time: who of those on draining and lost places is moved in this pass, over all owners. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from components.ledger import OpenStep
from components.placement.snapshot import NodeState, NodeView, Place, Snapshot
from components.reconcile.backoff import Slot

LEAVE: frozenset[NodeState] = frozenset({"draining", "lost"})


@dataclass(frozen=True, slots=True)
class Leaving:
    """One owner's instances that are to leave lost and draining places, each in the order of its plan.

    ``begun``: how many have their new instance there already, and are finished whatever the number of moves.
    """

    begun: int = 0
    lost: Sequence[Slot] = ()
    draining: Sequence[Slot] = ()


def leaving(snapshot: Snapshot, steps: Iterable[OpenStep], resting: Collection[Slot] = ()) -> Leaving:
    """Return who of the snapshot's owner leaves by these steps, without those that rest: they take nobody's turn."""
    views = {view.node.key: view for view in snapshot.nodes}
    states: dict[Slot, NodeState] = {}
    for row in snapshot.held:
        state = _state(views.get(row.place.node_key), row.place)
        if row.owner == snapshot.owner and row.role == "steady" and state in LEAVE:
            states[row.service, row.ordinal] = state
    begun: set[Slot] = set()
    due: dict[Slot, int] = {}
    for found in steps:
        slot = (found.step.service, found.step.ordinal)
        if slot in states and slot not in resting:
            begun.add(slot)
            if found.step.op == "start":
                due[slot] = min(found.step.n, due.get(slot, found.step.n))
    first = sorted(due, key=lambda slot: due[slot])
    return Leaving(
        len(begun - due.keys()),
        tuple(slot for slot in first if states[slot] == "lost"),
        tuple(slot for slot in first if states[slot] == "draining"),
    )


def put_off(owners: Mapping[str, Leaving], moves: int) -> dict[str, frozenset[Slot]]:
    """Return, for each owner, whose steps wait for a later pass.

    The plans are made for all at once, so that each has its place reserved; ``moves`` instances leave in one pass, over all
    owners: those on lost places first, then those on draining ones, by turns, one of each owner in the order of their names.
    """
    left = max(0, moves - sum(each.begun for each in owners.values()))
    queues = [{name: each.lost for name, each in owners.items()}]
    queues.append({name: each.draining for name, each in owners.items()})
    waiting: dict[str, set[Slot]] = {name: set() for name in owners}
    for owner, slot in (pair for queue in queues for pair in _by_turns(queue)):
        if left:
            left -= 1
        else:
            waiting[owner].add(slot)
    return {name: frozenset(slots) for name, slots in waiting.items()}


def _by_turns(queues: Mapping[str, Sequence[Slot]]) -> Iterator[tuple[str, Slot]]:
    for turn in range(max(map(len, queues.values()), default=0)):
        for owner in sorted(queues):
            if turn < len(queues[owner]):
                yield owner, queues[owner][turn]


def _state(view: NodeView | None, place: Place) -> NodeState:
    """Return the worst of what is said of the place's node and cards."""
    if view is None:
        return "ready"
    said = [view.state, *(view.card_states.get(card, "ready") for card in place.cards)]
    return "lost" if "lost" in said else "draining" if "draining" in said else "ready"
