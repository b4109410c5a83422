"""How many slices have to move at least before so few cards are in use: a linear program by column generation.

A column is what a card of one kind holds afterwards; it costs one move for every slice that was not there before, and one
card unless it is empty. Slices may move from any card to any other, in any order. The bound is computed from the prices in
integers, like that of :mod:`~components.placement.solver.config_lp`, and is true for any prices. Facts: Gilmore and Gomory
(1961), Geoffrion (1974).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

from components.placement.solver.config_lp import Q
from components.placement.solver.pattern import Fill, Pattern, Sizes
from components.placement.solver.simplex import Column, maximise

ROUNDS = 200
"""Column generation ends after this many rounds at the latest; the bound is true after each of them."""
MOST = 4000
"""Of more parts of contents than this, nothing is worked out: the bound is 0 then."""
DEAR = 1000
"""What a slice without a place costs in the program, in moves."""


@dataclass(frozen=True, slots=True)
class Stock:
    """So many cards that are alike: what each has free for movable slices, which kinds it takes, what is on it, and whether
    it can be emptied (else it is in use whatever moves)."""

    count: int
    size: tuple[int, ...]
    takers: frozenset[int]
    content: Pattern
    emptiable: bool


def least_moves(kinds: Sequence[tuple[int, ...]], cards: Sequence[Stock], in_use: int) -> int:
    """Return how many slices move at least until no more than ``in_use`` of the cards that can be emptied hold something.

    ``kinds``: the size of each kind of slice.
    """
    if not any(card.content for card in cards):
        return 0
    program = _Program(kinds, cards, in_use)
    if len(program.stays) > MOST:
        return 0
    best = 0
    for _ in range(ROUNDS):
        value, prices, card_price = program.solve()
        bound, fresh = program.look(prices, card_price)
        best = max(best, bound)
        # Both are whole moves in the end: once they round to the same number, no round can change it.
        if not fresh or -(-best // Q) >= value:
            break
    return -(-best // Q)


@dataclass(slots=True)
class _Program:
    """The LP's rows: kinds (all slices have a place), kinds of cards, cards in use."""

    kinds: Sequence[tuple[int, ...]]
    cards: Sequence[Stock]
    in_use: int
    total: Counter[int] = field(default_factory=Counter)
    stays: list[tuple[int, Pattern]] = field(default_factory=list)
    sizes: Sizes = field(init=False)
    known: dict[tuple[int, Pattern], Column] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with every card as it is. ``stays``: per card every part of its content that could stay."""
        rests = []
        for index, card in enumerate(self.cards):
            for stay in _subsets(card.content):
                held = [
                    sum(self.kinds[kind][at] * many for kind, many in stay) for at in range(len(card.size))
                ]
                self.stays.append((index, stay))
                rests.append(tuple(free - taken for free, taken in zip(card.size, held, strict=True)))
        self.sizes = Sizes(self.kinds, rests)
        for index, card in enumerate(self.cards):
            for kind, many in card.content:
                self.total[kind] += many * card.count
            self._add(index, card.content)

    def _add(self, index: int, content: Pattern) -> bool:
        if (index, content) in self.known:
            return False
        before = dict(self.cards[index].content)
        moves = sum(max(0, many - before.get(kind, 0)) for kind, many in content)
        rows = [*content, (len(self.kinds) + index, 1)]
        if content and self.cards[index].emptiable:
            rows.append((len(self.kinds) + len(self.cards), 1))
        self.known[index, content] = Column(-moves, tuple(rows))
        return True

    def solve(self) -> tuple[float, list[int], int]:
        """Return the moves of the LP so far, the price of each kind, and that of a card in use; prices times Q."""
        lacking = [Column(-DEAR, ((kind, 1),)) for kind in range(len(self.kinds))]
        lows: list[float | None] = [float(self.total[kind]) for kind in range(len(self.kinds))]
        lows += [None] * (len(self.cards) + 1)
        highs: list[float | None] = [None] * len(self.kinds)
        highs += [float(card.count) for card in self.cards]
        value, duals = maximise([*lacking, *self.known.values()], lows, [*highs, float(self.in_use)])
        prices = [max(0, round(-dual * Q)) for dual in duals[: len(self.kinds)]]
        return -value, prices, max(0, round(duals[-1] * Q))

    def look(self, prices: Sequence[int], card_price: int) -> tuple[int, bool]:
        """Return the bound at these prices, times Q, and whether there are new columns for the LP."""
        bound = sum(prices[kind] * many for kind, many in self.total.items()) - card_price * self.in_use
        best: list[tuple[int, Pattern]] = [(0, ()) for _ in self.cards]
        for (index, stay), fill in zip(self.stays, self._fills(prices), strict=True):
            content = _joined(stay, fill.pattern)
            worth = fill.worth + sum(prices[kind] * many for kind, many in stay)
            if content and self.cards[index].emptiable:
                worth -= card_price
            if worth > best[index][0]:
                best[index] = (worth, content)
        fresh = False
        for index, (worth, content) in enumerate(best):
            bound -= worth * self.cards[index].count
            fresh |= self._add(index, content)
        return bound, fresh

    def _fills(self, prices: Sequence[int]) -> list[Fill]:
        """Return the best that could come to each card for each part that stays."""
        groups: dict[frozenset[int], list[int]] = {}
        for place, (index, _) in enumerate(self.stays):
            groups.setdefault(self.cards[index].takers, []).append(place)
        found: dict[int, Fill] = {}
        for takers, places in groups.items():
            gains = [(kind, prices[kind] - Q) for kind in sorted(takers) if prices[kind] > Q]
            found.update(zip(places, self.sizes.best(gains, places), strict=True))
        return [found[place] for place in range(len(self.stays))]


def _subsets(content: Pattern) -> Iterator[Pattern]:
    """Yield every part of a content, the empty one as well."""
    for counts in product(*(range(many + 1) for _, many in content)):
        yield tuple((kind, many) for (kind, _), many in zip(content, counts, strict=True) if many)


def _joined(one: Pattern, other: Pattern) -> Pattern:
    return tuple(sorted((Counter(dict(one)) + Counter(dict(other))).items()))
