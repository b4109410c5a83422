"""Places for surge instances: temporary, free under the peak of the whole plan so far, shared in the plan's order.

A place that is free at once is preferred, so that services roll side by side; else a surge instance may follow on one
that an earlier roll of the same plan ends, or on anything else that goes.
"""

from __future__ import annotations

from collections.abc import Sequence

from components.placement.board import Board, Group
from components.placement.capacity import Credit
from components.placement.feasible import Ask, final_choices
from components.placement.jobs import Start, Stop
from components.placement.turns import find_turn


def find_surges(board: Board, group: Group, wish: int, *, first: Sequence[int]) -> list[Start]:
    """Return up to ``wish`` new surge starts with the ordinals of ``first``, each with the stop that ends it."""
    # Spread is for what stays, so the search does without it.
    ask = Ask(group.wanted, None, separate=board.options.memory_only == "separate")
    found: list[Start] = []
    while len(found) < wish:
        place = board.chooser.best(ask)
        if place is None:
            break
        found.append(_begin(board, ask, first[len(found)], *place))
    if not found:
        while len(found) < wish:
            start = _shared(board, ask, first[len(found)])
            if start is None:
                break
            found.append(start)
    for start in found:
        _ends(board, start)
    return found


def _begin(board: Board, ask: Ask, ordinal: int, node: int, cards: tuple[int, ...]) -> Start:
    start = _start(board, ask, ordinal, node, cards)
    board.hold(start, ())
    board.touched(node)
    board.starts.append(start)
    return start


def _start(board: Board, ask: Ask, ordinal: int, node: int, cards: tuple[int, ...]) -> Start:
    place = ask.place(board.grid, node, cards)
    start = Start(ask.wanted, ordinal, place, node, board.grid.uses(place), role="surge", how="surge")
    start.revision = ask.wanted.revision
    start.reason = "covers for the instances that are replaced"
    start.other_kind = ask.other_kind
    return start


def _shared(board: Board, ask: Ask, ordinal: int) -> Start | None:
    """Find a place that others leave in this plan, the one with the shortest queue."""
    choices = []
    for node in sorted(board.leaving):
        for cards in final_choices(ask, board.grid, board.books.in_the_end, node):
            queue = max((stop.depth for stop in board.leaving[node] if _on(board, stop, cards)), default=0)
            choices.append(((queue, *board.chooser.final_rank(node, cards, ask)), node, cards))
    for _, node, cards in sorted(choices):
        start = _start(board, ask, ordinal, node, cards)
        start.settled = False
        if find_turn(board, start) and _leaves_room(board, node):
            board.starts.append(start)
            return start
        board.release(start)
        board.touched(node)
    return None


def _leaves_room(board: Board, node: int) -> bool:
    """Return whether those that are replaced where they are still fit beside a surge instance, which goes after them."""
    waiting = board.unsettled.get(node, ())
    for start in waiting:
        board.release(start)
    for start in waiting:
        if start.in_place:
            board.hold_loosely(start)
    grid, peak = board.grid, board.books.peak
    slots = [slot for card in grid.cards_of[node] for slot in (2 * card, 2 * card + 1)]
    slots += [grid.cpu_slot(node), grid.cpu_slot(node) + 1]
    enough = all(peak[slot] <= grid.caps[slot] for slot in slots)
    board.tighten(node)
    return enough


def _on(board: Board, stop: Stop, cards: tuple[int, ...]) -> bool:
    place = stop.row.place if stop.row is not None else stop.begun.place if stop.begun is not None else None
    return place is not None and any(board.grid.uuids[card] in place.cards for card in cards)


def _ends(board: Board, start: Start) -> None:
    """Every surge instance is stopped when its roll is over; what it leaves may serve the next service's roll."""
    stop = Stop(
        None, start.node, begun=start, uses=start.uses, credit=Credit(start.uses), reason="its roll is over"
    )
    stop.after.append(start)
    start.end = stop
    waits = [job.depth for job in start.after if isinstance(job, Stop)]
    stop.depth = max(waits, default=0) + 1
    board.stops.append(stop)
    board.stops_on.setdefault(start.node, []).append(stop)
    board.leaving.setdefault(start.node, []).append(stop)
