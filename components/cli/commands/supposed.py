"""What `eas plan` is asked to suppose: nodes and cards that drain or are lost; and who would leave them or be stranded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from components.cli.base.targets import card_or_node

if TYPE_CHECKING:
    from components.placement.plan_types import Plan
    from components.placement.snapshot import Held, NodeState, NodeView, Place, Snapshot


@dataclass(frozen=True, slots=True)
class Supposed:
    """What is only asked, not so: nodes and cards that drain or are lost, and other ``max_moves`` and ``rebalance``."""

    drain: tuple[str, ...] = ()
    lose: tuple[str, ...] = ()
    max_moves: int | None = None
    rebalance: int | None = None


def as_if(snapshot: Snapshot, supposed: Supposed) -> Snapshot:
    """Return the snapshot as if these nodes and cards were draining or lost."""
    states: tuple[tuple[NodeState, tuple[str, ...]], ...] = (
        ("draining", supposed.drain),
        ("lost", supposed.lose),
    )
    for state, names in states:
        for name in names:
            node, card = card_or_node(name, [view.node for view in snapshot.nodes])
            views = tuple(
                _in_state(view, card, state) if view.node.key == node.key else view for view in snapshot.nodes
            )
            snapshot = replace(snapshot, nodes=views)
    return snapshot


def _in_state(view: NodeView, card: str | None, state: NodeState) -> NodeView:
    """Return a node with itself or one card in a state, unless it is in a worse one."""
    reason = "asked with --drain" if state == "draining" else "asked with --lose"
    if card is None:
        if view.state == "lost":
            return view
        return replace(view, state=state, cause="operator", reason=reason)
    if view.card_states.get(card) == "lost":
        return view
    return replace(
        view,
        card_states={**view.card_states, card: state},
        card_reasons={**view.card_reasons, card: reason},
        card_causes={**view.card_causes, card: "operator"},
    )


@dataclass(frozen=True, slots=True)
class Leaving:
    """What becomes of those on one node or card: who finds another place, who does not, and how many are not ours."""

    name: str
    lost: bool
    elsewhere: tuple[str, ...]
    stranded: tuple[str, ...]
    foreign: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "from": self.name,
            "elsewhere": list(self.elsewhere),
            "stranded": list(self.stranded),
            "foreign": self.foreign,
        }

    def __str__(self) -> str:
        """One sentence with the numbers and the names of those who are stranded."""
        count = len(self.elsewhere) + len(self.stranded)
        said = f"{self.name}: {len(self.elsewhere)} of {count} find a place elsewhere"
        if self.stranded:
            fate = "would wait" if self.lost else "would run on where they are"
            said += f"; stranded, and {fate}: {', '.join(self.stranded)}"
        if self.foreign:
            said += f"; {self.foreign} of other stacks are theirs to move"
        return said


def leaving(snapshot: Snapshot, plan: Plan, supposed: Supposed) -> list[Leaving]:
    """Return, for each node and card that is supposed to drain or be lost, what becomes of those on it."""
    nodes = [view.node for view in snapshot.nodes]
    found = []
    for name, lost in [
        *((name, False) for name in supposed.drain),
        *((name, True) for name in supposed.lose),
    ]:
        node, card = card_or_node(name, nodes)
        there = [row for row in snapshot.held if _on(row.place, node.key, card)]
        found.append(_leaving(name, lost, there, snapshot.owner, plan, (node.key, card)))
    return found


def _leaving(
    name: str, lost: bool, there: Sequence[Held], owner: str, plan: Plan, subject: tuple[str, str | None]
) -> Leaving:
    elsewhere: set[tuple[str, int]] = set()
    stranded: set[tuple[str, int]] = set()
    for row in there:
        places = plan.assignments.get(row.service, {})
        if row.owner == owner and row.role == "steady" and row.ordinal in places:
            place = places[row.ordinal]
            goes = place is not None and not _on(place, *subject)
            (elsewhere if goes else stranded).add((row.service, row.ordinal))
    foreign = sum(row.owner != owner for row in there)
    return Leaving(name, lost, _labels(elsewhere), _labels(stranded), foreign)


def _on(place: Place, key: str, card: str | None) -> bool:
    return place.node_key == key and (card is None or card in place.cards)


def _labels(names: set[tuple[str, int]]) -> tuple[str, ...]:
    return tuple(f"{service}/{ordinal}" for service, ordinal in sorted(names))
