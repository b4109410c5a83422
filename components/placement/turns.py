"""Whose place comes from whom: for every start that takes a freed place, the fewest stops that it has to wait for.

A start may only wait for stops that are *settled*, whose own waiting is already decided, so no circle can arise. Where
starts wait for one another in a circle, the smallest instance of it is stopped before its new one is ready:
``break-before-make``, and the step says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from components.placement.board import Board
from components.placement.capacity import Credit, kind_of
from components.placement.jobs import Start, Stop


def settle_turns(board: Board, starts: Iterable[Start], *, reserve: bool = True) -> list[Start]:
    """Decide what each start waits for; return those for which it cannot be decided yet.

    ``reserve``: nobody takes what another needs that is replaced where it is; else it is taken where nothing else is left.
    """
    left = [start for start in starts if not start.settled]
    progress = True
    while left and progress:
        before = len(left)
        left = [start for start in left if not find_turn(board, start, reserve=reserve)]
        progress = len(left) < before
    return left


def find_turn(board: Board, start: Start, *, reserve: bool = True) -> bool:
    """Settle one start if the stops that free its place are settled; say whether that worked."""
    must = _musts(board, start)
    if must is None or not all(stop.settled for stop in must):
        return False
    board.release(start)
    chosen = _enough(board, start, must)
    if chosen is not None:
        _settle(board, start, chosen)
        board.touched(start.node)
        return True
    # Other unsettled starts of the node are left out of account: there is room for all of them in the end, and each will
    # wait for as much as it needs.
    board.loosen(start, reserve=reserve)
    chosen = _enough(board, start, must)
    if chosen is not None:
        _settle(board, start, chosen)
    board.tighten(start.node)
    return chosen is not None


def _settle(board: Board, start: Start, chosen: list[Stop]) -> None:
    start.after += [stop for stop in chosen if stop not in start.after]
    board.hold(start, chosen)
    start.settled = True
    if start in board.unsettled.get(start.node, ()):
        board.unsettled[start.node].remove(start)


def _musts(board: Board, start: Start) -> list[Stop] | None:
    """Return the stops without which it cannot begin whatever the numbers say; None while another kind stays there."""
    must = list(start.in_place)
    if start.other_kind:
        here = board.stops_on.get(start.node, ())
        others = [stop for stop in here if stop.credit is not None and _kind(stop) == start.other_kind]
        if len(others) < board.books.peak_kinds[start.node][start.other_kind]:
            return None
        must += [stop for stop in others if stop not in must]
    return must


def _kind(stop: Stop) -> int:
    if stop.row is not None:
        return kind_of(stop.row.place)
    return kind_of(stop.begun.place) if stop.begun is not None else 0


def _rest(board: Board, start: Start, without: Sequence[Stop]) -> list[Stop]:
    return [stop for stop in board.stops_on.get(start.node, ()) if stop not in without]


def _enough(board: Board, start: Start, must: list[Stop]) -> list[Stop] | None:
    """Return ``must`` and as few other settled stops as make room, or None."""
    books = board.books
    short = books.missing(start.uses, _credits(must))
    if not short:
        return must
    chosen = list(must)
    for stop in sorted(_rest(board, start, must), key=lambda stop: (stop.replaced, stop.depth, stop.key)):
        spare = stop.credit.spare if stop.credit is not None else {}
        if any(spare.get(slot) for slot in short) and stop.settled:
            chosen.append(stop)
            short = books.missing(start.uses, _credits(chosen))
            if not short:
                return _fewest(board, start, must, chosen)
    return None


def _fewest(board: Board, start: Start, must: list[Stop], chosen: list[Stop]) -> list[Stop]:
    """Leave out every stop that is not needed after all."""
    kept = list(chosen)
    for stop in chosen[len(must) : -1]:
        without = [other for other in kept if other is not stop]
        if not board.books.missing(start.uses, _credits(without)):
            kept = without
    return kept


def _credits(stops: Iterable[Stop]) -> list[Credit]:
    return [stop.credit for stop in stops if stop.credit is not None]


def break_circles(board: Board, left: list[Start], olds: dict[Start, list[Stop]]) -> list[Start]:
    """Stop the smallest moving instances of each circle before their new ones are ready; return what is stuck even so.

    ``olds``: for each start the stops that wait for it alone and may be let go first.
    """
    let_go: list[tuple[Start, Stop]] = []
    for start in sorted(
        (start for start in left if olds.get(start)), key=lambda start: (start.size, start.key)
    ):
        if start.settled:
            continue
        for stop in olds[start]:
            stop.after = []
            let_go.append((start, stop))
        left = settle_turns(board, left)
        if not left:
            break
    for start, stop in reversed(let_go):
        if start.settled and not waits_for(start, stop):
            stop.after = [start]
        else:
            stop.mode = start.mode = "break-before-make"
    return left


def break_waves(board: Board, left: list[Start], replaces: dict[Stop, Start]) -> list[Start]:
    """Let instances go out of turn where the waves of a roll leave no order; return what is stuck even so.

    As few as are needed: first old instances before their turn, the smallest first, then surge instances that cover for
    the very ones that need their place. Who is out for a while then says so. ``replaces``: for each stop of an old instance
    the start that takes over from it.
    """
    let_go: list[tuple[Stop, list[Start], list[Start]]] = []
    here = [stop for node in sorted({start.node for start in left}) for stop in board.stops_on.get(node, ())]
    olds = [stop for stop in here if stop in replaces]
    covers = [stop for stop in here if stop not in replaces]
    for stop in [
        *sorted(olds, key=lambda stop: (replaces[stop].size, stop.key)),
        *sorted(covers, key=lambda stop: stop.key),
    ]:
        waiting = stop.after if stop in replaces else [start for start in stop.after if start in left]
        if left and waiting and not stop.settled:
            out = [replaces[stop]] if stop in replaces else waiting
            let_go.append((stop, stop.after, out))
            stop.after = [start for start in stop.after if start not in waiting]
            left = settle_turns(board, left, reserve=False)
    for stop, after, out in reversed(let_go):
        if all(start.settled and not waits_for(start, stop) for start in after):
            stop.after = after
            continue
        for start in out:
            start.mode = "break-before-make"
            for old in [stop, *start.in_place]:
                if replaces.get(old) is start and old.serves:
                    old.mode = "break-before-make"
    return left


def waits_for(start: Start, stop: Stop) -> bool:
    """Return whether a start comes only after that stop, directly or through others."""
    todo: list[Start | Stop] = [start]
    seen: set[Start | Stop] = set()
    while todo:
        job = todo.pop()
        if job is stop:
            return True
        if job not in seen:
            seen.add(job)
            todo += job.after
    return False
