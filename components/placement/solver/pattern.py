"""The best way to fill one card at given prices: an exact knapsack over memory and, where it counts, compute.

Sizes are divided by what they have in common, so that the table has some hundred cells and not one per MiB. Where they have
too little in common they are rounded down to a coarser unit and the card as well; that can only fill it better than it can
be filled, so a bound stays a bound.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import gcd

from components.placement.value.compiled import compiled, interpret
from components.placement.value.kernels import PLAIN
from components.placement.value.memory import Span

Pattern = tuple[tuple[int, int], ...]
"""(item, how many) pairs, by item."""
CELLS = 1024
"""Into how many steps a dimension is divided at most."""
_Offers = dict[tuple[int, int], tuple[int, int]]
"""Size in steps -> gain and item."""
_Ordered = Sequence[tuple[tuple[int, int], tuple[int, int]]]
"""The same as pairs, by size."""


@dataclass(frozen=True, slots=True)
class Fill:
    """The most that a card can hold at given prices, and with which pattern."""

    worth: int
    pattern: Pattern


class Sizes:
    """The sizes of items and bins in common steps, in one or two dimensions."""

    def __init__(self, items: Sequence[tuple[int, ...]], bins: Sequence[tuple[int, ...]]) -> None:
        """Find the steps. Dimensions that no item uses are left out; every item takes something of the first one."""
        width = max((len(size) for size in (*items, *bins)), default=1)
        pad = (0,) * width
        self._items = [(*size, *pad)[:width] for size in items]
        self._bins = [(*size, *pad)[:width] for size in bins]
        steps = [self._step(dimension) for dimension in range(width)]
        self._items = [tuple(s // step for s, step in zip(size, steps, strict=True)) for size in self._items]
        self._bins = [tuple(s // step for s, step in zip(size, steps, strict=True)) for size in self._bins]

    def _step(self, dimension: int) -> int:
        used = {size[dimension] for size in self._items} - {0}
        most = max((size[dimension] for size in self._bins), default=0)
        if not used:
            return most + 1
        step = reduce(gcd, used)
        if most // step <= CELLS:
            return step
        smallest = min(used)
        # GB in whole MiB have nothing in common, and nearly so: the smallest step of which all are nearly multiples.
        coarse = max(1, most // CELLS)
        return max(1, smallest // max(1, smallest // coarse))

    def best(self, gains: Sequence[tuple[int, int]], bins: Sequence[int]) -> list[Fill]:
        """Return the best pattern of each of these bins; ``gains`` are (item, gain > 0) pairs."""
        offers: _Offers = {}
        for item, gain in gains:
            memory, compute = (*self._items[item], 0)[:2]
            if gain > offers.get((memory, compute), (0, 0))[0]:
                offers[memory, compute] = (gain, item)
        caps: list[tuple[int, int]] = [(self._bins[index][0], (*self._bins[index], 0)[1]) for index in bins]
        shape = (max(cap[0] for cap in caps) + 1, max(cap[1] for cap in caps) + 1)
        fitting = _undominated(
            {size: offer for size, offer in offers.items() if size[0] < shape[0] and size[1] < shape[1]}
        )
        if not fitting:
            return [Fill(0, ()) for _ in bins]
        ordered = sorted(fitting.items())
        table = _table(shape, ordered)
        return [_trace(table, shape[1], ordered, cap) for cap in caps]


def _undominated(offers: _Offers) -> _Offers:
    """Leave out what takes no less and gives no more than another."""
    kept: list[tuple[tuple[int, int], tuple[int, int]]] = []
    for size, offer in sorted(offers.items()):
        if not any(other[1] <= size[1] and gain >= offer[0] for other, (gain, _) in kept):
            kept.append((size, offer))
    return dict(kept)


def _table(shape: tuple[int, int], offers: _Ordered) -> array[int]:
    """Return for every rest of a card the most that it can hold: a row of compute steps for each step of memory."""
    rows, width = shape
    table = array("q", [0]) * (rows * width)
    lists = (
        array("q", [memory for (memory, _), _ in offers]),
        array("q", [compute for (_, compute), _ in offers]),
        array("q", [gain for _, (gain, _) in offers]),
    )
    if interpret(len(table) * len(offers)):
        PLAIN.fill(*lists, width, table)
    else:
        compiled().fill(*map(Span, lists), width, Span(table))
    return table


def _trace(table: array[int], width: int, offers: _Ordered, cap: tuple[int, int]) -> Fill:
    """Return the pattern of one rest."""
    counts: dict[int, int] = {}
    row, column = cap
    worth = left = table[row * width + column]
    while left:
        for (memory, compute), (gain, item) in offers:
            if (
                memory <= row
                and compute <= column
                and table[(row - memory) * width + column - compute] + gain == left
            ):
                counts[item] = counts.get(item, 0) + 1
                row, column, left = row - memory, column - compute, left - gain
                break
        else:
            row -= 1
    return Fill(worth, tuple(sorted(counts.items())))
