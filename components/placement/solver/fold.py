"""Which cards to empty, and where what is on them goes: few moves to few cards in use, as a problem for CP-SAT.

A card that holds nothing but movable slices is either emptied or stays as it is and takes others, within what is free of it
now. So every move finds its place free before anything has left, each new instance can begin beside its old one, and no
order of the moves is needed. Moves between cards that stay in use would need one, and could only help where this falls
short of the bound; ``rebalance`` says by how much it does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from components.placement.capacity import Grid, View
from components.placement.feasible import Ask, card_fault, node_fault, room_fault
from components.placement.solver.cp_sat import Answer, Model, Term

LIMIT = 2.0
"""Deterministic seconds for each of two questions, about seconds of one core."""


@dataclass(slots=True)
class Fold:
    """The model and what its variables stand for.

    ``view``: the bound of what is taken until the plan is carried out. ``asks``: what each kind of slice asks for.
    ``content``: card -> how many of each kind are on it, for cards that can be emptied. ``targets``: cards that are in use
    and may take others. ``gives``: whether a card is emptied. ``takes``: how many of a kind a card gets.
    """

    grid: Grid
    view: View
    asks: Sequence[Ask]
    content: dict[int, Counter[int]]
    targets: Sequence[int]
    model: Model = field(default_factory=Model)
    gives: dict[int, int] = field(default_factory=dict)
    takes: dict[tuple[int, int], int] = field(default_factory=dict)

    def build(self, moves: int) -> None:
        """Write all limits down; ``moves``: how many are allowed."""
        self.gives = {card: self.model.whole(0, 1) for card in sorted(self.content)}
        total = sum((on for on in self.content.values()), Counter[int]())
        for number, ask in enumerate(self.asks):
            for card in self.targets:
                most = self._most(ask, card)
                if most and total[number]:
                    self.takes[number, card] = self.model.whole(0, min(most, total[number]))
        for card in self.targets:
            self._card_limits(card)
        for node in sorted({self.grid.card_node[card] for card in self.targets}):
            self._node_limits(node)
        for number, ask in enumerate(self.asks):
            self._kind_limits(number, ask)
        self.model.total(self.moved(), 0, moves)

    def _most(self, ask: Ask, card: int) -> int:
        """Return how many of a kind a card can take as things stand."""
        grid, view, node = self.grid, self.view, self.grid.card_node[card]
        plain = Ask(ask.wanted, None, separate=bool(ask.other_kind))
        if node_fault(plain, grid, node) or room_fault(plain, grid, view, node):
            return 0
        if card_fault(plain, grid, view, card):
            return 0
        most = (grid.caps[2 * card] - view.level[2 * card]) // self._size(ask, card)
        return min(most, (100 - view.level[2 * card + 1]) // ask.compute) if ask.compute else most

    def _size(self, ask: Ask, card: int) -> int:
        return ask.sizes[self.grid.units[self.grid.card_node[card]]]

    def _card_limits(self, card: int) -> None:
        """What a card takes fits in what is free of it, and it takes nothing if it is emptied."""
        here = [
            (number, var)
            for number in range(len(self.asks))
            if (var := self.takes.get((number, card))) is not None
        ]
        free = self.grid.caps[2 * card] - self.view.level[2 * card]
        percent = 100 - self.view.level[2 * card + 1]
        memory: list[Term] = [(var, self._size(self.asks[number], card)) for number, var in here]
        compute: list[Term] = [
            (var, self.asks[number].compute) for number, var in here if self.asks[number].compute
        ]
        for terms, most in ((memory, free), (compute, percent)):
            if terms and card in self.gives:
                self.model.total([*terms, (self.gives[card], most)], None, most)
            elif terms:
                self.model.total(terms, None, most)

    def _node_limits(self, node: int) -> None:
        slot = self.grid.cpu_slot(node)
        on = [
            (number, var) for (number, card), var in self.takes.items() if self.grid.card_node[card] == node
        ]
        for offset in (0, 1):
            needs = [(self.asks[number].cpu, self.asks[number].memory)[offset] for number, _ in on]
            terms = [(var, need) for (_, var), need in zip(on, needs, strict=True) if need]
            if terms:
                self.model.total(terms, None, self.grid.caps[slot + offset] - self.view.level[slot + offset])

    def _kind_limits(self, number: int, ask: Ask) -> None:
        """As many arrive as leave; of a service with a spread no more on a host or zone than its share, or than now."""
        arrive = [(var, 1) for (kind, _), var in self.takes.items() if kind == number]
        leave = [(self.gives[card], on[number]) for card, on in self.content.items() if on[number]]
        if not leave:
            return
        self.model.total([*arrive, *((var, -many) for var, many in leave)], 0, 0)
        if ask.spread is None:
            return
        keys: dict[str | int, list[Term]] = {}
        for (kind, card), var in self.takes.items():
            if kind == number:
                keys.setdefault(ask.spread.key(self.grid.card_node[card]), []).append((var, 1))
        for card, on in self.content.items():
            key = ask.spread.key(self.grid.card_node[card])
            if on[number] and key in keys:
                keys[key].append((self.gives[card], -on[number]))
        for key, terms in keys.items():
            room = ask.spread.limit - ask.spread.counts[key]
            if room >= 0:
                self.model.total(terms, None, room)
            else:
                self.model.total([term for term in terms if term[1] > 0], None, 0)

    def moved(self) -> list[Term]:
        """Return the number of moves."""
        return [(self.gives[card], sum(on.values())) for card, on in self.content.items()]

    def empty(self, cards: int, least: int) -> Answer:
        """Empty exactly so many cards with the fewest moves; ``least``: so many that takes at least."""
        self.model.total([(var, 1) for var in self.gives.values()], cards, cards)
        self.model.total(self.moved(), least)
        self.model.minimise(self.moved())
        return self.model.solve(LIMIT)

    def empty_most(self) -> Answer:
        """Empty as many cards as possible, with the fewest moves that do that."""
        more = 1 + sum(sum(on.values()) for on in self.content.values())
        self.model.minimise([(var, many - more) for var, many in self.moved()])
        return self.model.solve(LIMIT)

    def read(self, answer: Answer) -> tuple[list[int], list[tuple[int, int]]]:
        """Return the cards that are emptied, and (kind, card) for each that arrives."""
        emptied = [card for card, var in self.gives.items() if answer.values[var]]
        arrivals = [key for key, var in sorted(self.takes.items()) for _ in range(answer.values[var])]
        return emptied, arrivals
