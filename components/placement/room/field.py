"""The final view of a board, in which instances that stay can be lifted and set down elsewhere, and all of it undone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from components.placement.board import Board, Group
from components.placement.capacity import Uses
from components.placement.feasible import Ask, card_fault, final_choices, node_fault, room_fault
from components.placement.jobs import Slot
from components.placement.room.cards import whole_sets
from components.placement.snapshot import Held
from components.spec.claim import Claim


@dataclass(slots=True, eq=False)
class Item:
    """One instance that needs a place: a claim that found none, or one that would be moved.

    ``plain`` asks without the service's spread, for what does not depend on it. ``kind`` is the same number for all that
    the same places can take, spread apart. ``row``, ``node``, ``cards``, ``uses``: where one that would be moved sits now
    and what it takes there.
    """

    group: Group
    slot: Slot
    plain: Ask
    kind: int
    row: Held | None = None
    node: int = -1
    cards: tuple[int, ...] = ()
    uses: Uses = ()

    @property
    def ask(self) -> Ask:
        """Return what it asks for, with its spread."""
        return self.group.ask

    @property
    def spread(self) -> str:
        """Return the service for one that is spread, else nothing: with ``kind`` all that decides where it may go."""
        return self.group.wanted.service if self.group.ask.spread is not None else ""

    @property
    def name(self) -> tuple[str, int]:
        """Service and ordinal, which break every tie."""
        return (self.group.wanted.service, self.slot.ordinal)

    @property
    def label(self) -> str:
        """``service/ordinal``."""
        return f"{self.group.wanted.service}/{self.slot.ordinal}"


@dataclass(slots=True, eq=False)
class Landing:
    """Where an item is set down, and what it takes there."""

    item: Item
    node: int
    cards: tuple[int, ...]
    uses: Uses


@dataclass(slots=True)
class _Known:
    """On which untouched nodes a kind of items fits, as far as somebody asked."""

    fits: list[int] = field(default_factory=list)
    unseen: list[int] = field(default_factory=list)


class Field:
    """The final view of one board, with who may be lifted from where."""

    def __init__(self, board: Board) -> None:
        """Note who may move: what stays where it is of its own accord, and what rolls there."""
        self.board = board
        self.grid = board.grid
        self.view = board.books.in_the_end
        self.lifted: set[Item] = set()
        self.touched: dict[int, int] = {}
        self._tenants: dict[int, list[Item]] = {}
        self._known: dict[int, _Known] = {}
        self._kinds: dict[tuple[Claim, str], int] = {}
        self._spread_by_host = [group for group in board.groups if group.wanted.spread == "host"]
        for group in board.groups:
            for slot in group.slots:
                # One that is on its way already, with a second row, is not sent on.
                if slot.kept is not None and not slot.pinned and not slot.olds:
                    item = self._tenant(group, slot, slot.kept)
                    self._tenants.setdefault(item.node, []).append(item)
                elif (row := self._rolls_as_it_is(slot)) is not None:
                    item = self._tenant(group, slot, row)
                    self._tenants.setdefault(item.node, []).append(item)

    def _rolls_as_it_is(self, slot: Slot) -> Held | None:
        """Return the row of one that is replaced where it is by one that takes the same: it may roll elsewhere."""
        if slot.start is None or slot.start.how != "roll" or len(slot.olds) != 1 or not slot.start.in_place:
            return None
        row = slot.olds[0].row
        same = row is not None and row.place == slot.start.place and slot.olds[0].serves
        return row if same else None

    def _tenant(self, group: Group, slot: Slot, row: Held) -> Item:
        seat = self.grid.seat(row.place)
        return Item(*self._claim(group, slot), row, seat.node, seat.cards, seat.uses)

    def claim(self, group: Group, slot: Slot) -> Item:
        """Return an instance that has no place."""
        return Item(*self._claim(group, slot))

    def _claim(self, group: Group, slot: Slot) -> tuple[Group, Slot, Ask, int]:
        ask = group.ask
        if ask.spread is not None:
            ask = Ask(group.wanted, None, separate=self.board.options.memory_only == "separate")
        return group, slot, ask, self._kinds.setdefault((ask.claim, ask.pool), len(self._kinds))

    @property
    def anybody(self) -> bool:
        """Return whether there is anybody at all who could be moved."""
        return bool(self._tenants)

    def movable(self, node: int) -> list[Item]:
        """Return who may still be lifted from a node, by name."""
        return [item for item in self._tenants.get(node, ()) if item not in self.lifted]

    def moved_for_good(self, item: Item) -> None:
        """Note that an instance is moved by this plan, so that nobody moves it again; forget what was known."""
        self._tenants[item.node].remove(item)
        self._known.clear()

    def alike(self) -> dict[int, int]:
        """Return node -> number for the nodes with somebody to lift; the same number where all that matters is the same."""
        seen: dict[object, int] = {}
        nodes = sorted(node for node in self._tenants if self._tenants[node])
        return {node: seen.setdefault(self._likeness(node), len(seen)) for node in nodes}

    def _likeness(self, node: int) -> object:
        grid, books = self.grid, self.board.books
        where = grid.nodes[node]
        on: dict[int, list[object]] = {card: [] for card in grid.cards_of[node]}
        beside: list[object] = []
        for item in self._tenants[node]:
            for found in [on[card] for card in item.cards] or [beside]:
                found.append((item.kind, item.spread))
        slot = grid.cpu_slot(node)
        return (
            (where.pool, where.instance_type, where.zone, grid.views[node].state),
            tuple(self._levels(number) for number in (slot, slot + 1)),
            frozenset(Counter(self._card_likeness(card, on[card]) for card in on).items()),
            frozenset(Counter(beside).items()),
            tuple(books.final_kinds[node]),
            tuple(
                (group.wanted.service, group.ask.spread.counts[node])
                for group in self._spread_by_host
                if group.ask.spread is not None and group.ask.spread.counts[node]
            ),
        )

    def _card_likeness(self, card: int, on: list[object]) -> object:
        grid = self.grid
        levels = (self._levels(2 * card), self._levels(2 * card + 1))
        return (grid.card_model[card], grid.card_ready[card], levels, frozenset(Counter(on).items()))

    def _levels(self, slot: int) -> tuple[int, int, int]:
        books = self.board.books
        return (self.grid.caps[slot], books.final[slot], books.peak[slot])

    # -------------------------------------------------------------------------------------- lift and set down

    def lift(self, item: Item) -> None:
        """Take an instance from where it sits."""
        self._count(item, item.node, item.uses, -1)
        self.lifted.add(item)
        self._touch(item.node)

    def put_back(self, item: Item) -> None:
        """Undo :meth:`lift`."""
        self._count(item, item.node, item.uses, 1)
        self.lifted.discard(item)
        self._leave(item.node)

    def land(self, item: Item, node: int, cards: tuple[int, ...]) -> Landing:
        """Set an item down."""
        uses = item.plain.uses(self.grid, node, cards)
        self._count(item, node, uses, 1)
        self._touch(node)
        return Landing(item, node, cards, uses)

    def take_off(self, landing: Landing) -> None:
        """Undo :meth:`land`."""
        self._count(landing.item, landing.node, landing.uses, -1)
        self._leave(landing.node)

    def _count(self, item: Item, node: int, uses: Uses, sign: int) -> None:
        self.board.books.stay(uses, node, item.plain.own_kind, sign)
        if item.ask.spread is not None:
            item.ask.spread.count(node, sign)

    def _touch(self, node: int) -> None:
        self.touched[node] = self.touched.get(node, 0) + 1

    def _leave(self, node: int) -> None:
        self.touched[node] -= 1
        if not self.touched[node]:
            del self.touched[node]

    # ---------------------------------------------------------------------------------------------- landings

    def allowed(self, item: Item, node: int) -> bool:
        """Return whether an item's spread lets it go to a node as things stand."""
        return item.ask.spread is None or item.ask.spread.allows(node)

    def choices(self, item: Item, node: int) -> list[tuple[int, ...]]:
        """Return the sets of cards of a node on which an item can be set down as things stand; alike ones once."""
        ask = item.plain
        if not self.allowed(item, node):
            return []
        if ask.kind != "exclusive":
            return final_choices(ask, self.grid, self.view, node)
        if node_fault(ask, self.grid, node) or room_fault(ask, self.grid, self.view, node):
            return []
        good = [card for card in self.grid.cards_of[node] if not card_fault(ask, self.grid, self.view, card)]
        return whole_sets(self.grid, good, ask.claim.gpu)

    def untouched(self, item: Item) -> Iterator[int]:
        """Yield the nodes that nothing was lifted from or set down on and where an item can be set down."""
        known = self._known.get(item.kind)
        if known is None:
            known = self._known[item.kind] = _Known(
                unseen=list(self.grid.pools.get(item.plain.pool, ()))[::-1]
            )
        yield from (node for node in known.fits if node not in self.touched and self.allowed(item, node))
        later = []
        while known.unseen:
            node = known.unseen.pop()
            if node in self.touched:
                later.append(node)
            elif final_choices(item.plain, self.grid, self.view, node):
                known.fits.append(node)
                if self.allowed(item, node):
                    # Whoever stops listening here goes on with what is still unseen the next time.
                    known.unseen += later[::-1]
                    later.clear()
                    yield node
        known.unseen += later[::-1]
