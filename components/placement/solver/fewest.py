"""How many cards a set of slices needs at least: by volume, by Martello and Toth's L2, and by the configuration LP.

Volume <= L2 <= LP rounded up, where all cards are alike and nothing is on them. Facts: Martello and Toth (1990), 8.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from components.placement.solver.config_lp import Bin, Item, Q, best_packing
from components.placement.solver.volume import martello_toth


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


def fewest_cards(items: Sequence[Item], bins: Sequence[Bin], ask: int | None = None) -> Fewest:
    """Return bounds of how many cards are in use when all ``items`` are packed.

    ``bins`` without cost are in use anyway, ``size`` being what is left of them; ``worth``, ``least``, ``cpu`` and the
    bins' ``cpu`` are not looked at. ``ask``: the LP may end when it is known whether so many are needed. Where the items
    cannot be packed at all, a bound may pass the number of cards.
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
    question = () if ask is None else (used - ask + 1,)
    lp = -(best_packing(packed, free, question).numerator // Q) if any(item.count for item in items) else 0
    return Fewest(max(volume, used) + whole, max(l2, used) + whole, lp + used)
