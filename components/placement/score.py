"""Best fit: of all places that are free at once, the one that leaves the least behind.

Compared are, in this order and all as integers: a card in use before an empty one (so that whole cards stay free), the
memory left over in thousandths of the card, the compute left over, the node's CPU left over, how many whole cards of the
node are free; and last the node's name and the card's index and UUID, as which cards are numbered.

Cards of one pool, unit and capacity are kept in one sorted list, so that a search starts at the smallest rest that is
large enough and ends at the first card that passes the filters: this is the fast form of ``feasible.py``.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence

from components.placement.capacity import Books, Grid
from components.placement.feasible import Ask
from components.spec.units import FULL_COMPUTE

Rank = tuple[int, ...]
_Key = tuple[int, int, int, int, int]
"""Memory, compute and node CPU that are free, free cards of the node, number of the card."""
PARTS = 1000
"""Into how many parts a card's memory is divided where cards of different sizes are compared."""


class Shelf:
    """The cards that may take something new, ordered by what is free of them in ``peak``."""

    __slots__ = ("_books", "_grid", "_keys", "_lists", "_shape_of", "_shapes", "free_cards")

    def __init__(self, grid: Grid, books: Books) -> None:
        """Sort all ready cards of ready nodes."""
        self._grid = grid
        self._books = books
        self._shapes: dict[str, list[tuple[str, int]]] = {}
        self._lists: dict[tuple[str, str, int], list[_Key]] = {}
        self._keys: list[_Key | None] = [None] * len(grid.uuids)
        self._shape_of: list[tuple[str, str, int]] = []
        self.free_cards = [0] * len(grid.nodes)
        for card, node in enumerate(grid.card_node):
            where = grid.nodes[node]
            self._shape_of.append((where.pool, where.unit, grid.caps[2 * card]))
        for node, view in enumerate(grid.views):
            if view.state == "ready":
                self._fill(node)
        for (pool, unit, capacity), keys in sorted(self._lists.items()):
            keys.sort()
            self._shapes.setdefault(pool, []).append((unit, capacity))

    def _fill(self, node: int) -> None:
        cards = [card for card in self._grid.cards_of[node] if self._grid.card_ready[card]]
        self._count_free(node, cards)
        for card in cards:
            key = self._keys[card] = self._key(card, node)
            self._lists.setdefault(self._shape_of[card], []).append(key)

    def _count_free(self, node: int, cards: Iterable[int]) -> None:
        peak = self._books.peak
        self.free_cards[node] = sum(not peak[2 * card] and not peak[2 * card + 1] for card in cards)

    def _key(self, card: int, node: int) -> _Key:
        peak, caps = self._books.peak, self._grid.caps
        cpu = self._grid.cpu_slot(node)
        return (
            caps[2 * card] - peak[2 * card],
            FULL_COMPUTE - peak[2 * card + 1],
            caps[cpu] - peak[cpu],
            self.free_cards[node],
            card,
        )

    def touch(self, node: int) -> None:
        """Put the cards of a node where they belong after something was booked or taken back there."""
        cards = [card for card in self._grid.cards_of[node] if self._keys[card] is not None]
        self._count_free(node, cards)
        for card in cards:
            old, new = self._keys[card], self._key(card, node)
            if old is not None and old != new:
                keys = self._lists[self._shape_of[card]]
                del keys[bisect_left(keys, old)]
                insort(keys, new)
                self._keys[card] = new

    def best(self, ask: Ask) -> tuple[int, tuple[int, ...]] | None:
        """Return (node, cards) of the best place that is free at once, or None."""
        if ask.kind == "slice":
            card = self._best_card(ask)
            return None if card is None else (self._grid.card_node[card], (card,))
        return self._best_node(ask)

    def _best_card(self, ask: Ask) -> int | None:
        best: Rank | None = None
        for unit, capacity in self._shapes.get(ask.pool, ()):
            need = ask.sizes[unit]
            if need > capacity:
                continue
            key = self._first(self._lists[ask.pool, unit, capacity], need, ask)
            if key is not None:
                rank = self._rank(key, need, capacity, ask)
                if best is None or rank < best:
                    best = rank
        return None if best is None else best[-1]

    def _first(self, keys: list[_Key], need: int, ask: Ask) -> _Key | None:
        """Return the first card that passes the filters, looking from the smallest sufficient rest."""
        grid, compute, cpu = self._grid, ask.compute, ask.cpu
        for index in range(bisect_left(keys, (need,)), len(keys)):
            key = keys[index]
            if (compute and key[1] < compute) or (cpu and key[2] < cpu):
                continue
            if ask.models and grid.card_model[key[4]] not in ask.models:
                continue
            if self._node_takes(ask, grid.card_node[key[4]]):
                return key
        return None

    def _node_takes(self, ask: Ask, node: int) -> bool:
        """Return whether the node, beside its cards and CPU, takes one more."""
        grid, books = self._grid, self._books
        slot = grid.cpu_slot(node) + 1
        if ask.memory and books.peak[slot] + ask.memory > grid.caps[slot]:
            return False
        if ask.types and grid.nodes[node].instance_type not in ask.types:
            return False
        if ask.spread is not None and not ask.spread.allows(node):
            return False
        return not (ask.other_kind and books.peak_kinds[node][ask.other_kind])

    @staticmethod
    def _rank(key: _Key, need: int, capacity: int, ask: Ask) -> Rank:
        memory, compute, cpu, free_cards, card = key
        return (
            int(memory == capacity),
            (memory - need) * PARTS // max(capacity, 1),
            compute - ask.compute,
            cpu - ask.cpu,
            free_cards,
            card,
        )

    def _best_node(self, ask: Ask) -> tuple[int, tuple[int, ...]] | None:
        grid, peak = self._grid, self._books.peak
        best: tuple[int, int, int, int] | None = None
        chosen: tuple[int, ...] = ()
        for node in grid.pools.get(ask.pool, ()):
            if grid.views[node].state != "ready" or self.free_cards[node] < ask.claim.gpu:
                continue
            cpu = grid.cpu_slot(node)
            left = grid.caps[cpu] - peak[cpu] - ask.cpu
            if (ask.cpu and left < 0) or not self._node_takes(ask, node):
                continue
            cards = self.whole_cards(ask, node)
            if cards is None:
                continue
            rank = (self.free_cards[node], left, grid.caps[cpu + 1] - peak[cpu + 1], node)
            if best is None or rank < best:
                best, chosen = rank, cards
        return None if best is None else (best[-1], chosen)

    def whole_cards(self, ask: Ask, node: int) -> tuple[int, ...] | None:
        """Return the free cards that an exclusive claim takes on this node, the smallest first; none for a CPU claim."""
        if not ask.claim.gpu:
            return ()
        grid, peak = self._grid, self._books.peak
        free = [
            card
            for card in grid.cards_of[node]
            if self._keys[card] is not None
            and grid.caps[2 * card] > 0
            and not peak[2 * card]
            and not peak[2 * card + 1]
            and (not ask.models or grid.card_model[card] in ask.models)
        ]
        if len(free) < ask.claim.gpu:
            return None
        free.sort(key=lambda card: (grid.caps[2 * card], card))
        return tuple(sorted(free[: ask.claim.gpu]))


def final_rank(grid: Grid, books: Books, node: int, cards: Sequence[int], ask: Ask) -> Rank:
    """Rank a place of the final view by the same measure."""
    cpu = grid.cpu_slot(node)
    left = grid.caps[cpu] - books.final[cpu] - ask.cpu
    if ask.kind != "slice":
        free = sum(not books.final[2 * card] for card in grid.cards_of[node])
        return (0, free, left, node, *cards)
    (card,) = cards
    used, capacity = books.final[2 * card], grid.caps[2 * card]
    rest = (capacity - used - ask.sizes[grid.nodes[node].unit]) * PARTS // max(capacity, 1)
    return (int(used == 0), rest, FULL_COMPUTE - books.final[2 * card + 1] - ask.compute, left, card)
