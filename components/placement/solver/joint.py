"""All instances that need a place at once, as one problem for CP-SAT: who goes where, so that most get a place on few cards.

The same limits as in ``feasible.py``, in the view of what is taken in the end: card memory and compute, whole cards, node
CPU and memory, pools, types and models, states, spread, and ``memory_only: separate``. Instances that ask for the same are
one whole number per card, not one variable each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from components.placement.capacity import MEMORY_ONLY, PERCENT, Grid, View
from components.placement.feasible import Ask, card_fault, node_fault, room_fault
from components.placement.solver.cp_sat import Answer, Model, Term
from components.spec.units import FULL_COMPUTE

Choice = tuple[int, tuple[int, ...]]
"""Node and cards."""


@dataclass(frozen=True, slots=True)
class Kind:
    """So many instances that ask for the same, and the places that they have so far.

    ``elsewhere``: places of further ones on nodes that are left out of the problem; only a spread counts them.
    """

    ask: Ask
    count: int
    chosen: tuple[Choice, ...] = ()
    elsewhere: tuple[Choice, ...] = ()


@dataclass(slots=True)
class Joint:
    """The model and what its variables stand for.

    ``slices``: how many of a kind are on a card. ``groups``: how many of a kind are on a node, for those without a card or
    with whole cards. ``wholes``: whether a kind has a card whole. ``used``: whether a card that is free now is in use.
    """

    grid: Grid
    view: View
    kinds: Sequence[Kind]
    nodes: Sequence[int]
    model: Model = field(default_factory=Model)
    slices: dict[tuple[int, int], int] = field(default_factory=dict)
    groups: dict[tuple[int, int], int] = field(default_factory=dict)
    wholes: dict[tuple[int, int], int] = field(default_factory=dict)
    used: dict[int, int] = field(default_factory=dict)
    sharing: dict[int, int] = field(default_factory=dict)

    def build(self) -> None:
        """Write all limits down."""
        for node in self.nodes:
            for number, kind in enumerate(self.kinds):
                self._offer(node, number, kind)
            self._node_limits(node)
            for card in self.grid.cards_of[node]:
                self._card_limits(card)
        for number, kind in enumerate(self.kinds):
            self.model.total(self._of_kind(number), 0, kind.count)
            self._spread(number, kind.ask)

    def _offer(self, node: int, number: int, kind: Kind) -> None:
        """Make the variables of one kind on one node."""
        ask, grid, view = kind.ask, self.grid, self.view
        if node_fault(ask, grid, node) or room_fault(ask, grid, view, node):
            return
        good = [
            card
            for card in grid.cards_of[node]
            if ask.kind != "cpu" and not card_fault(ask, grid, view, card)
        ]
        if ask.kind == "slice":
            for card in good:
                self.slices[number, card] = self.model.whole(0, min(kind.count, self._most(ask, card)))
            return
        if len(good) < ask.claim.gpu:
            return
        most = min(kind.count, len(good) // ask.claim.gpu) if ask.claim.gpu else kind.count
        group = self.groups[number, node] = self.model.whole(0, most)
        if ask.claim.gpu:
            mine = []
            for card in good:
                mine.append(self.model.whole(0, 1))
                self.wholes[number, card] = mine[-1]
            self.model.total([*((each, 1) for each in mine), (group, -ask.claim.gpu)], 0, 0)

    def _most(self, ask: Ask, card: int) -> int:
        free = self.grid.caps[2 * card] - self.view.level[2 * card]
        most = free // self.size(ask, card)
        if ask.compute:
            most = min(most, (FULL_COMPUTE - self.view.level[2 * card + 1]) // ask.compute)
        return most

    def size(self, ask: Ask, card: int) -> int:
        """Return how much card memory a slice takes there."""
        return ask.sizes[self.grid.units[self.grid.card_node[card]]]

    def on(self, node: int) -> Iterable[tuple[int, int]]:
        """Yield (kind, variable) of all that may be on a node, one per card for slices."""
        for number in range(len(self.kinds)):
            if (number, node) in self.groups:
                yield number, self.groups[number, node]
            for card in self.grid.cards_of[node]:
                if (number, card) in self.slices:
                    yield number, self.slices[number, card]

    def _node_limits(self, node: int) -> None:
        there = list(self.on(node))
        slot = self.grid.cpu_slot(node)
        for offset in (0, 1):
            taken = [
                (variable, amount)
                for number, variable in there
                if (amount := (self.kinds[number].ask.cpu, self.kinds[number].ask.memory)[offset])
            ]
            if taken:
                self.model.total(taken, None, self.grid.caps[slot + offset] - self.view.level[slot + offset])
        apart: dict[int, list[Term]] = {PERCENT: [], MEMORY_ONLY: []}
        for number, variable in there:
            if other := self.kinds[number].ask.other_kind:
                apart[other].append((variable, 1))
        if all(apart.values()):
            which = self.sharing[node] = self.model.whole(0, 1)
            most = sum(self.kinds[number].count for number, _ in there)
            self.model.total([*apart[PERCENT], (which, -most)], None, 0)
            self.model.total([*apart[MEMORY_ONLY], (which, most)], None, most)

    def _card_limits(self, card: int) -> None:
        """Keep memory and compute; where nothing is there yet, note whether the card gets used."""
        memory: list[Term] = []
        compute: list[Term] = []
        capacity, level = self.grid.caps[2 * card], self.view.level
        for number, kind in enumerate(self.kinds):
            if (variable := self.slices.get((number, card))) is not None:
                memory.append((variable, self.size(kind.ask, card)))
                if kind.ask.compute:
                    compute.append((variable, kind.ask.compute))
            elif (variable := self.wholes.get((number, card))) is not None:
                memory.append((variable, capacity))
                compute.append((variable, FULL_COMPUTE))
        if not memory:
            return
        if level[2 * card] or level[2 * card + 1]:
            self.model.total(memory, None, capacity - level[2 * card])
            self.model.total(compute, None, FULL_COMPUTE - level[2 * card + 1])
            return
        used = self.used[card] = self.model.whole(0, 1)
        self.model.total([*memory, (used, -capacity)], None, 0)
        self.model.total([*compute, (used, -FULL_COMPUTE)], None, 0)

    def _of_kind(self, number: int) -> list[Term]:
        mine = [variable for (kind, _), variable in self.slices.items() if kind == number]
        mine += [variable for (kind, _), variable in self.groups.items() if kind == number]
        return [(variable, 1) for variable in mine]

    def _spread(self, number: int, ask: Ask) -> None:
        if ask.spread is None:
            return
        places: dict[str | int, list[Term]] = {}
        for (kind, card), variable in self.slices.items():
            if kind == number:
                places.setdefault(ask.spread.key(self.grid.card_node[card]), []).append((variable, 1))
        for (kind, node), variable in self.groups.items():
            if kind == number:
                places.setdefault(ask.spread.key(node), []).append((variable, 1))
        counts = ask.spread.counts + Counter(ask.spread.key(node) for node, _ in self.kinds[number].elsewhere)
        for key, terms in places.items():
            self.model.total(terms, None, max(0, ask.spread.limit - counts[key]))

    def placed(self) -> list[Term]:
        """Return the sum of all that get a place."""
        return [(variable, 1) for variable in (*self.slices.values(), *self.groups.values())]

    def now(self) -> list[int]:
        """Return the values that stand for the places so far, as far as there are variables for them."""
        values = [0] * self.model.size
        for number, kind in enumerate(self.kinds):
            for node, cards in kind.chosen:
                for card in cards:
                    self._add(values, self.slices.get((number, card)))
                    self._add(values, self.wholes.get((number, card)))
                    if card in self.used:
                        values[self.used[card]] = 1
                self._add(values, self.groups.get((number, node)))
                if kind.ask.other_kind == MEMORY_ONLY and node in self.sharing:
                    values[self.sharing[node]] = 0
                elif kind.ask.other_kind and node in self.sharing:
                    values[self.sharing[node]] = 1
        return values

    @staticmethod
    def _add(values: list[int], variable: int | None) -> None:
        if variable is not None:
            values[variable] += 1

    def read(self, answer: Answer) -> list[list[Choice]]:
        """Return the places of each kind."""
        places: list[list[Choice]] = [[] for _ in self.kinds]
        for (number, card), variable in sorted(self.slices.items()):
            places[number] += [(self.grid.card_node[card], (card,))] * answer.values[variable]
        for (number, node), variable in sorted(self.groups.items()):
            each = self.kinds[number].ask.claim.gpu
            mine = [
                card
                for card in self.grid.cards_of[node]
                if (number, card) in self.wholes and answer.values[self.wholes[number, card]]
            ]
            for index in range(answer.values[variable]):
                places[number].append((node, tuple(mine[index * each : (index + 1) * each])))
        return places
