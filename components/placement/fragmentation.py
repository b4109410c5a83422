"""How much of what is free is of no use to what runs here: the one figure for fragmentation, wherever it is told.

The measure of Fragmentation Gradient Descent (Weng et al., USENIX ATC 2023, section 3), in memory instead of compute: for
each kind of claim, the free memory of the cards on which it does not fit is lost to it, and the kinds count by how many
instances hold such a place. Claims without cards ask for no card, and are left out instead of finding all of it lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from components.placement.capacity import Grid
from components.placement.level import peak
from components.placement.snapshot import Held, NodeView
from components.placement.turn import closed
from components.spec.units import FULL_COMPUTE


class Kind(NamedTuple):
    """What places of one kind take: ``cards`` of one node (``whole``: empty ones, all of each), and there MiB and percent.

    ``cpu_milli`` and ``node_memory_mib``: what they take of the node.
    """

    cards: int
    whole: bool
    memory_mib: int
    compute: int
    cpu_milli: int
    node_memory_mib: int


Mix = Mapping[Kind, int]
"""Kind of claim -> how many instances hold such a place."""


@dataclass(frozen=True, slots=True)
class Fragmentation:
    """Of one pool: ``free_mib`` of the cards that take something new, and how much of it is ``lost``.

    ``lost``: for each kind the MiB that are lost to it, times its instances, added up; ``instances``: of all kinds.
    """

    free_mib: int
    lost: int = 0
    instances: int = 0

    @property
    def stranded_mib(self) -> float:
        """MiB that are free and of no use, on the average of the instances."""
        return self.lost / self.instances if self.instances else 0.0

    @property
    def ratio(self) -> float:
        """The share of what is free that is stranded, 0 to 1; 0 where nothing is free or nothing is asked for."""
        whole = self.free_mib * self.instances
        return self.lost / whole if whole else 0.0


def mixes(rows: Iterable[Held]) -> dict[str, Counter[Kind]]:
    """Return pool -> what is asked for there, by the places that instances hold; surge places and those that go left out."""
    found: dict[str, Counter[Kind]] = {}
    for row in rows:
        place = row.place
        if place.cards and row.role == "steady" and row.state != "stopping":
            kind = Kind(
                len(place.cards),
                place.exclusive,
                place.memory_mib,
                place.compute,
                place.cpu_milli,
                place.node_memory_mib,
            )
            found.setdefault(place.pool, Counter())[kind] += 1
    return found


def fragmentation(
    views: Iterable[NodeView], rows: Sequence[Held], mix: Mapping[str, Mix] | None = None
) -> dict[str, Fragmentation]:
    """Return pool -> its fragmentation with these rows on it.

    ``mix``: what is asked for in each pool, by default what ``rows`` show; given, two pictures are judged by one mix. A
    card counts as free where it and its node are ready: only there goes anything new.
    """
    grid = Grid(views)
    return on_grid(grid, levels(grid, rows), mixes(rows) if mix is None else mix)


def on_grid(grid: Grid, level: Sequence[int], mix: Mapping[str, Mix]) -> dict[str, Fragmentation]:
    """Return :func:`fragmentation` where grid and :func:`levels` are there already."""
    return {pool: _of_pool(grid, level, nodes, mix.get(pool, {})) for pool, nodes in grid.pools.items()}


class _Room(NamedTuple):
    """What one node has free: of each ready card that has any memory left (MiB, percent, empty), and of the node itself.

    Nodes with the same are counted once.
    """

    cards: tuple[tuple[int, int, bool], ...]
    cpu_milli: int
    memory_mib: int


def _of_pool(grid: Grid, level: Sequence[int], nodes: Iterable[int], mix: Mix) -> Fragmentation:
    rooms = Counter(_room(grid, level, node) for node in nodes if grid.views[node].state == "ready")
    free = sum(count * sum(mib for mib, _, _ in room.cards) for room, count in rooms.items())
    lost = sum(
        wanted * (free - sum(count * _usable(room, kind) for room, count in rooms.items()))
        for kind, wanted in mix.items()
    )
    return Fragmentation(free, lost, sum(mix.values()))


def _room(grid: Grid, level: Sequence[int], node: int) -> _Room:
    cards = []
    for card in grid.cards_of[node]:
        memory = grid.caps[2 * card] - level[2 * card]
        if memory > 0 and grid.card_ready[card]:
            compute = FULL_COMPUTE - level[2 * card + 1]
            cards.append((memory, compute, not level[2 * card] and compute == FULL_COMPUTE))
    slot = grid.cpu_slot(node)
    return _Room(tuple(sorted(cards)), grid.caps[slot] - level[slot], grid.caps[slot + 1] - level[slot + 1])


def _usable(room: _Room, kind: Kind) -> int:
    """Return the free MiB of the cards of a node on which the claim fits."""
    if kind.cpu_milli > room.cpu_milli or kind.node_memory_mib > room.memory_mib:
        return 0
    if kind.whole:
        empty = [memory for memory, _, is_empty in room.cards if is_empty]
        return sum(empty) if len(empty) >= kind.cards else 0
    return sum(
        memory for memory, compute, _ in room.cards if memory >= kind.memory_mib and compute >= kind.compute
    )


def levels(grid: Grid, rows: Sequence[Held]) -> list[int]:
    """Return what is taken of each slot of the grid; what is handed on from row to row is not added up."""
    level = [0] * len(grid.caps)
    handed: dict[int, list[tuple[str, int]]] = {}
    waits = closed(rows)
    if waits:
        handed = {slot: [] for row in rows if row.id in waits for slot, _ in grid.uses(row.place)}
    for row in rows:
        for slot, amount in grid.uses(row.place):
            if slot in handed:
                handed[slot].append((row.id, amount))
            else:
                level[slot] += amount
    for slot, there in handed.items():
        level[slot] = peak(there, waits)
    return level
