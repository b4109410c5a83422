"""What stays: every row of this owner is kept, goes, or is stuck on something lost. Nothing new is placed here.

A row at the wanted revision stays while its place still suits it; nobody moves for beauty. What has to go keeps its place
in the books until it is seen gone, and what is on a lost card or node keeps it until that returns.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from operator import attrgetter

from components.placement.board import Board, Group
from components.placement.capacity import Seat, kind_of
from components.placement.evictable import held_back
from components.placement.feasible import Ask
from components.placement.jobs import Slot, Start, Stop
from components.placement.snapshot import Held
from components.spec.claim import Wanted

_PREFERENCE = {"ready": 0, "starting": 1, "reserved": 2, "failed": 3, "pending": 4}
Pins = frozenset[tuple[str, int]]


def instances_of(wanted: Wanted, rows: Iterable[Held], waiting: Collection[int] = ()) -> int:
    """Return how many instances a service has after this plan; ``waiting``: its ordinals that wait for a place.

    With an autoscaler the declared count is only the first value: from then on what runs counts, within min and max. As
    only the highest ordinals ever retire, that is one more than the highest that runs, even where a lower one has lost its
    place. Of the first ones, those that wait for a place go on waiting.
    """
    if wanted.autoscale is None:
        return max(wanted.instances, 0)
    least, most = wanted.autoscale
    running = {row.ordinal for row in rows if row.role == "steady" and row.state != "stopping"}
    if not running and not waiting:
        return max(least, min(wanted.instances, most))
    first = min(max(waiting, default=-1) + 1, wanted.instances)
    return max(least, min(max(max(running, default=-1) + 1, first), most))


def sort_rows(board: Board, wanted: Sequence[Wanted], pins: Pins) -> None:
    """Give every row of this owner its fate and every wanted ordinal its slot."""
    own: dict[str, list[Held]] = {}
    for row in board.snapshot.held:
        if row.owner == board.snapshot.owner:
            own.setdefault(row.service, []).append(row)
    waiting: dict[str, set[int]] = {}
    for service, ordinal in board.snapshot.waiting:
        waiting.setdefault(service, set()).add(ordinal)
    pinned: dict[str, set[int]] = {}
    for service, ordinal in pins:
        pinned.setdefault(service, set()).add(ordinal)
    for want in sorted(wanted, key=attrgetter("service")):
        rows = own.pop(want.service, [])
        waits = waiting.get(want.service, set())
        count = instances_of(want, rows, waits)
        group = Group(want, board.ask_for(want, count), count)
        board.groups.append(group)
        _sort_service(board, group, rows, waits, pinned.get(want.service, set()))
    for service in sorted(own):
        for row in sorted(own[service], key=lambda row: row.id):
            _go(board, row, "the service is no longer declared")
    _check_capacity(board)
    _count_spread(board)


def _sort_service(board: Board, group: Group, rows: list[Held], waits: set[int], pins: set[int]) -> None:
    by_ordinal: dict[int, list[Held]] = {}
    for row in sorted(rows, key=lambda row: (row.ordinal, row.id)) if len(rows) > 1 else rows:
        if row.role == "surge":
            stop = _go(board, row, "its roll is over")
            if stop is not None and row.state != "pending":
                group.surges.append(stop)
        elif row.ordinal >= group.instances:
            _go(board, row, _count(group.instances))
        else:
            by_ordinal.setdefault(row.ordinal, []).append(row)
    for ordinal in range(group.instances):
        there = by_ordinal.get(ordinal)
        if there and len(there) == 1 and ordinal not in pins and _stays(board, group, there[0]):
            group.slots.append(Slot(ordinal, there[0], lost=ordinal in waits))
            continue
        slot = Slot(ordinal, lost=ordinal in waits)
        group.slots.append(slot)
        if there:
            _sort_ordinal(board, group, slot, there, ordinal in pins)


def _count(instances: int) -> str:
    return "1 instance is wanted" if instances == 1 else f"{instances} instances are wanted"


def _sort_ordinal(board: Board, group: Group, slot: Slot, rows: list[Held], pinned: bool) -> None:
    if pinned:
        slot.kept = _to_pin(board, rows)
        slot.pinned = slot.kept is not None
    elif len(rows) > 1:
        good = [row for row in rows if suits(board, group.ask, row)]
        slot.kept = min(good, key=lambda row: (_PREFERENCE[row.state], row.id), default=None)
    for row in sorted(rows, key=lambda row: row.id):
        if row is not slot.kept:
            _replace(board, group, slot, row)


def _to_pin(board: Board, rows: list[Held]) -> Held | None:
    """Return the row that runs on although it should not be where it is."""
    alive = [
        row
        for row in rows
        if row.state not in ("pending", "stopping") and board.standing(row.place).state != "lost"
    ]
    return min(alive, key=lambda row: (_PREFERENCE[row.state], row.id), default=None)


def pin_on_draining(board: Board, group: Group, slot: Slot) -> bool:
    """Let an instance run on where it is on a draining node; say whether that concerns nobody else.

    Nothing new comes there, so nobody was given its place. With spread it counts where it stays, which others may feel.
    """
    if len(slot.olds) != 1 or group.ask.spread is not None:
        return False
    (stop,) = slot.olds
    row = stop.row
    if row is None or stop.node < 0 or board.grid.views[stop.node].state != "draining":
        return False
    if _to_pin(board, [row]) is None:
        return False
    board.stops.remove(stop)
    board.stops_on[stop.node].remove(stop)
    board.books.stay(stop.uses, stop.node, kind_of(row.place))
    slot.kept, slot.olds, slot.pinned, slot.moved, slot.why = row, [], True, False, ""
    return True


def _stays(board: Board, group: Group, row: Held) -> bool:
    """Return whether the only row of an ordinal stays: it suits, or nobody but its own stack may move it."""
    if suits(board, group.ask, row):
        return True
    if not board.options.for_another or group.wanted.evictable:
        return False
    seat = board.grid.seat(row.place)
    held = seat.node >= 0 and held_back(group.wanted, row, board.standing(row.place).state)
    return held and _same_size(board, group.ask, seat)


def suits(board: Board, ask: Ask, row: Held) -> bool:
    """Return whether a row is what is wanted, where it may be, in the size that it has there."""
    if row.revision != ask.wanted.revision or row.state == "stopping":
        return False
    seat = board.grid.seat(row.place)
    if seat.node < 0 or not (seat.sound or board.takes_it(row.place)):
        return False
    return _same_size(board, ask, seat) and ask.allows(board.grid, seat.node, seat.cards)


def _same_size(board: Board, ask: Ask, seat: Seat) -> bool:
    """Return whether the slice is as large as the claim is on that node; the same number has two sizes in GB and GiB."""
    place = seat.place
    if place.exclusive or ask.kind == "exclusive":
        return place.exclusive and ask.kind == "exclusive" and len(place.cards) == ask.claim.gpu
    if ask.kind == "cpu" or not place.cards:
        return ask.kind == "cpu" and not place.cards
    return place.compute == ask.compute and place.memory_mib == ask.sizes[board.grid.units[seat.node]]


def cards_of(board: Board, row: Held) -> tuple[int, ...]:
    """Return the numbers of a row's cards, in order; without those that are no longer declared."""
    return board.grid.seat(row.place).cards


def _replace(board: Board, group: Group, slot: Slot, row: Held) -> None:
    """A row of a wanted ordinal that does not stay: note why, for the reader of the plan."""
    standing = board.standing(row.place)
    if standing.state == "lost" and row.state != "pending":
        board.count_standing(row)
        if slot.kept is None:
            slot.lost, slot.moved, slot.why = True, True, standing.reason
        return
    if row.revision != group.wanted.revision:
        why = "its revision changed"
    elif standing.state in ("draining", "lost"):
        why = standing.reason
        slot.moved = True
    elif row.place.pool != group.wanted.pool:
        why = f"it belongs to pool {group.wanted.pool} now"
        slot.moved = True
    elif row.state == "stopping":
        why = "it is on its way out"
    elif row.state == "pending":
        why = "it is planned anew"
    elif not group.ask.allows(board.grid, board.node(row.place), cards_of(board, row)):
        why = "its place is no longer what it asks for"
        slot.moved = True
    else:
        why = "its slice has another size there now"
    stop = board.going(row, why)
    if row.state != "pending":
        stop.replaced = stop.serves
        slot.olds.append(stop)
        slot.why = slot.why or why


def _go(board: Board, row: Held, reason: str) -> Stop | None:
    """Let a row go that nothing replaces; what is on something lost can only be waited for."""
    if row.state != "pending" and board.standing(row.place).state == "lost":
        board.count_standing(row)
        return None
    return board.going(row, reason)


def _check_capacity(board: Board) -> None:
    """Count what stays, in order of service and ordinal; what a smaller card or node no longer holds has to go.

    Rows that wait for another one come last: they never counted, so they may be planned anew at no cost.
    """
    late: list[tuple[Group, Slot, Held]] = []
    for group in board.groups:
        for slot in group.slots:
            row = slot.kept
            if row is None:
                continue
            if row.state == "pending":
                late.append((group, slot, row))
                continue
            seat = board.grid.seat(row.place)
            if slot.pinned or board.books.fits_finally(seat.uses):
                board.books.stand(seat)
            else:
                slot.kept = None
                slot.moved = True
                slot.why = f"{row.place.node} holds less than it did"
                stop = board.going(row, slot.why)
                stop.replaced = stop.serves
                slot.olds.append(stop)
    taking_over = _kinds_in_place(board) if late else set()
    for group, slot, row in late:
        _resume_pending(board, group, slot, row, taking_over)


def _kinds_in_place(board: Board) -> set[tuple[int, int]]:
    """Return (node, kind) of the slices that are replaced where they are, and so keep their kind on the node."""
    return {
        (old.node, kind_of(old.row.place))
        for group in board.groups
        for slot in group.slots
        if slot.kept is None and not slot.moved and group.ask.kind == "slice"
        for old in slot.olds
        if old.row is not None and kind_of(old.row.place) == group.ask.own_kind
    }


def _resume_pending(
    board: Board, group: Group, slot: Slot, row: Held, taking_over: set[tuple[int, int]]
) -> None:
    slot.kept = None
    seat = board.grid.seat(row.place)
    uses, node = seat.uses, seat.node
    in_place = [old for old in slot.olds if old.row is not None and old.row.id in row.after]
    # What takes over from its own kind brings no new kind to the node.
    kinds = {kind_of(old.row.place) for old in in_place if old.row is not None}
    other_kind = group.ask.other_kind if kind_of(row.place) not in kinds else 0
    apart = other_kind and (board.books.final_kinds[node][other_kind] or (node, other_kind) in taking_over)
    # It never began there, so on a node that takes nothing new it may only replace what is there.
    closed = not in_place and board.standing(row.place).state != "ready"
    if apart or closed or not board.books.fits_finally(uses):
        board.going(row, "its place has been taken")
        return
    start = Start(group.wanted, slot.ordinal, row.place, node, uses, how="resume", row=row)
    start.revision = row.revision
    start.in_place = in_place
    start.reason = "left unfinished"
    if row.token_hash != group.wanted.token_hash:
        # Nothing of it ran yet, so another row of the same place takes up the new token at no cost.
        board.going(row, "its token changed")
        start.row = None
    start.settled = False
    start.other_kind = other_kind
    slot.start = start
    board.put(start)


def _count_spread(board: Board) -> None:
    for group in board.groups:
        if group.ask.spread is not None:
            nodes = [board.node(slot.kept.place) for slot in group.slots if slot.kept is not None]
            nodes += [slot.start.node for slot in group.slots if slot.start is not None]
            group.ask.spread.reset(node for node in nodes if node >= 0)
