"""The state of choosing: what is free, what it is worth, and which place is best for every ask.

It is computed from what is free of the nodes and from the claims that are expected; afterwards every change of a node is
told to it (:meth:`Engine.set_node`) or made by it (:meth:`Engine.place`), and costs the same however many nodes there
are. An engine that was told of changes answers like one that is computed anew.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from components.placement.value.claims import CPU_STEP, Book
from components.placement.value.compiled import compiled, interpret
from components.placement.value.kernels import PLAIN, Kernels
from components.placement.value.memory import Span, Table, laid
from components.placement.value.shape import NEVER, Crowd, Market, Nodes, Ranks, Tables, Work

SOLVE = tuple(eta for eta in (0.1, 0.05, 0.025) for _ in range(150))
"""Step sizes of the first prices."""
ADJUST = tuple(eta for eta in (0.05, 0.02, 0.01) for _ in range(10))
"""Step sizes when prices are adjusted to what has arrived since."""


@dataclass(frozen=True, slots=True)
class Free:
    """What is free of one node: ``cards`` has (kind, MiB, percent) per card, kind -1 for one that takes nothing."""

    kind: int
    cpu: int
    memory: int
    cards: tuple[tuple[int, int, int], ...]
    slices: tuple[int, int, int] = (0, 0, 0)


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
            interpreted = interpret(self._rounds(book, len(nodes), steps))
        self.interpreted = interpreted
        self._kernels: Kernels = PLAIN if interpreted else compiled()
        prices = len(shape.cpu_prices)
        self._shape = self._form(shape)
        self._asks = self._form(book.asks)
        self.market = self._form(Market(_copied(book.mix), _copied(book.gangs)))
        self.tables = self._form(
            Tables(
                self._zeros("q", shape.first[-1], prices),
                self._zeros("q", len(shape.units) * (shape.cards + 1), prices),
            )
        )
        self._scratch = self._form(self._work())
        self._nodes = self._form(_nodes(book, kinds, nodes, sizes))
        self._ranks = self._form(_ranks(len(book.claims), len(nodes)))
        self._world = tuple(
            self._handed(part) for part in (self._shape, self.tables, self._nodes, self._asks, self._ranks)
        )
        self.price([0.0] * len(book.claims), ())

    @staticmethod
    def _rounds(book: Book, nodes: int, steps: int) -> int:
        """Return about how many inner rounds solving and choosing take."""
        shape, prices = book.shape, len(book.shape.cpu_prices)
        tables = prices * int(shape.first[-1])
        return steps * book.rounds_of_a_step() + tables + prices * nodes * len(book.claims) * shape.cards

    def _form(self, bundle: Any) -> Any:
        """Return the bundle as the kernels take it: as it is where they are interpreted, else as memory."""
        return bundle if self.interpreted else laid(bundle)

    def _handed(self, bundle: Any) -> Any:
        """Return what a kernel is handed: the bundle, or its address, which ctypes would look up at every call."""
        return bundle if self.interpreted else bundle._as_parameter_

    def _zeros(self, code: str, rows: int, width: int) -> Any:
        """Return rows of zeros, as memory where the kernels are compiled."""
        if self.interpreted:
            return [[0 if code == "q" else 0.0] * width for _ in range(rows)]
        return Table(array(code, [0]) * (rows * width), width)

    def _work(self) -> Work:
        shape, classes, gangs = self.book.shape, len(self.book.mix.value), len(self.book.gangs.value)
        prices, types, states = len(shape.cpu_prices), len(shape.units), shape.first[-1]
        spots = types * (shape.cards + 1) * prices
        return Work(
            weight=self._zeros("d", classes, prices),
            by_size=self._zeros("d", types * classes, prices),
            energy=self._zeros("d", states, prices),
            cards=self._zeros("d", states, prices),
            flow=self._zeros("d", classes, prices),
            gang=[0.0] * spots,
            gang_best=[-1] * spots,
            worth=array("d", [0.0]) * (states * prices),
            used=[0.0] * classes,
            gangs_used=[0.0] * gangs,
        )

    def price(self, wanted: Sequence[float], schedule: Sequence[float]) -> None:
        """Move the prices by the given steps towards how many of each claim are still expected, and value all anew."""
        ones, gangs = self.book.expect(wanted)
        for i, amount in enumerate(ones):
            self.market.mix.wanted[i] = amount
        for m, amount in enumerate(gangs):
            self.market.gangs.wanted[m] = amount
        crowd = self._form(_crowd(self.book, self._nodes))
        steps = list(schedule) if self.interpreted else Span(array("d", schedule))
        self._kernels.price(self._shape, self.market, crowd, self._scratch, self.tables, self._nodes, steps)
        for ask in range(len(self.book.claims)):
            self._ranks.seen[ask] = -1

    def rank(self) -> None:
        """Rank all nodes for all asks now rather than when they are asked for."""
        for ask in range(len(self.book.claims)):
            self._kernels.best(*self._world, ask)

    def best(self, ask: int, allowed: Sequence[bool] | None = None) -> tuple[int, int] | None:
        """Return (node, place of its card) where the ask loses least, or None; the card is -1 for none or whole ones.

        ``allowed``: per node, whether it may be there; None for all.
        """
        if allowed is None:
            node = self._kernels.best(*self._world, ask)
        else:
            mask = list(allowed) if self.interpreted else Span(array("q", allowed))
            node = self._kernels.best_among(*self._world, ask, mask)
        if node < 0:
            return None
        at = self._ranks.place[ask * self._ranks.leaves + node]
        return node, at - node * self._shape.cards if at >= 0 else -1

    def loss(self, ask: int, node: int, card: int = -1) -> tuple[int, int] | None:
        """Return what a node loses by one more of the ask, and the place of the card, or None where it does not fit.

        ``card``: the place of the card of a slice; -1 for the best one.
        """
        world = self._world[:4]
        if card >= 0:
            at = node * self._shape.cards + card
            loss = self._kernels.weigh_card(*world, ask, at)
        else:
            loss, at = self._kernels.weigh(*world, ask, node)
        if loss >= NEVER:
            return None
        return loss, at - node * self._shape.cards if at >= 0 else -1

    def place_all(self, asks: Sequence[int]) -> list[tuple[int, int]]:
        """Place asks in turn where they lose least; return (node, places of cards as bits) each, node -1 for nowhere."""
        numbers = array("q", [0]) * (2 * len(asks))
        if self.interpreted:
            self._kernels.place_all(*self._world, asks, numbers)
        else:
            self._kernels.place_all(*self._world, Span(array("q", asks)), Span(numbers))
        return list(zip(numbers[::2], numbers[1::2], strict=True))

    def set_node(self, node: int, free: Free) -> None:
        """Take over what is free of a node."""
        _write(self._shape.cards, self._nodes, node, free, self.book.type_of)
        self._kernels.change(*self._world[:3], node)

    def arrays(self) -> Nodes:
        """Return a copy of what is known of the nodes, to compare engines in tests."""
        parts: list[Any] = [part if isinstance(part, int) else list(part) for part in self._nodes]
        return Nodes(*parts)


def _copied(bundle: Any) -> Any:
    return type(bundle)(*(list(part) for part in bundle))


def _write(cards: int, nodes: Nodes, node: int, free: Free, type_of: Sequence[int]) -> None:
    nodes.cpu[node], nodes.memory[node] = free.cpu, free.memory
    for place, number in enumerate(free.slices):
        nodes.slices[3 * node + place] = number
    for at, (kind, room, compute) in enumerate(free.cards, node * cards):
        nodes.type[at] = type_of[kind] if kind >= 0 else -1
        nodes.room[at], nodes.compute[at] = room, compute


def _nodes(book: Book, kinds: int, frees: Sequence[Free], sizes: Sequence[Sequence[int]]) -> Nodes:
    cards, prices, many = book.shape.cards, len(book.shape.cpu_prices), len(frees)
    nodes = Nodes(
        kinds=kinds,
        kind=[free.kind for free in frees],
        number=[len(free.cards) for free in frees],
        cpu=[0] * many,
        memory=[0] * many,
        slices=[0] * (3 * many),
        main=[0] * many,
        type=[-1] * (many * cards),
        size=[1] * (many * cards),
        room=[-1] * (many * cards),
        compute=[0] * (many * cards),
        state=[-1] * (many * cards),
        twin=[0] * (many * cards),
        left=[0] * many,
        whole=[0] * many,
        worth=[[0] * prices for _ in frees],
        before=[0] * many,
        changed=[0] * many,
        log=[0] * max(1024, many),
        clock=[0],
    )
    for node, free in enumerate(frees):
        _write(cards, nodes, node, free, book.type_of)
        for place, size in enumerate(sizes[node]):
            nodes.size[node * cards + place] = max(size, 1)
        nodes.main[node] = next((book.type_of[kind] for kind, _, _ in free.cards if kind >= 0), 0)
    return nodes


def _ranks(asks: int, nodes: int) -> Ranks:
    leaves = 2
    while leaves < nodes:
        leaves *= 2
    return Ranks(
        loss=array("q", [NEVER]) * (asks * leaves),
        place=array("q", [-1]) * (asks * leaves),
        winner=array("q", [0]) * (asks * leaves),
        seen=[-1] * asks,
        leaves=leaves,
    )


def _crowd(book: Book, nodes: Nodes) -> Crowd:
    """Return the nodes with like ones once. The CPU of like nodes may differ by less than a core."""
    cards = book.shape.cards
    alike: dict[tuple[int, ...], list[int]] = {}
    for node, cpu in enumerate(nodes.cpu):
        states = sorted(nodes.state[node * cards : (node + 1) * cards], reverse=True)
        alike.setdefault((nodes.main[node], cpu // CPU_STEP, nodes.whole[node], *states), []).append(node)
    kinds = sorted(alike)
    seen = sorted({state for kind in kinds for state in kind[3:] if state >= 0})
    number = {state: place for place, state in enumerate(seen)}
    return Crowd(
        times=[float(len(alike[kind])) for kind in kinds],
        cpu=[float(nodes.cpu[alike[kind][0]]) for kind in kinds],
        whole=[kind[2] for kind in kinds],
        type=[kind[0] for kind in kinds],
        card=[number.get(state, -1) for kind in kinds for state in kind[3:]],
        state=seen,
    )
