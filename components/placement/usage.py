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
    (MiB) with what is used, cards and how many of them are free. Of a pool: :func:`~components.placement.summary.summaries`.
    """
    grid = Grid(snapshot.nodes)
    there = list(_after(snapshot, plan))
    on_card: dict[int, list[tuple[Held, int, int]]] = {}
    on_node: dict[int, list[Held]] = {}
    for row in there:
        node = grid.node_of.get(row.place.node_key)
        if node is not None:
            on_node.setdefault(node, []).append(row)
        taken = dict(grid.uses(row.place))
        for uuid in row.place.cards:
            card = grid.card_of.get(uuid)
            if card is not None:
                on_card.setdefault(card, []).append((row, taken[2 * card], taken.get(2 * card + 1, 0)))
    waits = closed(there)
    names = _names(grid)
    return {
        "cards": {
            f"{names[grid.card_node[card]]}/{grid.card_index[card]}": _card(
                snapshot, grid, card, on_card.get(card, []), waits
            )
            for card in range(len(grid.uuids))
        },
        "nodes": {
            names[node]: _node(grid, node, on_node.get(node, []), on_card, waits)
            for node in range(len(grid.nodes))
        },
        "pools": summaries(snapshot, there),
    }


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
    rows: list[tuple[Held, int, int]],
    waits: dict[str, tuple[str, ...]],
) -> dict[str, Any]:
    node = grid.nodes[grid.card_node[card]]
    spelled = next(one for one in node.cards if one.uuid == grid.uuids[card])
    memory = peak([(row.id, mib) for row, mib, _ in rows], waits)
    compute = peak([(row.id, percent) for row, _, percent in rows], waits)
    rows.sort(
        key=lambda item: (
            item[0].owner != snapshot.owner,
            item[0].owner,
            item[0].service,
            item[0].ordinal,
            item[0].id,
        )
    )
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
        "instances": [
            {
                "instance": label(row),
                "owner": OWN if row.owner == snapshot.owner else row.owner,
                "mib": mib,
                "compute": percent,
                "exclusive": row.place.exclusive,
            }
            for row, mib, percent in rows
        ],
    }


def _node(
    grid: Grid,
    node: int,
    rows: list[Held],
    on_card: dict[int, list[tuple[Held, int, int]]],
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
