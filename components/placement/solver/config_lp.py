"""How much fits at best: a configuration LP over the ways in which a card can be filled, solved by column generation.

A *pattern* is one way to fill a card with slices. The LP chooses how many cards of each type get which pattern, whole cards
being a pattern of their own, so that no more of an item is packed than there is; node CPU is summed over all nodes of a
type. What it leaves out (whole patterns per card, cards of one node, CPU of one node, node memory) could only make the
answer smaller, so the LP bounds every real packing.

GLOP only proposes prices. The bound itself is then computed from the prices in integers (Lagrange), and it is true for any
prices: what a solver rounds wrongly can make it weaker, never wrong. Facts: Gilmore and Gomory (1961), Geoffrion (1974).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from components.placement.solver.pattern import Fill, Pattern, Sizes
from components.placement.solver.simplex import Column, maximise

Q = 1_000_000
"""Prices are whole multiples of 1/Q."""
ROUNDS = 400
"""Column generation ends after this many rounds at the latest; the bound is true after each of them."""
CLOSE = 1e-6
"""It also ends when bound and LP differ by less than this share."""


@dataclass(frozen=True, slots=True)
class Item:
    """So many instances that are alike.

    ``size``: what one takes of one card, in each dimension (MiB, percent). ``cards``: it takes so many cards whole, and
    ``size`` is ignored; 0 for a slice. ``cpu``: of its node. ``bins``: the indexes of the bins that may take it. ``worth``:
    what packing one is worth. ``least``: how many have to be packed whatever that is worth.
    """

    count: int
    size: tuple[int, ...]
    cards: int = 0
    cpu: int = 0
    bins: frozenset[int] = frozenset()
    worth: int = 0
    least: int = 0


@dataclass(frozen=True, slots=True)
class Bin:
    """So many cards of one type.

    ``size``: what each has free. ``cpu``: of all their nodes together, None where CPU is left out. ``cost``: what using one
    of them costs. ``whole``: nothing is on them, so that they can be taken whole.
    """

    count: int
    size: tuple[int, ...]
    cpu: int | None = None
    cost: int = 0
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Bound:
    """``numerator`` / Q is at least the worth less the cost of every packing. ``rounds``: how many LPs that took.

    What shows it, times Q: the price of each item, of CPU in each bin type, and the most that a card of each type gives.
    """

    numerator: int
    rounds: int
    prices: tuple[int, ...] = ()
    cpu_prices: tuple[int, ...] = ()
    cards: tuple[int, ...] = ()

    @property
    def value(self) -> float:
        """The bound as a number."""
        return self.numerator / Q

    @property
    def floor(self) -> int:
        """The largest whole worth that a packing can have."""
        return self.numerator // Q


@dataclass(slots=True)
class _Columns:
    """The LP's rows: items, then cards per bin, then CPU per bin; ``known`` keeps a column from being added twice."""

    items: Sequence[Item]
    bins: Sequence[Bin]
    columns: list[Column] = field(default_factory=list)
    known: set[tuple[int, Pattern]] = field(default_factory=set)

    def add(self, bin_: int, pattern: Pattern) -> bool:
        """Add a pattern of a bin type; say whether it is new."""
        if not pattern or (bin_, pattern) in self.known:
            return False
        self.known.add((bin_, pattern))
        cpu = sum(self.items[item].cpu * many for item, many in pattern)
        self._append(bin_, pattern, 1, cpu)
        return True

    def add_whole(self, bin_: int, item: int) -> None:
        """Add the taking of whole cards."""
        self._append(bin_, ((item, 1),), self.items[item].cards, self.items[item].cpu)

    def _append(self, bin_: int, pattern: Pattern, cards: int, cpu: int) -> None:
        rows = [*pattern, (len(self.items) + bin_, cards)]
        if cpu and self.bins[bin_].cpu is not None:
            rows.append((len(self.items) + len(self.bins) + bin_, cpu))
        self.columns.append(Column(-self.bins[bin_].cost * cards, tuple(rows)))


def best_packing(items: Sequence[Item], bins: Sequence[Bin], ask: Sequence[int] = ()) -> Bound:
    """Return a bound of (worth of what is packed) - (cost of the cards used) over all packings.

    Where ``least`` cannot be met the bound is lower than any packing could be. ``ask``: end as soon as it is known of each
    of these numbers whether the bound gets below it.
    """
    sizes = Sizes([item.size for item in items], [bin_.size for bin_ in bins])
    columns = _Columns(items, bins)
    for index, item in enumerate(items):
        for bin_ in sorted(item.bins) if item.cards else ():
            if bins[bin_].whole:
                columns.add_whole(bin_, index)
    best: Bound | None = None
    for done in range(1, ROUNDS + 1):
        value, prices, cpu_prices = _prices(items, bins, columns)
        fresh = False
        total = sum(_kept(item, price) for item, price in zip(items, prices, strict=True))
        cards = []
        for index, fill in enumerate(_fills(items, bins, sizes, prices, cpu_prices)):
            cards.append(_of_card(items, bins[index], index, fill, prices, cpu_prices[index]))
            total += (bins[index].cpu or 0) * cpu_prices[index] + bins[index].count * cards[-1]
            fresh |= columns.add(index, fill.pattern)
        if best is None or total < best.numerator:
            best = Bound(total, done, tuple(prices), tuple(cpu_prices), tuple(cards))
        lowest = best.numerator
        known = bool(ask) and all(lowest < number * Q or value >= number * Q for number in ask)
        if known or not fresh or lowest - value <= abs(value) * CLOSE:
            break
    assert best is not None, "at least one round was done"
    return replace(best, rounds=done)


def _kept(item: Item, price: int) -> int:
    """Return what an item gives at most when each packed one pays its price to the cards."""
    gain = item.worth * Q - price
    return gain * (item.count if gain > 0 else item.least)


def _of_card(
    items: Sequence[Item], bin_: Bin, index: int, fill: Fill, prices: Sequence[int], cpu_price: int
) -> int:
    """Return what a card of one type gives at most at these prices."""
    best = fill.worth
    if bin_.whole:
        for item, price in zip(items, prices, strict=True):
            if item.cards and index in item.bins:
                best = max(best, -(-(price - cpu_price * item.cpu) // item.cards))
    return max(0, best - bin_.cost * Q)


def _fills(
    items: Sequence[Item], bins: Sequence[Bin], sizes: Sizes, prices: Sequence[int], cpu_prices: Sequence[int]
) -> list[Fill]:
    """Return the best pattern of each bin type; types that may take the same at the same CPU price share the work."""
    groups: dict[tuple[tuple[int, int], ...], list[int]] = {}
    for index in range(len(bins)):
        gains = tuple(
            (number, gain)
            for number, item in enumerate(items)
            if not item.cards and index in item.bins
            if (gain := prices[number] - cpu_prices[index] * item.cpu) > 0
        )
        groups.setdefault(gains, []).append(index)
    found: dict[int, Fill] = {}
    for gains, members in groups.items():
        found.update(zip(members, sizes.best(gains, members), strict=True))
    return [found[index] for index in range(len(bins))]


def _prices(
    items: Sequence[Item], bins: Sequence[Bin], columns: _Columns
) -> tuple[int, list[int], list[int]]:
    """Solve the LP over the columns so far: its value, the price of each item, and of CPU in each bin type; times Q.

    Packing is a column of its own per item (worth, up to ``count``, at least ``least``), so that its row says: no more is
    packed than patterns hold. A dear column makes good what patterns do not hold yet.
    """
    dear = -2 * (1 + sum(bin_.cost for bin_ in bins) + max((item.worth for item in items), default=0))
    first = len(items)
    helpers = [
        Column(item.worth, ((number, -1),), item.least, item.count) for number, item in enumerate(items)
    ]
    helpers += [
        Column(dear * (item.cards or 1), ((number, 1),), 0, item.least)
        for number, item in enumerate(items)
        if item.least
    ]
    lows: list[float | None] = [0.0] * first
    lows += [None] * (2 * len(bins))
    highs: list[float | None] = [None] * first
    highs += [float(bin_.count) for bin_ in bins]
    highs += [float(bin_.cpu) if bin_.cpu is not None else None for bin_ in bins]
    value, duals = maximise([*helpers, *columns.columns], lows, highs)
    item_prices = [round(-duals[number] * Q) for number in range(first)]
    cpu_prices = [max(0, round(duals[first + len(bins) + index] * Q)) for index in range(len(bins))]
    return round(value * Q), item_prices, cpu_prices
