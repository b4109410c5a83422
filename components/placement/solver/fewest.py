"""How many cards a set of slices needs at least: by volume, by Martello and Toth's L2, and by the configuration LP.

Volume <= L2 <= LP rounded up, where all cards are alike and nothing is on them. Facts: Martello and Toth (1990), 8.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from components.placement.solver.config_lp import Bin, Item, Q, best_packing


@dataclass(frozen=True, slots=True)
class Fewest:
    """Three lower bounds of the number of cards in use, each a whole number."""

    volume: int
    l2: int
    lp: int

    @property
    def best(self) -> int:
        """The highest of them."""
        return max(self.volume, self.l2, self.lp)


def fewest_cards(items: Sequence[Item], bins: Sequence[Bin]) -> Fewest:
    """Return bounds of how many cards are in use when all ``items`` are packed.

    ``bins`` without cost are in use anyway, ``size`` being what is left of them; ``worth``, ``least``, ``cpu`` and the
    bins' ``cpu`` are not looked at. Where the items cannot be packed at all, a bound may pass the number of cards.
    """
    taken = [(bin_.count, bin_.size) for bin_ in bins if not bin_.cost]
    whole = sum(item.count * item.cards for item in items)
    volume = l2 = 0
    for dimension in range(len(bins[0].size) if bins else 0):
        capacity = max(bin_.size[dimension] for bin_ in bins)
        sizes = [item.size[dimension] for item in items if not item.cards for _ in range(item.count)]
        # What others hold of a card counts as one more slice, so that all cards are alike.
        sizes += [capacity - size[dimension] for count, size in taken for _ in range(count)]
        volume = max(volume, -(-sum(sizes) // max(capacity, 1)))
        l2 = max(l2, martello_toth(sizes, capacity))
    used = sum(count for count, _ in taken)
    packed = [Item(item.count, item.size, item.cards, 0, item.bins, 0, item.count) for item in items]
    free = [Bin(bin_.count, bin_.size, None, int(bool(bin_.cost)), bin_.whole) for bin_ in bins]
    lp = -(best_packing(packed, free).numerator // Q) if any(item.count for item in items) else 0
    return Fewest(max(volume, used) + whole, max(l2, used) + whole, lp + used)


def martello_toth(sizes: Sequence[int], capacity: int) -> int:
    """Return L2: no two slices above half a card share one, and what fits beside the larger ones is bounded."""
    best = 0
    for least in sorted({0, *(size for size in sizes if 2 * size <= capacity)}):
        alone = sum(size > capacity - least for size in sizes)
        large = [size for size in sizes if capacity - least >= size > capacity / 2]
        small = sum(size for size in sizes if least <= size <= capacity / 2)
        over = small - (len(large) * capacity - sum(large))
        best = max(best, alone + len(large) + max(0, -(-over // max(capacity, 1))))
    return best
