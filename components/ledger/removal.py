"""What may not be taken away while others use it: nodes and cards of a pool, and the pool. One wording for all refusals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from components.placement.picture import counted
from components.placement.snapshot import Held
from components.spec.node import Node

SHOWN = 5
"""So many instances are named; of more the count."""


def removal_refusal(owner: str, held: Iterable[Held], before: Iterable[Node], nodes: Iterable[Node]) -> str:
    """Return why ``before`` cannot become ``nodes``: other owners' instances are on what is missing; or an empty text."""
    cards = {node.key: {card.uuid for card in node.cards} for node in nodes}
    gone: dict[str, set[str] | None] = {}
    for node in before:
        left = cards.get(node.key)
        if left is None or not left.issuperset(card.uuid for card in node.cards):
            gone[node.key] = None if left is None else {card.uuid for card in node.cards} - left
    there: dict[str, list[Held]] = {}
    for row in held if gone else ():
        key = row.place.node_key
        if row.owner == owner or key not in gone:
            continue
        missing = gone[key]
        if missing is None or not missing.isdisjoint(row.place.cards):
            there.setdefault(f"node {key}" if missing is None else f"a card of node {key}", []).append(row)
    if not there:
        return ""
    said = "; ".join(f"{where} holds {named(rows)}" for where, rows in sorted(there.items()))
    return (
        f"{said}, of other stacks, so it cannot be removed. Drain it first (`state: draining` in the pool file, or "
        "`eas drain`): `eas reconcile` or the next `up` of those stacks moves them. What fits nowhere else their owners "
        "must stop; of a machine that will never return, `eas forget` gives up what it held"
    )


def named(rows: Sequence[Held]) -> str:
    """Return ``2 instances (ID, ID)``; an id begins with its owner."""
    shown = ", ".join(row.id for row in sorted(rows, key=lambda row: row.id)[:SHOWN])
    more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return f"{counted(len(rows), 'instance')} ({shown}{more})"
