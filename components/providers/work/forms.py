"""How a plan stands in the inputs of ``Placement``: few values, each readable, nothing lost that a commit needs.

Pulumi's cost is by the number of values, so a step, a card and a node are one line of JSON each
(:mod:`components.spec.packed`), and the forecast leaves out what can be reckoned from the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from components.placement.address import address_of, card_indexes
from components.placement.plan_types import Step
from components.placement.snapshot import Place, Snapshot
from components.spec.packed import packed, unpacked

ADOPTED = "adopted"
"""Key in ``change`` for what a reconciler moved since the last ``up``: shown once, nothing is done for it."""

_DERIVED = ("free_mib", "free_compute", "capacity_source", "pool", "node")
"""What a card's forecast need not say: free is capacity less used, and the rest stands in the declared nodes."""


def change_of(steps: Iterable[Step], snapshot: Snapshot) -> dict[str, Any]:
    """Return ``{"0001": {...}}``, one entry for each step in its order; ``{}`` when there is nothing to do.

    A step about an instance that is there says under ``from`` where that is, ``pool`` and ``at``: for readers and policies,
    as no commit needs it.
    """
    indexes = card_indexes(view.node for view in snapshot.nodes)
    held = {row.id: row.place for row in snapshot.held if row.owner == snapshot.owner} if steps else {}
    return {f"{step.n:04d}": _told(step, held.get(step.instance), indexes) for step in steps}


def _told(step: Step, there: Place | None, indexes: Mapping[str, int]) -> str:
    data = step.to_dict()
    if "place" in data:
        data["place"] = {key: value for key, value in data["place"].items() if value}
    if there is not None:
        data["from"] = {"pool": there.pool, "at": address_of(there, indexes)}
    return packed(data)


def steps_of(change: Mapping[str, Any]) -> tuple[Step, ...]:
    """Return the steps of a checked ``change``, without what was adopted."""
    numbers = sorted((number for number in change if number != ADOPTED), key=int)
    return tuple(Step.from_dict(int(number), _read(change[number])) for number in numbers)


def _read(step: Any) -> dict[str, Any]:
    data = unpacked(step)
    return {**data, "place": unpacked(data["place"])} if data.get("place") else dict(data)


def forecast(usage: Mapping[str, Any]) -> dict[str, Any]:
    """Return how full cards and nodes will be. Of a card's instances: label (and owner, if foreign) -> MiB and percent."""
    return {
        "cards": {
            address: packed(
                {key: value for key, value in card.items() if not _left_out(key, value)}
                | {
                    key: {_name(row): _slice(row) for row in card[key]}
                    for key in ("instances", "before")
                    if key in card
                }
            )
            for address, card in usage["cards"].items()
        },
        "nodes": {name: packed(node) for name, node in usage["nodes"].items()},
        "pools": {name: packed(pool) for name, pool in usage["pools"].items()},
    }


def _left_out(key: str, value: Any) -> bool:
    """Return whether a card's forecast goes without this: most cards are ready, and instances are told in short."""
    return key in _DERIVED or key in ("instances", "before") or (key == "state" and value == "ready")


def _name(row: Mapping[str, Any]) -> str:
    return str(row["instance"]) if row["owner"] == "own" else f"{row['owner']}/{row['instance']}"


def _slice(row: Mapping[str, Any]) -> str:
    return "whole card" if row["exclusive"] else f"{row['mib']} MiB {row['compute']} %"
