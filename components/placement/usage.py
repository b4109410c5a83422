"""How full every card and node is once a plan is carried out: for policies, tables and the ``usage`` input. Plain JSON data.

Cards and nodes read as in ``assignments`` (``gpu-a/0``, ``gpu-a``); where two pools have a node of the same name, the pool
stands before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from components.placement.capacity import Grid
from components.placement.level import peak
from components.placement.plan_types import Plan
from components.placement.snapshot import Held, Place, Snapshot
from components.placement.summary import summaries
from components.placement.turn import closed

OWN, FOREIGN = "own", "foreign"


def usage(snapshot: Snapshot, plan: Plan) -> dict[str, Any]:
    """Return ``{"cards": {address: {...}}, "nodes": {name: {...}}, "pools": {name: {...}}}`` after the plan.

    Of a card: uuid, model, capacity and its source, its own state, used and free memory (MiB), used and free compute
    (percent), and its instances: name, owner (``own``, or the other owner's name), MiB and percent. An instance of this
    owner on a lost card or node counts until that returns. Of a node: its state, CPU (thousandths of a core) and memory
    (MiB) with what is used, cards and how many of them are free. A card that the plan changes has its instances of now
    under ``before``. Of a pool: :func:`~components.placement.summary.summaries`.
    """
    grid = Grid(snapshot.nodes)
    there = list(_after(snapshot, plan))
    on_card = _on_cards(grid, there)
    was_on_card = _before(grid, snapshot.held, there)
    on_node: dict[int, list[Held]] = {}
    for row in there:
        node = grid.node_of.get(row.place.node_key)
        if node is not None:
            on_node.setdefault(node, []).append(row)
    waits = closed(there)
    names = _names(grid)
    return {
        "cards": {
            f"{names[grid.card_node[card]]}/{grid.card_index[card]}": _card(
                snapshot, grid, card, on_card.get(card, []), waits
            )
            | _told_before(snapshot.owner, was_on_card.get(card), on_card.get(card, []))
            for card in range(len(grid.uuids))
        },
        "nodes": {
            names[node]: _node(grid, node, on_node.get(node, []), on_card, waits)
            for node in range(len(grid.nodes))
        },
        "pools": summaries(snapshot, there),
    }


Taken = tuple[Held, int, int]
"""A row on a card, with the MiB and the percent that it takes there."""


def _on_cards(grid: Grid, rows: Iterable[Held]) -> dict[int, list[Taken]]:
    found: dict[int, list[Taken]] = {}
    for row in rows:
        taken = dict(grid.uses(row.place))
        for uuid in row.place.cards:
            card = grid.card_of.get(uuid)
            if card is not None:
                found.setdefault(card, []).append((row, taken[2 * card], taken.get(2 * card + 1, 0)))
    return found


def _names(grid: Grid) -> list[str]:
    seen = Counter(node.name for node in grid.nodes)
    return [node.name if seen[node.name] == 1 else node.key for node in grid.nodes]


def _after(snapshot: Snapshot, plan: Plan) -> Iterable[Held]:
    """Return the rows that are there after the plan: foreign ones, and this owner's final places."""
    stopped = {step.instance for step in plan.steps if step.op == "stop"}
    finals = {
        (service, ordinal): place
        for service, places in plan.assignments.items()
        for ordinal, place in places.items()
        if place is not None
    }
    held: set[tuple[str, int, Place]] = set()
    for row in snapshot.held:
        if row.owner != snapshot.owner:
            yield row
        elif row.id not in stopped:
            held.add((row.service, row.ordinal, row.place))
            yield row if row.state != "pending" else _standing(row)
    for (service, ordinal), place in sorted(finals.items()):
        if (service, ordinal, place) not in held:
            name = f"{snapshot.owner}/{service}/{ordinal}"
            yield Held(name, snapshot.owner, service, ordinal, "steady", "", place, "reserved")


def _standing(row: Held) -> Held:
    return Held(row.id, row.owner, row.service, row.ordinal, row.role, row.revision, row.place, "reserved")


def _card(
    snapshot: Snapshot,
    grid: Grid,
    card: int,
    rows: list[Taken],
    waits: dict[str, tuple[str, ...]],
) -> dict[str, Any]:
    node = grid.nodes[grid.card_node[card]]
    spelled = next(one for one in node.cards if one.uuid == grid.uuids[card])
    memory = peak([(row.id, mib) for row, mib, _ in rows], waits)
    compute = peak([(row.id, percent) for row, _, percent in rows], waits)
    return {
        "uuid": spelled.uuid,
        "pool": node.pool,
        "node": node.name,
        "model": spelled.model,
        "capacity_mib": spelled.memory_mib,
        "capacity_source": spelled.capacity_source,
        "state": grid.views[grid.card_node[card]].card_states.get(spelled.uuid, "ready"),
        "used_mib": memory,
        "free_mib": max(spelled.memory_mib - memory, 0),
        "compute": compute,
        "free_compute": max(grid.caps[2 * card + 1] - compute, 0),
        "instances": _tenants(snapshot.owner, rows),
    }


def _before(grid: Grid, held: Iterable[Held], there: Iterable[Held]) -> dict[int, list[Taken]]:
    """Return who is now on each card on which the rows ``there`` will be others than those ``held``."""
    now = {row.id: row for row in held if row.state != "pending"}
    then = {row.id: row for row in there}
    cards = {
        grid.card_of[uuid]
        for one, other in ((now, then), (then, now))
        for name, row in one.items()
        if name not in other
        for uuid in row.place.cards
        if uuid in grid.card_of
    }
    if not cards:
        return {}
    uuids = {grid.uuids[card] for card in cards}
    found: dict[int, list[Taken]] = {card: [] for card in cards}
    for card, rows in _on_cards(
        grid, (row for row in now.values() if not uuids.isdisjoint(row.place.cards))
    ).items():
        if card in found:
            found[card] = rows
    return found


def _told_before(owner: str, was: list[Taken] | None, after: list[Taken]) -> dict[str, Any]:
    """Return who is on a card now, under ``before``, where that is not who will be."""
    if was is None:
        return {}
    told = _tenants(owner, was)
    return {} if told == _tenants(owner, after) else {"before": told}


def _tenants(owner: str, rows: list[Taken]) -> list[dict[str, Any]]:
    """Return who is on a card, the owner's own first, by name."""
    ordered = sorted(
        rows,
        key=lambda item: (
            item[0].owner != owner,
            item[0].owner,
            item[0].service,
            item[0].ordinal,
            item[0].id,
        ),
    )
    return [
        {
            "instance": label(row),
            "owner": OWN if row.owner == owner else row.owner,
            "mib": mib,
            "compute": percent,
            "exclusive": row.place.exclusive,
        }
        for row, mib, percent in ordered
    ]


def _node(
    grid: Grid,
    node: int,
    rows: list[Held],
    on_card: dict[int, list[Taken]],
    waits: dict[str, tuple[str, ...]],
) -> dict[str, Any]:
    spelled = grid.nodes[node]
    return {
        "pool": spelled.pool,
        "instance_type": spelled.instance_type,
        "zone": spelled.zone,
        "state": grid.views[node].state,
        "cpu_milli": spelled.cpu_milli,
        "used_cpu_milli": peak([(row.id, row.place.cpu_milli) for row in rows], waits),
        "memory_mib": spelled.memory_mib,
        "used_memory_mib": peak([(row.id, row.place.node_memory_mib) for row in rows], waits),
        "cards": len(grid.cards_of[node]),
        "free_cards": sum(not on_card.get(card) for card in grid.cards_of[node]),
        "instances": len(rows),
    }


def label(row: Held) -> str:
    """Return ``service/ordinal`` as people read it; surge instances are ``service/+ordinal``."""
    return f"{row.service}/{'+' if row.role == 'surge' else ''}{row.ordinal}"
