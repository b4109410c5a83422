"""Is there room at every moment? Every card and node under the worst order of what is under way (invariants 1, 2, 3, 10).

Part of the checker: shares no code with the planner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from components.placement.check_flow import largest_sum
from components.placement.check_world import Row, World
from components.placement.plan_types import PlanOptions
from components.placement.snapshot import Place


def room_faults(world: World, options: PlanOptions) -> Iterator[str]:
    """Yield what is overfull at some moment because of something new, and whole cards that are shared."""
    for view in world.views.values():
        node = view.node
        there = [row for row in world.rows.values() if row.place.node_key == node.key]
        yield from _judge(
            world, there, lambda place: place.cpu_milli, node.cpu_milli, f"CPU of {node.key} (3)"
        )
        yield from _judge(
            world, there, lambda place: place.node_memory_mib, node.memory_mib, f"memory of {node.key} (3)"
        )
        for card in node.cards:
            on = [row for row in world.rows.values() if card.uuid in row.place.cards]
            memory, compute = _taking(card.memory_mib)
            yield from _judge(world, on, memory, card.memory_mib, f"memory of card {card.uuid} (1)")
            yield from _judge(world, on, compute, 100, f"compute of card {card.uuid} (1)")
            yield from _shared(world, on, card.uuid)
        if options.memory_only == "separate":
            yield from _mixed(world, there, node.key)


def _taking(capacity: int) -> tuple[Callable[[Place], int], Callable[[Place], int]]:
    def memory(place: Place) -> int:
        return capacity if place.exclusive else place.memory_mib

    def compute(place: Place) -> int:
        return 100 if place.exclusive else place.compute

    return memory, compute


def _judge(
    world: World, rows: list[Row], size: Callable[[Place], int], capacity: int, what: str
) -> Iterator[str]:
    sizes = {row.name: size(row.place) for row in rows}
    if sum(sizes.values()) <= capacity or not any(row.new and sizes[row.name] for row in rows):
        return
    # A row counts once all before it are gone, and can only be gone after it counted.
    weights: dict[object, int] = {}
    needs: dict[object, list[object]] = {}
    for row in rows:
        weights["counts", row.name] = sizes[row.name]
        weights["gone", row.name] = -sizes[row.name]
        needs["gone", row.name] = [("counts", row.name)]
        needs["counts", row.name] = [
            ("gone", other) for other in world.gone_before.get(row.name, ()) if other in sizes
        ]
    worst = largest_sum(weights, needs)
    if worst > capacity:
        yield f"{worst} of {capacity} are taken at the worst moment of the {what}: {sizes}"


def _together(world: World, one: Row, other: Row) -> bool:
    """Return whether two rows can be there at the same time."""
    return other.name not in world.gone_before.get(one.name, ()) and one.name not in world.gone_before.get(
        other.name, ()
    )


def _shared(world: World, rows: list[Row], uuid: str) -> Iterator[str]:
    for row in rows:
        if row.place.exclusive and row.new:
            for other in rows:
                if other is not row and _together(world, row, other):
                    yield f"card {uuid} is whole for {row.name} and shared with {other.name} (2)"


def _kind(place: Place) -> str:
    if place.exclusive or not place.cards:
        return ""
    return "percent" if place.compute else "memory only"


def _mixed(world: World, rows: list[Row], key: str) -> Iterator[str]:
    for row in rows:
        stayed = [world.rows[name] for name in world.gone_before.get(row.name, ()) if name in world.rows]
        same = any(old.place.node_key == key and _kind(old.place) == _kind(row.place) for old in stayed)
        if not row.new or not _kind(row.place) or same:
            continue
        for other in rows:
            if _kind(other.place) not in ("", _kind(row.place)) and _together(world, row, other):
                yield f"{row.name} ({_kind(row.place)}) is on {key} together with {other.name} (1, memory_only: separate)"
