"""A few at a time: who of those on draining and lost places is moved in this pass. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from components.ledger import OpenStep
from components.placement.snapshot import NodeState, NodeView, Place, Snapshot
from components.reconcile.backoff import Slot

LEAVING: frozenset[NodeState] = frozenset({"draining", "lost"})


def put_off(snapshot: Snapshot, steps: Iterable[OpenStep], moves: int) -> frozenset[Slot]:
    """Return those own instances on draining and lost places whose steps wait for a later pass.

    The plan is made for all of them at once, so that each has its place reserved; ``moves`` of them are carried out, those
    on lost places first, then in the plan's order. One whose new instance is there already is finished beyond that number.
    """
    views = {view.node.key: view for view in snapshot.nodes}
    leaving: dict[Slot, bool] = {}
    for row in snapshot.held:
        state = _state(views.get(row.place.node_key), row.place)
        if row.owner == snapshot.owner and row.role == "steady" and state in LEAVING:
            leaving[row.service, row.ordinal] = state == "lost"
    begun: set[Slot] = set()
    due: dict[Slot, int] = {}
    for found in steps:
        slot = (found.step.service, found.step.ordinal)
        if slot in leaving:
            begun.add(slot)
            if found.step.op == "start":
                due[slot] = min(found.step.n, due.get(slot, found.step.n))
    first = sorted(due, key=lambda slot: (not leaving[slot], due[slot]))
    left = max(0, moves - len(begun - due.keys()))
    return frozenset(first[left:])


def _state(view: NodeView | None, place: Place) -> NodeState:
    """Return the worst of what is said of the place's node and cards."""
    if view is None:
        return "ready"
    said = [view.state, *(view.card_states.get(card, "ready") for card in place.cards)]
    return "lost" if "lost" in said else "draining" if "draining" in said else "ready"
