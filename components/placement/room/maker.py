"""Makes room on a board for claims that found no place, within ``max_moves``."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from components.placement.board import Board, Group
from components.placement.choose import Need, begin, find, same_place
from components.placement.jobs import Slot, Start
from components.placement.room.field import Field, Item, Landing
from components.placement.room.search import DEEPEST, Effort, Found, Search
from components.placement.snapshot import Held

Name = tuple[str, int]
"""Service and ordinal."""
TOGETHER = 4
"""For up to so many claims room is looked for together; for more, one after the other in their order."""
REASON = "makes room for "
"""How the reason of a move begins; the label of an instance that gets its place by it follows."""


class Room:
    """Room on one board.

    ``moves``: how many were made, ``made_for``: for whom. ``together``: what would give all of several claims a place, first
    without an outage; looked for before anything was made.
    """

    def __init__(self, board: Board, effort: Effort) -> None:
        """``effort``: shared by all that one plan looks for."""
        self._board = board
        self.effort = effort
        self._field: Field | None = None
        self._search: Search | None = None
        self.moves = 0
        self.together: list[Found] = []
        self.made_for: set[Name] = set()

    # ----------------------------------------------------------------------------------------------- make it

    def make(self, homeless: Sequence[Need], barred: Collection[Name]) -> list[Need]:
        """Make room for as many as ``max_moves`` allows, in their order; return those that are left.

        ``barred``: those for whom it was made before, and the steps could be put in no order, or a roll had no way left.
        """
        wanting = [need for need in homeless if need.name not in barred]
        if 1 < len(wanting) <= TOGETHER:
            self._look_together(wanting)
            most = self._board.options.max_moves
            within = next((found for found in self.together if len(found.moves) <= most), None)
            if within is not None:
                self._realise(within)
                return [need for need in homeless if need.name in barred]
        return [need for need in homeless if need.name in barred or not self._settled(need)]

    def _look_together(self, needs: Sequence[Need]) -> None:
        """Look for room for all of these at once: without an outage, and with one where that takes fewer moves."""
        field, search = self.tools()
        if not field.anybody:
            return
        found = search.fewest(tuple(map(self.item, needs)), max(self._board.options.max_moves, DEEPEST))
        self.together = [way for way in (found, search.loose) if way is not None]

    def _settled(self, need: Need) -> bool:
        """Give one a place if moves are left that make room for it, or if those that were made do."""
        if self.moves and (free := find(self._board, need.group.ask)) is not None:
            need.slot.start = begin(self._board, need, *free)
            return True
        most = self._board.options.max_moves - self.moves
        if most < 1:
            return False
        field, search = self.tools()
        found = search.fewest((self.item(need),), most) if field.anybody else None
        if found is not None:
            self._realise(found)
        return found is not None

    def _realise(self, found: Found) -> None:
        """Let the moved go from where they are and begin elsewhere, then the claims in their place."""
        field, search = self.tools()
        board = self._board
        for landing in found.moves:
            self._evict(landing.item, REASON + _for_whom(landing, found).label)
        for landing in found.moves:
            mover = Need(landing.item.group, landing.item.slot)
            mover.slot.start = begin(board, mover, landing.node, landing.cards, self._free(landing))
            field.moved_for_good(landing.item)
        search.forget()
        for place in found.places:
            need = Need(place.item.group, place.item.slot)
            need.slot.start = self._in_place(need, place) or begin(
                board, need, place.node, place.cards, self._free(place)
            )
            self.made_for.add(need.name)
        self.moves += len(found.moves)

    def _evict(self, item: Item, reason: str) -> None:
        assert item.row is not None, "only what sits somewhere is moved"
        if item.slot.start is not None:
            self._roll_elsewhere(item, item.slot.start, reason)
        else:
            lift(self._board, item.group, item.slot, item.row, reason)

    def _roll_elsewhere(self, item: Item, start: Start, reason: str) -> None:
        """Take back the place of one that would roll where it is; its new revision begins elsewhere."""
        self._board.take_back(start)
        item.slot.start, item.slot.why = None, reason
        if item.group.ask.spread is not None:
            item.group.ask.spread.count(start.node, -1)

    def _free(self, landing: Landing) -> bool:
        """Return whether a place is free at once."""
        books, other = self._board.books, landing.item.plain.other_kind
        return books.fits(landing.uses) and not (other and books.peak_kinds[landing.node][other])

    def _in_place(self, need: Need, place: Landing) -> Start | None:
        """Return the start of one that is replaced where it is, now that there is room for its new revision."""
        if need.slot.moved:
            return None
        for old in need.slot.olds:
            start = same_place(self._board, need.group, need.slot, old) if old.node == place.node else None
            if start is not None and self._board.grid.uses(start.place) == place.uses:
                self._board.put(start)
                if need.group.ask.spread is not None:
                    need.group.ask.spread.count(start.node)
                return start
        return None

    # -------------------------------------------------------------------------------------------------- tools

    def tools(self) -> tuple[Field, Search]:
        """Return the field and the search, which begin when first asked for."""
        if self._field is None or self._search is None:
            self._field = Field(self._board)
            self._search = Search(self._field, self.effort)
        return self._field, self._search

    def item(self, need: Need) -> Item:
        """Return a claim as the search knows it."""
        return self.tools()[0].claim(need.group, need.slot)


def lift(board: Board, group: Group, slot: Slot, row: Held, reason: str) -> None:
    """Let an instance go that stayed until now; it needs another place."""
    stop = board.evict(row, reason)
    stop.replaced = stop.serves
    slot.kept, slot.olds, slot.moved, slot.why = None, [stop], True, reason
    if group.ask.spread is not None:
        group.ask.spread.count(stop.node, -1)


def _for_whom(move: Landing, found: Found) -> Item:
    """Return the claim that gets its place by a move, directly or through others that move into the place."""
    node, seen = move.item.node, set[int]()
    while node not in seen:
        seen.add(node)
        for place in found.places:
            if place.node == node:
                return place.item
        node = next((other.item.node for other in found.moves if other.node == node), node)
    return found.places[0].item
