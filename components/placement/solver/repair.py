"""Where placing one after the other leaves somebody out, or uses more cards than it must, CP-SAT looks at all at once.

A pool is a problem of its own. What is too large for the search is cut down to the nodes that hold what this plan has placed
and those with the most room; what the plan placed elsewhere stays there. Without OR-Tools the plan stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from components.placement.capacity import Grid, View
from components.placement.feasible import Ask, final_choices
from components.placement.solver.cp_sat import MISSING, Answer, installed
from components.placement.solver.joint import Choice, Joint, Kind
from components.placement.solver.room import Room

LIMIT = 4.0
"""Deterministic seconds per pool in which places for all are looked for, unless the bounds rule that out."""
SHORT = 0.3
"""The same where somebody is certain to be left out, and to save cards: about seconds of one core."""
WIDE = 12_000
"""How many (kind, card) pairs are searched at most where somebody is left out."""
NARROW = 1_500
"""The same where only cards are to be saved: that happens in every preview of something new."""
LARGE = 50_000
"""Above so many (kind, card) pairs not even the bounds are worked out: they alone would take longer than the plan."""
Name = tuple[str, int]
UNDECIDED = (
    "The exhaustive search ended at its limit; it is not certain that this fits nowhere beside the others."
)


@dataclass(frozen=True, slots=True)
class Wish:
    """One instance: its name, what it asks for, and the place that it has so far, None for one left out."""

    name: Name
    ask: Ask
    chosen: Choice | None


@dataclass(frozen=True, slots=True)
class Better:
    """The places of all that have one, and of those left out why there might be one that was not found."""

    places: dict[Name, Choice]
    doubts: dict[Name, str]


def too_large(grid: Grid, asks: Sequence[Ask]) -> bool:
    """Return whether no pool of these is small enough to look at, even once what is hopeless is left out."""
    kinds: dict[str, set[object]] = {}
    for ask in asks:
        same: object = (ask.claim, ask.other_kind) if ask.spread is None else ask.wanted.service
        kinds.setdefault(ask.pool, set()).add(same)
    return all(
        len(same) * sum(len(grid.cards_of[node]) for node in grid.pools.get(pool, ())) > 4 * LARGE
        for pool, same in kinds.items()
    )


def better(grid: Grid, view: View, wishes: Sequence[Wish]) -> Better:
    """Return places for as many of the wishes as can be found, on as few cards; at worst those they have.

    ``view``: what is taken in the end without any of the wishes.
    """
    places: dict[Name, Choice] = {}
    doubts: dict[Name, str] = {}
    for pool in sorted({wish.ask.pool for wish in wishes}):
        mine = sorted((wish for wish in wishes if wish.ask.pool == pool), key=lambda wish: wish.name)
        problem = _Pool(grid, view, mine)
        places |= problem.better() or {wish.name: wish.chosen for wish in mine if wish.chosen is not None}
        if problem.doubt:
            doubts |= {wish.name: problem.doubt for wish in problem.wishes if wish.name not in places}
    return Better(places, doubts)


class _Pool:
    """The wishes of one pool."""

    def __init__(self, grid: Grid, view: View, wishes: Sequence[Wish]) -> None:
        self.grid, self.view = grid, view
        self.nodes = grid.pools.get(wishes[0].ask.pool, [])
        self.wishes = wishes
        self.doubt = ""
        self.kinds: dict[object, list[Wish]] = {}
        for wish in wishes:
            ask = wish.ask
            same: object = (ask.claim, ask.other_kind) if ask.spread is None else ask.wanted.service
            self.kinds.setdefault(same, []).append(wish)
        self.missing = sum(wish.chosen is None for wish in wishes)

    def better(self) -> dict[Name, Choice] | None:
        """Return better places, or None."""
        if not self.missing:
            return self._on_fewer_cards()
        self._leave_out_the_hopeless()
        if not self.missing:
            return None
        if not installed():
            self.doubt = MISSING
            return None
        if self._pairs() > LARGE:
            self.doubt = UNDECIDED
            return None
        most = self._room().most_placed((len(self.wishes) - self.missing + 1, len(self.wishes)))
        if most <= len(self.wishes) - self.missing:
            return None
        found = None
        if most >= len(self.wishes):
            problem = self._problem(WIDE)
            answer = _all_placed(problem.joint, known=False, least=0)
            if answer.status == "unknown" or problem.narrowed:
                self.doubt = UNDECIDED
            found = problem.places(answer)
        if found is None:
            problem = self._problem(WIDE)
            found = problem.places(_most_placed(problem.joint))
        return found if found is not None and self._beats(found) else None

    def _pairs(self) -> int:
        return len(self.kinds) * sum(len(self.grid.cards_of[node]) for node in self.nodes)

    def _leave_out_the_hopeless(self) -> None:
        """What fits nowhere even alone is no part of the problem."""
        for same, wishes in list(self.kinds.items()):
            ask = wishes[0].ask
            if all(wish.chosen is None for wish in wishes) and not any(
                final_choices(ask, self.grid, self.view, node) for node in self.nodes
            ):
                del self.kinds[same]
                self.missing -= len(wishes)
        self.wishes = [wish for wishes in self.kinds.values() for wish in wishes]

    def _on_fewer_cards(self) -> dict[Name, Choice] | None:
        if len(self.wishes) < 2 or len(self.wishes) * len(self.kinds) > NARROW:
            return None
        new, room = len(self._new_cards(self.wishes)), self._room()
        if new < 2 or new <= room.least_new() or not installed():
            return None
        least = room.least_new_by_lp(new)
        if new <= least:
            return None
        problem = self._problem(NARROW)
        found = problem.places(_all_placed(problem.joint, known=True, least=0 if problem.narrowed else least))
        return found if found is not None and self._beats(found) else None

    def _new_cards(self, wishes: Sequence[Wish]) -> set[int]:
        """Return the cards that this plan takes into use."""
        level = self.view.level
        return {
            card
            for wish in wishes
            if wish.chosen is not None
            for card in wish.chosen[1]
            if not level[2 * card] and not level[2 * card + 1]
        }

    def _beats(self, found: dict[Name, Choice]) -> bool:
        """Return whether more have a place than so far, or as many on fewer cards."""
        after = [Wish(wish.name, wish.ask, found.get(wish.name)) for wish in self.wishes]
        missing = sum(wish.chosen is None for wish in after)
        if missing or missing != self.missing:
            return missing < self.missing
        return len(self._new_cards(after)) < len(self._new_cards(self.wishes))

    def _room(self) -> Room:
        return Room(self.grid, self.view, [Kind(w[0].ask, len(w)) for w in self.kinds.values()], self.nodes)

    def _window(self, pairs: int) -> list[int]:
        """Return the nodes to search, so that there are not too many (kind, card) pairs."""
        placed = {wish.chosen[0] for wish in self.wishes if wish.chosen is not None}
        order = sorted(self.nodes, key=lambda node: (node not in placed, -self._free(node), node))
        chosen: list[int] = []
        for node in order:
            pairs -= max(1, len(self.grid.cards_of[node])) * len(self.kinds)
            if pairs < 0 and chosen:
                break
            chosen.append(node)
        return sorted(chosen)

    def _free(self, node: int) -> int:
        """Return what is free of a node in thousandths: card memory and CPU."""
        caps, level = self.grid.caps, self.view.level
        slots = [2 * card for card in self.grid.cards_of[node]]
        cpu = self.grid.cpu_slot(node)
        memory = sum(caps[slot] - level[slot] for slot in slots)
        all_memory = max(1, sum(caps[slot] for slot in slots))
        return memory * 1000 // all_memory + (caps[cpu] - level[cpu]) * 1000 // max(1, caps[cpu])

    def _problem(self, pairs: int) -> _Problem:
        """Write the problem down for as many nodes as may be searched."""
        nodes = self._window(pairs)
        inside = set(nodes)
        groups: list[list[Wish]] = []
        kinds: list[Kind] = []
        fixed: dict[Name, Choice] = {}
        for wishes in self.kinds.values():
            there = [wish for wish in wishes if wish.chosen is None or wish.chosen[0] in inside]
            elsewhere = {w.name: w.chosen for w in wishes if w.chosen and w.chosen[0] not in inside}
            fixed |= elsewhere
            if there:
                chosen = tuple(wish.chosen for wish in there if wish.chosen is not None)
                groups.append(there)
                kinds.append(Kind(there[0].ask, len(there), chosen, tuple(elsewhere.values())))
        joint = Joint(self.grid, self.view, kinds, nodes)
        joint.build()
        return _Problem(joint, groups, fixed, len(nodes) < len(self.nodes))


@dataclass(frozen=True, slots=True)
class _Problem:
    """A model, the wishes of each of its kinds, what keeps its place outside of it, and whether nodes were left out."""

    joint: Joint
    groups: list[list[Wish]]
    fixed: dict[Name, Choice]
    narrowed: bool

    def places(self, answer: Answer) -> dict[Name, Choice] | None:
        """Return the places of an answer, None where there is none."""
        if not answer.good:
            return None
        found = dict(self.fixed)
        for wishes, places in zip(self.groups, self.joint.read(answer), strict=True):
            found |= _handed_out(wishes, places)
        return found


def _all_placed(joint: Joint, known: bool, least: int) -> Answer:
    """Find places for all (``known``: there are some), then as few cards as the short limit shows."""
    model = joint.model
    model.total(joint.placed(), sum(kind.count for kind in joint.kinds))
    model.hint(joint.now())
    first = Answer("unknown")
    if not known:
        # Without an objective the search is at its best; with one it may look at the cards for all of its time.
        first = model.solve(LIMIT)
        if not first.good:
            return first
        model.hint(first.values)
    model.total([(card, 1) for card in joint.used.values()], least)
    _ask_for_most(joint)
    fewer = model.solve(SHORT)
    return fewer if fewer.good else first


def _most_placed(joint: Joint) -> Answer:
    """Place as many as possible, on as few cards as possible."""
    joint.model.hint(joint.now())
    _ask_for_most(joint)
    return joint.model.solve(SHORT)


def _ask_for_most(joint: Joint) -> None:
    """Placing one more is worth more than all cards; that guides the search even where all are placed anyway."""
    more = len(joint.used) + 1
    placed = [(variable, -more) for variable, _ in joint.placed()]
    joint.model.minimise([*placed, *((card, 1) for card in joint.used.values())])


def _handed_out(wishes: Sequence[Wish], places: Sequence[Choice]) -> dict[Name, Choice]:
    """Give the first wishes one of the places of their kind each; whose place is among them keeps it.

    Where there are too few, the highest ordinals of a service go without.
    """
    left = sorted(places)
    given: dict[Name, Choice] = {}
    served = wishes[: len(left)]
    for wish in served:
        if wish.chosen in left:
            left.remove(wish.chosen)
            given[wish.name] = wish.chosen
    for wish, place in zip([wish for wish in served if wish.name not in given], left, strict=True):
        given[wish.name] = place
    return given
