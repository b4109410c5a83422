"""The state of choosing: what is free, what it is worth, and which place is best for every ask.

It is computed from what is free of the nodes and from the claims that are expected; afterwards every change of a node is
told to it (:meth:`Engine.set_node`) or made by it (:meth:`Engine.place`), and costs the same however many nodes there
are. An engine that was told of changes answers like one that is computed anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from components.placement.value.claims import CPU_STEP, Book
from components.placement.value.compiled import PLAIN, Kernels, compiled, loaded
from components.placement.value.shape import NEVER, Crowd, Ints, Market, Nodes, Ranks, Tables, Work

SOLVE = tuple(eta for eta in (0.1, 0.05, 0.025) for _ in range(150))
"""Step sizes of the first prices."""
ADJUST = tuple(eta for eta in (0.05, 0.02, 0.01) for _ in range(10))
"""Step sizes when prices are adjusted to what has arrived since."""
SMALL = 1_000_000
"""Up to how many inner rounds it is quicker to interpret the kernels than to load the compiled ones."""


@dataclass(frozen=True, slots=True)
class Free:
    """What is free of one node: ``cards`` has (kind, MiB, percent) per card, kind -1 for one that takes nothing."""

    kind: int
    cpu: int
    memory: int
    cards: tuple[tuple[int, int, int], ...]
    slices: tuple[int, int, int] = (0, 0, 0)


class _Turns(NamedTuple):
    asks: Ints
    found: Ints


class Engine:
    """Nodes, claims and prices; nodes and claims are known by their numbers.

    ``interpreted``: None leaves the choice to the size of the work; the answers are the same.
    """

    def __init__(
        self,
        book: Book,
        kinds: int,
        nodes: Sequence[Free],
        sizes: Sequence[Sequence[int]],
        *,
        steps: int = 0,
        interpreted: bool | None = None,
    ) -> None:
        """``kinds``: how many kinds of nodes there are; ``sizes``: MiB of each node's cards when empty.

        ``steps``: about how many steps prices will take.
        """
        self.book = book
        shape = book.shape
        if interpreted is None:
            interpreted = not loaded() and self._rounds(book, len(nodes), steps) <= SMALL
        self.interpreted = interpreted
        self._kernels: Kernels = PLAIN if interpreted else compiled()
        prices = len(shape.cpu_prices)
        self._shape = self._form(shape)
        self._asks = self._form(book.asks)
        self.market = Market(self._form(_copied(book.mix)), self._form(_copied(book.gangs)))
        self.tables = self._form(
            Tables(
                np.zeros((shape.first[-1], prices), np.int64),
                np.zeros((len(shape.units) * (shape.cards + 1), prices), np.int64),
            )
        )
        self._nodes = self._form(_nodes(book, kinds, nodes, sizes))
        self._ranks = self._form(_ranks(len(book.claims), len(nodes)))
        self._scratch = self._form(_work(book))
        self.price([0.0] * len(book.claims), ())

    @staticmethod
    def _rounds(book: Book, nodes: int, steps: int) -> int:
        """Return about how many inner rounds solving and choosing take."""
        shape, prices = book.shape, len(book.shape.cpu_prices)
        tables = prices * int(shape.first[-1])
        return steps * book.rounds_of_a_step() + tables + prices * nodes * len(book.claims) * shape.cards

    def _form(self, bundle: Any) -> Any:
        """Return the bundle with lists instead of arrays where the kernels are interpreted: these are quicker then."""
        if not self.interpreted:
            return bundle
        return type(bundle)(*(part.tolist() if isinstance(part, np.ndarray) else part for part in bundle))

    def price(self, wanted: Sequence[float], schedule: Sequence[float]) -> None:
        """Move the prices by the given steps towards how many of each claim are still expected, and value all anew."""
        ones, gangs = self.book.expect(wanted)
        for i, amount in enumerate(ones):
            self.market.mix.wanted[i] = amount
        for m, amount in enumerate(gangs):
            self.market.gangs.wanted[m] = amount
        crowd = self._form(_crowd(self.book, self._nodes))
        work = self._scratch._replace(worth=np.zeros(len(crowd.state) * len(self.book.shape.cpu_prices)))
        work = self._form(work) if self.interpreted else work
        steps = list(schedule) if self.interpreted else np.array(schedule, dtype=np.float64)
        self._kernels.price(self._shape, self.market, crowd, work, self.tables, self._nodes, steps)
        for ask in range(len(self.book.claims)):
            self._ranks.seen[ask] = -1

    def rank(self) -> None:
        """Rank all nodes for all asks now rather than when they are asked for."""
        for ask in range(len(self.book.claims)):
            self._kernels.best(self._shape, self.tables, self._nodes, self._asks, self._ranks, ask)

    def best(self, ask: int, allowed: Sequence[bool] | None = None) -> tuple[int, int] | None:
        """Return (node, place of its card) where the ask loses least, or None; the card is -1 for none or whole ones.

        ``allowed``: per node, whether it may be there; None for all.
        """
        world = (self._shape, self.tables, self._nodes, self._asks, self._ranks, ask)
        if allowed is None:
            node = int(self._kernels.best(*world))
        else:
            mask = list(allowed) if self.interpreted else np.array(allowed, dtype=np.int64)
            node = int(self._kernels.best_among(*world, mask))
        if node < 0:
            return None
        at = int(self._ranks.place[ask * self._ranks.leaves + node])
        return node, at - node * self._shape.cards if at >= 0 else -1

    def loss(self, ask: int, node: int, card: int = -1) -> tuple[int, int] | None:
        """Return what a node loses by one more of the ask, and the place of the card, or None where it does not fit.

        ``card``: the place of the card of a slice; -1 for the best one.
        """
        world = (self._shape, self.tables, self._nodes, self._asks, ask)
        if card >= 0:
            at = node * self._shape.cards + card
            loss = self._kernels.weigh_card(*world, at)
        else:
            loss, at = self._kernels.weigh(*world, node)
        if loss >= NEVER:
            return None
        return int(loss), int(at) - node * self._shape.cards if at >= 0 else -1

    def place_all(self, asks: Sequence[int]) -> list[tuple[int, int]]:
        """Place asks in turn where they lose least; return (node, places of cards as bits) each, node -1 for nowhere."""
        turns = self._form(_Turns(np.array(asks, dtype=np.int64), np.zeros(2 * len(asks), np.int64)))
        self._kernels.place_all(self._shape, self.tables, self._nodes, self._asks, self._ranks, *turns)
        numbers = list(turns.found) if self.interpreted else turns.found.tolist()
        return list(zip(numbers[::2], numbers[1::2], strict=True))

    def set_node(self, node: int, free: Free) -> None:
        """Take over what is free of a node."""
        _write(self._shape.cards, self._nodes, node, free, self.book.type_of)
        self._kernels.change(self._shape, self.tables, self._nodes, node)

    def arrays(self) -> Nodes:
        """Return what is known of the nodes, to compare engines in tests."""
        parts: list[Any] = [np.array(part) for part in self._nodes]
        return Nodes(*parts)


def _copied(bundle: Any) -> Any:
    return type(bundle)(*(part.copy() for part in bundle))


def _write(cards: int, nodes: Nodes, node: int, free: Free, type_of: Sequence[int]) -> None:
    nodes.cpu[node], nodes.memory[node] = free.cpu, free.memory
    for place, number in enumerate(free.slices):
        nodes.slices[3 * node + place] = number
    for place, (kind, room, compute) in enumerate(free.cards):
        at = node * cards + place
        nodes.type[at] = type_of[kind] if kind >= 0 else -1
        nodes.room[at], nodes.compute[at] = room, compute


def _nodes(book: Book, kinds: int, frees: Sequence[Free], sizes: Sequence[Sequence[int]]) -> Nodes:
    cards, prices, many = book.shape.cards, len(book.shape.cpu_prices), len(frees)
    zeros = np.zeros
    nodes = Nodes(
        kinds=kinds,
        kind=np.array([free.kind for free in frees], dtype=np.int64),
        number=np.array([len(free.cards) for free in frees], dtype=np.int64),
        cpu=zeros(many, np.int64),
        memory=zeros(many, np.int64),
        slices=zeros(3 * many, np.int64),
        main=zeros(many, np.int64),
        type=np.full(many * cards, -1, np.int64),
        size=np.ones(many * cards, np.int64),
        room=np.full(many * cards, -1, np.int64),
        compute=zeros(many * cards, np.int64),
        state=np.full(many * cards, -1, np.int64),
        twin=zeros(many * cards, np.int64),
        left=zeros(many, np.int64),
        whole=zeros(many, np.int64),
        worth=zeros((many, prices), np.int64),
        before=zeros(many, np.int64),
        changed=zeros(many, np.int64),
        log=zeros(max(1024, many), np.int64),
        clock=zeros(1, np.int64),
    )
    for node, free in enumerate(frees):
        _write(cards, nodes, node, free, book.type_of)
        for place, size in enumerate(sizes[node]):
            nodes.size[node * cards + place] = max(size, 1)
        types = [book.type_of[kind] for kind, _, _ in free.cards if kind >= 0]
        nodes.main[node] = types[0] if types else 0
    return nodes


def _ranks(asks: int, nodes: int) -> Ranks:
    leaves = 2
    while leaves < nodes:
        leaves *= 2
    return Ranks(
        loss=np.full(asks * leaves, NEVER, np.int64),
        place=np.full(asks * leaves, -1, np.int64),
        winner=np.zeros(asks * leaves, np.int64),
        seen=np.full(asks, -1, np.int64),
        leaves=leaves,
    )


def _work(book: Book) -> Work:
    shape, classes, gangs = book.shape, len(book.mix.value), len(book.gangs.value)
    prices, types = len(shape.cpu_prices), len(shape.units)
    rows, states = types * prices, prices * int(shape.first[-1])
    spots = types * (shape.cards + 1) * prices
    return Work(
        weight=np.zeros(rows * classes),
        by_size=np.zeros(rows * classes),
        energy=np.zeros(states),
        cards=np.zeros(states),
        flow=np.zeros(max(classes, 1)),
        gang=np.zeros(spots),
        gang_best=np.full(spots, -1, np.int64),
        worth=np.zeros(0),
        used=np.zeros(classes),
        gangs_used=np.zeros(gangs),
    )


def _crowd(book: Book, nodes: Nodes) -> Crowd:
    """Return the nodes with like ones once. The CPU of like nodes may differ by less than a core."""
    shape = book.shape
    cpu, whole, main = np.array(nodes.cpu), np.array(nodes.whole), np.array(nodes.main)
    states = np.array(nodes.state).reshape(len(cpu), shape.cards)
    states = -np.sort(-states, axis=1)
    table = np.column_stack([main, cpu // CPU_STEP, whole, states])
    _, first, times = np.unique(table, axis=0, return_index=True, return_counts=True)
    states = states[first]
    seen, numbers = np.unique(states[states >= 0], return_inverse=True)
    card = np.full(states.shape, -1, np.int64)
    card[states >= 0] = numbers
    return Crowd(
        times=times.astype(np.float64),
        cpu=cpu[first].astype(np.float64),
        whole=whole[first],
        type=main[first],
        card=np.ascontiguousarray(card.ravel()),
        state=seen.astype(np.int64),
    )
