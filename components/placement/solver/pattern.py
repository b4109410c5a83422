"""The best way to fill one card at given prices: an exact knapsack over memory and, where it counts, compute.

Sizes are divided by what they have in common, so that the table has some hundred cells and not one per MiB. Where they have
too little in common they are rounded down to a coarser unit and the card as well; that can only fill it better than it can
be filled, so a bound stays a bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import gcd

import numpy as np
import numpy.typing as npt

Pattern = tuple[tuple[int, int], ...]
"""(item, how many) pairs, by item."""
CELLS = 1024
"""Into how many steps a dimension is divided at most."""
NEVER = -(1 << 60)
_Offers = dict[tuple[int, int], tuple[int, int]]
"""Size in steps -> gain and item."""
_Table = npt.NDArray[np.int64]


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
        table = _table(shape, fitting)
        return [_trace(table, fitting, cap) for cap in caps]


def _undominated(offers: _Offers) -> _Offers:
    """Leave out what takes no less and gives no more than another."""
    kept: list[tuple[tuple[int, int], tuple[int, int]]] = []
    for size, offer in sorted(offers.items()):
        if not any(other[1] <= size[1] and gain >= offer[0] for other, (gain, _) in kept):
            kept.append((size, offer))
    return dict(kept)


def _table(shape: tuple[int, int], offers: _Offers) -> _Table:
    """Return for every rest of a card the most that it can hold."""
    rows, width = shape
    ordered = sorted(offers.items())
    memories = np.array([memory for (memory, _), _ in ordered])
    computes = np.array([compute for (_, compute), _ in ordered])
    gains = np.array([[gain] for _, (gain, _) in ordered], dtype=np.int64)
    # Columns left of the table stand for less compute than none, so that one look takes all offers.
    pad = int(computes.max())
    table = np.full((rows, pad + width), NEVER, dtype=np.int64)
    table[0, pad:] = 0
    columns = np.arange(pad, pad + width)[None, :] - computes[:, None]
    allowed = np.searchsorted(memories, np.arange(rows), side="right").tolist()
    for row in range(1, rows):
        fitting = allowed[row]
        here = table[row, pad:]
        here[:] = table[row - 1, pad:]
        if fitting:
            found = table[row - memories[:fitting, None], columns[:fitting]] + gains[:fitting]
            np.maximum(here, found.max(axis=0), out=here)
    return table[:, pad:]


def _trace(table: _Table, offers: _Offers, cap: tuple[int, int]) -> Fill:
    """Return the pattern of one rest."""
    counts: dict[int, int] = {}
    row, column = cap
    worth = int(table[row, column])
    left = worth
    while left:
        for (memory, compute), (gain, item) in sorted(offers.items()):
            if (
                memory <= row
                and compute <= column
                and int(table[row - memory, column - compute]) + gain == left
            ):
                counts[item] = counts.get(item, 0) + 1
                row, column, left = row - memory, column - compute, left - gain
                break
        else:
            row -= 1
    return Fill(worth, tuple(sorted(counts.items())))
