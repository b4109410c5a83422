"""What waits for what: replacements are paired or put in waves, and freed places are handed on.

The order in which this is decided is the order of the services' names; a stop can only be waited for once it is decided
what it waits for itself.
"""

from __future__ import annotations

from components.placement.board import Board, Group
from components.placement.explain import Explainer
from components.placement.jobs import Slot, Start, Stop
from components.placement.plan_types import How, Op
from components.placement.rolling import Roll, end_cover, pair_up, plan_waves, relocate_in_waves, roll_of
from components.placement.snapshot import HoldState
from components.placement.turns import break_circles, break_waves, settle_turns

_BRINGS_UP: dict[HoldState, tuple[Op, How, str]] = {
    "ready": ("reconfigure", "reconfigure", "its token changed"),
    "failed": ("restart", "restart", "it failed"),
    "reserved": ("start", "resume", "left unfinished"),
    "starting": ("start", "resume", "left unfinished"),
}


def put_in_order(board: Board, explainer: Explainer) -> bool:
    """Decide for every start and stop what comes before it; say whether something has no order, or no way to roll."""
    for group in board.groups:
        for slot in group.slots:
            _begin(board, group, slot)
    rolls = [
        roll_of(group) for group in board.groups if group.surges or any(slot.start for slot in group.slots)
    ]
    for roll in rolls:
        for slot in roll.relocating:
            pair_up(slot)
        relocate_in_waves(roll)
    _note_leaving(board)
    left = _settle_the_plain(board, rolls)
    left = _plan_rolls(board, rolls, left, explainer)
    left = settle_turns(board, left, reserve=False) if left else []
    left = break_circles(board, left, _alone(board)) if left else []
    stuck = break_waves(board, left, _replaced(board)) if left else []
    board.refusals += [explainer.stuck(start) for start in stuck]
    return bool(board.refusals)


def _begin(board: Board, group: Group, slot: Slot) -> None:
    """Bring up what stays and is not ready, and name how what goes is replaced."""
    row, wanted = slot.kept, group.wanted
    if row is not None:
        old_token = row.token_hash != wanted.token_hash and row.revision == wanted.revision
        if row.state != "ready" or old_token:
            op, how, why = _BRINGS_UP[row.state]
            start = Start(
                wanted, slot.ordinal, row.place, board.node(row.place), row=row, revision=row.revision
            )
            # One that is not ready takes up its new token by being brought up with it.
            start.op, start.how, start.reason = "reconfigure" if old_token else op, how, why
            slot.start = start
    if slot.start is not None:
        board.starts.append(slot.start)
        for old in slot.olds:
            how = slot.start.how
            old.how = how if how in ("roll", "move") else "roll" if slot.start.in_place else "stop"


def _note_leaving(board: Board) -> None:
    """Note what leaves room for surge instances: all that goes and that nothing replaces in its place."""
    taken_over = {stop for start in board.starts for stop in start.in_place}
    for stop in board.stops:
        if stop.credit is not None and stop.node >= 0 and stop not in taken_over:
            board.leaving.setdefault(stop.node, []).append(stop)


def _settle_the_plain(board: Board, rolls: list[Roll]) -> list[Start]:
    """Hand on the places of what stops outside of waves; return the starts that need more than that."""
    for roll in rolls:
        for stop in roll.stops:
            stop.decided = False
    rolled = {slot.start for roll in rolls for slot in roll.in_place}
    return settle_turns(board, [start for start in board.starts if start not in rolled])


def _plan_rolls(board: Board, rolls: list[Roll], left: list[Start], explainer: Explainer) -> list[Start]:
    """Put each roll in waves, then end the surge instances of rolls that are over; return the starts that wait on."""
    for roll in rolls:
        if roll.in_place:
            if not plan_waves(board, roll):
                board.refusals.append(explainer.no_way_to_roll(roll))
            left = _decided(board, roll, [*left, *(slot.start for slot in roll.in_place if slot.start)])
    for roll in rolls:
        if not roll.in_place and roll.stops:
            end_cover(roll)
            left = _decided(board, roll, left)
    return left


def _decided(board: Board, roll: Roll, left: list[Start]) -> list[Start]:
    """Let others wait for a roll's stops now that these have their order; return the starts that wait on."""
    for stop in roll.stops:
        stop.decided = True
    return settle_turns(board, left)


def _alone(board: Board) -> dict[Start, list[Stop]]:
    """Return for each start the stops that wait for it alone: where starts wait in a circle, one of these breaks it."""
    return {
        slot.start: [old for old in slot.olds if old.after == [slot.start]]
        for group in board.groups
        for slot in group.slots
        if slot.start is not None
    }


def _replaced(board: Board) -> dict[Stop, Start]:
    """Return for each stop of an old instance the start that takes over from it."""
    return {
        old: slot.start
        for group in board.groups
        for slot in group.slots
        if slot.start is not None
        for old in slot.olds
    }
