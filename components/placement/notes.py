"""What the reader of a plan should know although nothing is refused."""

from __future__ import annotations

from collections.abc import Iterator

from components.placement.board import Board, Group
from components.placement.capacity import MEMORY_ONLY, PERCENT, Booking, Books, kind_of
from components.placement.chooser import Chooser
from components.placement.snapshot import Place
from components.placement.spread import SpreadGuard

SHOWN = 4


def final_warnings(board: Board) -> list[str]:
    """Return warnings about the final state: compute that nothing bounds, and autoscalers that could not grow."""
    return [*_unbounded(board), *_cannot_grow(board)]


def _final_places(board: Board) -> Iterator[tuple[str, Place]]:
    """Yield (service, place) of all that is there in the end; foreign ones without a service."""
    for row in board.snapshot.held:
        if row.owner != board.snapshot.owner:
            yield "", row.place
    for group in board.groups:
        for slot in group.slots:
            if slot.kept is not None:
                yield group.wanted.service, slot.kept.place
            elif slot.start is not None:
                yield group.wanted.service, slot.start.place


def _unbounded(board: Board) -> Iterator[str]:
    """A slice without a percentage may use what others were promised; said where this plan brings the two together."""
    begun = {
        slot.start.place.cards[0]
        for group in board.groups
        for slot in group.slots
        if slot.start is not None and slot.kept is None and kind_of(slot.start.place)
    }
    if not begun:
        return
    kinds: dict[str, int] = {}
    owners: dict[str, list[str]] = {}
    for service, place in _final_places(board):
        # A whole card is shared by nobody, so looking at the first card is enough.
        card = place.cards[0] if place.cards else ""
        if card in begun and (kind := kind_of(place)):
            kinds[card] = kinds.get(card, 0) | kind
            if service and kind == MEMORY_ONLY:
                owners.setdefault(service, []).append(card)
    mixed = {card for card in begun if kinds[card] == PERCENT | MEMORY_ONLY}
    for service in sorted(owners):
        names = sorted({_name(board, card) for card in owners[service] if card in mixed})
        if names:
            shown = ", ".join(names[:SHOWN]) + (
                f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            )
            yield (
                f"{service} asks for no gpu_core_percentage and shares {shown} with slices that do: nothing keeps it from "
                "the compute that they were promised"
            )


def _name(board: Board, uuid: str) -> str:
    card = board.grid.card_of.get(uuid)
    return uuid if card is None else board.grid.slot_name(2 * card)[0]


def _cannot_grow(board: Board) -> Iterator[str]:
    """Say how many of an autoscaler's further instances would find a place once this plan is carried out."""
    groups = [
        group
        for group in board.groups
        if group.wanted.autoscale and group.wanted.autoscale[1] > group.instances
    ]
    if not groups:
        return
    books = Books(board.grid)
    books.peak = list(board.books.final)
    books.peak_kinds = [list(kinds) for kinds in board.books.final_kinds]
    for group in groups:
        assert group.wanted.autoscale is not None, "chosen above"
        more = group.wanted.autoscale[1] - group.instances
        fit = _further(board, group, more, books)
        if fit < more:
            most = group.wanted.autoscale[1]
            yield (
                f"{group.wanted.service} may grow to {most} instances, and only {fit} of the {more} beyond its "
                f"{group.instances} would find a place now"
            )


def _further(board: Board, group: Group, more: int, books: Books) -> int:
    """Place up to ``more`` instances, count them, and take them back."""
    ask = board.ask_for(group.wanted, group.instances + more)
    if isinstance(ask.spread, SpreadGuard):
        places = [
            slot.kept.place if slot.kept else slot.start.place if slot.start else None for slot in group.slots
        ]
        ask.spread.reset(
            board.node(place) for place in places if place is not None and board.node(place) >= 0
        )
    bookings: list[Booking] = []
    chooser = Chooser(board.grid, books, [(ask, group.instances, more)], priced=False)
    while len(bookings) < more and (found := chooser.best(ask)) is not None:
        node, cards = found
        place = ask.place(board.grid, node, cards)
        bookings.append(books.book(board.grid.uses(place), node, kind_of(place)))
        chooser.touch(node)
        if ask.spread is not None:
            ask.spread.count(node)
    for booking in bookings:
        books.unbook(booking)
    return len(bookings)
