"""What the bounds say of one pool: how many of some instances can get a place at most, and how many more cards they need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from components.placement.capacity import Grid, View
from components.placement.feasible import card_fault, node_fault
from components.placement.solver.joint import Kind
from components.placement.solver.volume import martello_toth
from components.spec.units import FULL_COMPUTE

if TYPE_CHECKING:
    from components.placement.solver.config_lp import Item

_Shape = tuple[int, int, bool, frozenset[int]]
"""Memory and compute that are free, whether nothing is there, and which kinds may come."""


class Room:
    """The cards of some nodes, those with the same rest together."""

    def __init__(self, grid: Grid, view: View, kinds: Sequence[Kind], nodes: Sequence[int]) -> None:
        """Look at every card once."""
        self._grid, self._view, self._kinds, self._nodes = grid, view, kinds, nodes
        self._shapes: Counter[_Shape] = Counter()
        for node in nodes:
            open_to = [number for number, kind in enumerate(kinds) if not node_fault(kind.ask, grid, node)]
            for card in grid.cards_of[node]:
                self._shapes[self._shape(card, open_to)] += 1

    def _shape(self, card: int, open_to: Sequence[int]) -> _Shape:
        level, caps = self._view.level, self._grid.caps
        memory, compute = level[2 * card], level[2 * card + 1]
        fitting = frozenset(
            number
            for number in open_to
            if self._kinds[number].ask.kind != "cpu"
            and not card_fault(self._kinds[number].ask, self._grid, self._view, card)
        )
        return (caps[2 * card] - memory, FULL_COMPUTE - compute, not memory and not compute, fitting)

    def _size(self, number: int) -> tuple[int, int]:
        ask = self._kinds[number].ask
        return (min(ask.sizes.values()), ask.compute)

    def least_new_by_lp(self, ask: int) -> int:
        """Return the same by the configuration LP, or less where that shows that ``ask`` are not needed."""
        from components.placement.solver.config_lp import Bin
        from components.placement.solver.fewest import fewest_cards

        shapes = self._ordered()
        bins = [Bin(count, shape[:2], cost=int(shape[2]), whole=shape[2]) for shape, count in shapes]
        held = sum(bin_.count for bin_ in bins if not bin_.cost)
        return fewest_cards(self._items(shapes), bins, ask + held).lp - held

    def most_placed(self, ask: Sequence[int]) -> int:
        """Return how many get a place at most, by card memory and compute and by the CPU and memory of all nodes.

        ``ask``: it has to be right about being at least these numbers.
        """
        from components.placement.solver.config_lp import Bin, best_packing

        shapes = self._ordered()
        bins = [Bin(count, shape[:2], whole=shape[2]) for shape, count in shapes]
        items = self._items(shapes)
        others = sum(kind.count for kind in self._kinds if kind.ask.kind == "cpu")
        most = others + (best_packing(items, bins, [number - others for number in ask]).floor if items else 0)
        return min(most, self._by_sum(0), self._by_sum(1))

    def _ordered(self) -> list[tuple[_Shape, int]]:
        return sorted(self._shapes.items(), key=lambda item: (*item[0][:3], sorted(item[0][3])))

    def _items(self, shapes: Sequence[tuple[_Shape, int]]) -> list[Item]:
        """Return all that takes part of cards, or cards, as items of the LP, worth 1 each."""
        from components.placement.solver.config_lp import Item

        items = []
        for number, kind in enumerate(self._kinds):
            if kind.ask.kind != "cpu":
                where = frozenset(index for index, (shape, _) in enumerate(shapes) if number in shape[3])
                items.append(Item(kind.count, self._size(number), kind.ask.claim.gpu, 0, where, 1))
        return items

    def _by_sum(self, offset: int) -> int:
        """Return how many find CPU (1: node memory) if all nodes were one: the smallest first."""
        grid, level = self._grid, self._view.level
        slots = [grid.cpu_slot(node) + offset for node in self._nodes if grid.views[node].state == "ready"]
        left = sum(max(0, grid.caps[slot] - level[slot]) for slot in slots)
        placed = 0
        for size, count in sorted(((k.ask.cpu, k.ask.memory)[offset], k.count) for k in self._kinds):
            fit = count if not size else min(count, left // size)
            placed, left = placed + fit, left - fit * size
        return placed

    def least_new(self) -> int:
        """Return how many cards that are free now get used at least: by L2 in memory and in compute."""
        slices = [
            (self._size(number), kind.count)
            for number, kind in enumerate(self._kinds)
            if kind.ask.kind == "slice"
        ]
        cards = [
            ((memory, compute), fresh, count)
            for (memory, compute, fresh, who), count in self._shapes.items()
            if who
        ]
        best = 0
        whole = sum(kind.count * kind.ask.claim.gpu for kind in self._kinds)
        for dimension in (0, 1):
            capacity = max((free[dimension] for free, _, _ in cards), default=0)
            # What is on a card already counts as one slice of it.
            there = [
                capacity - free[dimension] for free, fresh, count in cards if not fresh for _ in range(count)
            ]
            sizes = [size[dimension] for size, count in slices for _ in range(count)]
            best = max(best, martello_toth([*sizes, *there], capacity) - len(there) if capacity else 0)
        return best + whole
