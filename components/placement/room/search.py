"""The fewest moves that make a claim fit: iterative deepening over chains of evictions.

With every number of moves in turn, one item after another is looked after: the one with the fewest places first. It is set
down where it fits, or where it fits once a smallest set of others is lifted. As soon as every item that is still in the air
has at least as many untouched places as there are items, each gets one of its own and nothing else needs to be tried. So
all sets of moves of that size are gone through, unless the effort runs out first; effort is counted in places tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from heapq import merge
from itertools import islice

from components.placement.room.field import Field, Item, Landing
from components.placement.room.passage import passage
from components.placement.room.victims import Eviction, evictions

EXACT = 3
"""Up to so many moves the search goes through all there are, on pools that the effort covers."""
DEEPEST = 8
"""More moves than this for one claim are not looked for."""
TOGETHER_SHARE = 4
"""Which part of the effort may go into room for several claims together."""
TRIED_AT_ONCE = 16
"""How many ways to evict somebody cost as much as one place that is tried."""
RANKED = 64
"""Among how many untouched nodes the best is chosen."""


class _SpentError(Exception):
    """The effort is spent."""


@dataclass(frozen=True, slots=True)
class Found:
    """How room is made: ``moves`` in the order in which they are made, then the ``places`` of the claims.

    ``breaks``: there is no order in which each new instance starts beside its old one.
    """

    moves: tuple[Landing, ...]
    places: tuple[Landing, ...]
    breaks: bool


@dataclass(slots=True)
class Effort:
    """How many places may still be tried in one plan, so that a hopeless large pool is refused in time."""

    left: int
    _floor: int = 0

    def limit(self, share: int) -> None:
        """Let the search that begins now spend no more than this share of what is left."""
        self._floor = self.left - self.left // share

    def spend(self, count: int = 1) -> None:
        """Count places tried."""
        self.left = max(self.left - count, 0)
        if self.left <= self._floor:
            raise _SpentError


@dataclass(slots=True)
class _Ways:
    """The ways to set a kind of items down on untouched nodes, by rank, and the nodes that were not looked at yet."""

    unseen: list[int]
    found: list[Eviction] = dataclass_field(default_factory=list)


class Search:
    """Looks for room for one claim after another on one field."""

    def __init__(self, field: Field, effort: Effort) -> None:
        """Nothing is known yet."""
        self._field = field
        self._effort = effort
        self._ways: dict[tuple[int, str, int], _Ways] = {}
        self._alike: dict[int, int] = {}
        self._landings: list[Landing] = []
        self.loose: Found | None = None
        self.spent = False
        self.tried = False

    def forget(self) -> None:
        """Forget what was known of nodes, after something on the board was moved for good."""
        self._ways.clear()
        self._alike = {}

    def fewest(self, claims: tuple[Item, ...], most: int) -> Found | None:
        """Return the fewest moves, at most ``most``, after which all claims fit; without an outage where that works at all.

        ``spent`` then says whether the effort ran out before all was tried, ``tried`` whether there was anything to try;
        ``loose`` has the fewest with an outage, where these are fewer.
        """
        self.loose = None
        self.spent = self.tried = False
        # Together they may well have no room although some of them have, so something is left to look for that.
        self._effort.limit(1 if len(claims) == 1 else TOGETHER_SHARE)
        try:
            for budget in range(1, most + 1):
                found = self._look(claims, budget)
                if found is not None:
                    if self.loose is not None and len(self.loose.moves) == budget:
                        self.loose = None
                    return found
        except _SpentError:
            self.spent = True
        return self.loose

    # ------------------------------------------------------------------------------------------ one level deep

    def _look(self, air: tuple[Item, ...], budget: int) -> Found | None:
        """Find places for all items in the air, with at most ``budget`` more moves."""
        self._effort.spend()
        if not air:
            return self._finished()
        item, plenty = self._scarcest(air)
        if plenty:
            return self._settle(air)
        rest = tuple(other for other in air if other is not item)
        for node, cards in self._direct(item):
            if (found := self._try(item, node, cards, (), rest, budget)) is not None:
                return found
        for way in self._evictions(item, budget):
            found = self._try(item, way.node, way.cards, way.victims, rest, budget)
            if found is not None:
                return found
        return None

    def _try(
        self,
        item: Item,
        node: int,
        cards: tuple[int, ...],
        victims: Sequence[Item],
        rest: tuple[Item, ...],
        budget: int,
    ) -> Found | None:
        field = self._field
        self.tried = True
        for victim in victims:
            field.lift(victim)
        self._landings.append(field.land(item, node, cards))
        try:
            return self._look((*rest, *victims), budget - len(victims))
        finally:
            field.take_off(self._landings.pop())
            for victim in victims:
                field.put_back(victim)

    def _scarcest(self, air: tuple[Item, ...]) -> tuple[Item, bool]:
        """Return the item with the fewest untouched places, and whether even it has one for each item in the air."""
        counts = [(self._places(item, len(air)), index) for index, item in enumerate(air)]
        fewest, index = min(counts)
        return air[index], fewest >= len(air)

    def _places(self, item: Item, enough: int) -> int:
        """Return how many untouched nodes take an item, counted up to ``enough``; with spread over zones, how many zones."""
        nodes = self._field.untouched(item)
        if item.ask.wanted.spread != "zone":
            return sum(1 for _ in islice(nodes, enough))
        zones: set[str] = set()
        for node in nodes:
            zones.add(self._field.grid.nodes[node].zone)
            if len(zones) >= enough:
                break
        return len(zones)

    def _direct(self, item: Item) -> list[tuple[int, tuple[int, ...]]]:
        """Return where an item can be set down as things stand: on the few untouched nodes and on touched ones."""
        field = self._field
        nodes = [*field.untouched(item), *sorted(field.touched)]
        return [
            (node, cards)
            for node in nodes
            for cards in field.choices(item, node)
            if (node, cards) != (item.node, item.cards)
        ]

    def _evictions(self, item: Item, budget: int) -> Iterator[Eviction]:
        """Yield the ways to set an item down that lift others, the fewest and smallest first.

        Of untouched nodes that are alike in all that matters only the first is looked at.
        """
        field = self._field
        if budget < 1:
            return
        here = [way for node in sorted(field.touched) for way in evictions(field, item, node, budget)]
        self._effort.spend(len(field.touched) + len(here) // TRIED_AT_ONCE)
        here.sort(key=lambda way: way.rank)
        elsewhere = self._known_ways(item, budget)
        first: dict[int, int] = {}
        for way in merge(here, elsewhere, key=lambda way: way.rank):
            if way.node in field.touched or (
                first.setdefault(self._alike[way.node], way.node) == way.node
                and field.allowed(item, way.node)
            ):
                yield way

    def _known_ways(self, item: Item, budget: int) -> list[Eviction]:
        """Return the ways on nodes that are untouched now, of all that are known."""
        field = self._field
        if not self._alike:
            self._alike = field.alike()
        known = self._ways.setdefault((item.kind, item.spread, budget), _Ways(list(self._alike)))
        later = [node for node in known.unseen if node in field.touched or not field.allowed(item, node)]
        now = [node for node in known.unseen if node not in field.touched and field.allowed(item, node)]
        fresh = [way for node in now for way in evictions(field, item, node, budget)]
        self._effort.spend(len(now) + len(fresh) // TRIED_AT_ONCE)
        known.unseen = later
        if fresh:
            known.found = sorted([*known.found, *fresh], key=lambda way: way.rank)
        return [way for way in known.found if way.node not in field.touched]

    # ------------------------------------------------------------------------------------------ the end of it

    def _settle(self, air: tuple[Item, ...]) -> Found | None:
        """Give each item in the air an untouched node of its own, the best one by the engine's own ranking."""
        field = self._field
        for item in air:
            node, cards = self._best(item)
            self._landings.append(field.land(item, node, cards))
        found = self._finished()
        for _ in air:
            field.take_off(self._landings.pop())
        return found

    def _best(self, item: Item) -> tuple[int, tuple[int, ...]]:
        """Return the best untouched place: one that is free at once where there is one."""
        field, ask = self._field, item.ask
        nodes = list(islice(field.untouched(item), RANKED))
        found = field.board.chooser.best(ask)
        if found is not None and found[0] not in field.touched and field.choices(item, found[0]):
            return found
        chooser = field.board.chooser
        ranked = (
            (
                (not self._free_at_once(item, node, cards), *chooser.final_rank(node, cards, ask)),
                node,
                cards,
            )
            for node in nodes
            for cards in field.choices(item, node)
        )
        _, node, cards = min(ranked)
        return node, cards

    def _free_at_once(self, item: Item, node: int, cards: tuple[int, ...]) -> bool:
        return self._field.board.books.fits(item.plain.uses(self._field.grid, node, cards))

    def _finished(self) -> Found | None:
        """Return what is on the field now, if it can be reached; remember the first that takes an outage."""
        places = tuple(landing for landing in self._landings if landing.item.row is None)
        order = passage(self._field, self._landings)
        if order is not None:
            return Found(tuple(order), places, breaks=False)
        if self.loose is None:
            moves = [landing for landing in self._landings if landing.item.row is not None]
            self.loose = Found(tuple(moves), places, breaks=True)
        return None
