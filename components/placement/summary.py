"""What a plan does to each pool, in a few figures: what is free before and after it, and how much of that is of use."""

from __future__ import annotations

from collections.abc import Sequence
from operator import is_
from typing import Any

from components.placement.fragmentation import fragmentation, mixes
from components.placement.snapshot import Held, NodeView, Snapshot


def summaries(snapshot: Snapshot, after: Sequence[Held]) -> dict[str, dict[str, Any]]:
    """Return pool -> its figures once ``after`` are the rows, with those of now under ``before``. Plain JSON data.

    ``cards`` and ``capacity_mib`` count every card; ``free_cards`` (nothing on them), ``free_mib`` and ``stranded_mib``
    (free, and of no use to what runs there after the plan) those that are ready, on ready nodes.
    """
    mix = mixes(after)
    then = fragmentation(snapshot.nodes, after, mix)
    same = len(after) == len(snapshot.held) and all(map(is_, after, snapshot.held))
    now = then if same else fragmentation(snapshot.nodes, snapshot.held, mix)
    empty_then, empty_now = _free_cards(snapshot.nodes, after), _free_cards(snapshot.nodes, snapshot.held)
    found: dict[str, dict[str, Any]] = {
        pool: {
            "cards": 0,
            "free_cards": empty_then.get(pool, 0),
            "capacity_mib": 0,
            "free_mib": then[pool].free_mib,
            "stranded_mib": round(then[pool].stranded_mib),
            "before": {
                "free_cards": empty_now.get(pool, 0),
                "free_mib": now[pool].free_mib,
                "stranded_mib": round(now[pool].stranded_mib),
            },
        }
        for pool in then
    }
    for view in snapshot.nodes:
        figures = found[view.node.pool]
        figures["cards"] += len(view.node.cards)
        figures["capacity_mib"] += sum(card.memory_mib for card in view.node.cards)
    return found


def _free_cards(views: Sequence[NodeView], rows: Sequence[Held]) -> dict[str, int]:
    taken = {uuid for row in rows for uuid in row.place.cards}
    found: dict[str, int] = {}
    for view in views:
        if view.state == "ready":
            free = sum(
                card.uuid not in taken and view.card_states.get(card.uuid, "ready") == "ready"
                for card in view.node.cards
            )
            found[view.node.pool] = found.get(view.node.pool, 0) + free
    return found
