"""``plan``: from a picture of the pool and what is wanted to who runs where, and how to get there.

The stages, each in its own module: ``keep`` decides what stays; ``choose`` (with ``feasible``, ``score``, ``spread``) finds
places for the rest; ``rolling`` and ``surge`` order replacements in waves; ``turns`` hands freed places on; ``sequence``
numbers the steps; ``explain`` says why somebody got no place. ``capacity`` has the books that all of them write in.

Pure: no I/O, clock or chance; the same input gives the same answer in any order of nodes, services and rows.
"""

from __future__ import annotations

from collections.abc import Sequence

from components.placement.board import Board, Group
from components.placement.capacity import Grid
from components.placement.choose import Need, place_all
from components.placement.explain import Explainer, may_run_on
from components.placement.jobs import Slot, Start
from components.placement.keep import Pins, sort_rows
from components.placement.notes import final_warnings
from components.placement.plan_types import Plan, PlanOptions
from components.placement.rolling import Roll, end_cover, pair_up, plan_waves, relocate_in_waves, roll_of
from components.placement.sequence import steps_of
from components.placement.snapshot import Place, Snapshot
from components.placement.turns import break_circles, settle_turns
from components.spec.claim import Wanted


def plan(snapshot: Snapshot, wanted: Sequence[Wanted], options: PlanOptions) -> Plan:
    """Place all of ``wanted`` jointly on ``snapshot`` and order the steps that lead there."""
    grid = Grid(snapshot.nodes)
    pins: Pins = frozenset()
    said: dict[tuple[str, int], str] = {}
    while True:
        board = Board(snapshot, options, grid)
        sort_rows(board, wanted, pins)
        homeless = place_all(board)
        explainer = Explainer(board)
        staying = {need.name: explainer.runs_on(need) for need in homeless if may_run_on(board, need)}
        if not staying.keys() - pins:
            break
        # What runs on where it is takes room that others may have been given, so all is planned again around it.
        pins |= staying.keys()
        said |= staying
    board.warnings += [said[name] for name in sorted(said)]
    board.refusals += [explainer.refusal(need) for need in sorted(homeless, key=lambda need: need.name)]
    _order(board, explainer)
    return Plan(
        assignments=_assignments(board, homeless),
        steps=steps_of(board),
        refusals=tuple(board.refusals),
        warnings=(*board.warnings, *final_warnings(board)),
        rolling=dict(sorted(board.rolling.items())),
    )


def _order(board: Board, explainer: Explainer) -> None:
    """Decide what waits for what."""
    for group in board.groups:
        for slot in group.slots:
            _begin(board, group, slot)
    rolls = [roll_of(group) for group in board.groups if any(slot.start for slot in group.slots) or group.surges]
    for roll in rolls:
        for slot in roll.relocating:
            pair_up(slot)
        relocate_in_waves(board, roll)
    in_place = {stop for start in board.starts for stop in start.in_place}
    for stop in board.stops:
        if stop.credit is not None and stop not in in_place and stop.node >= 0:
            board.leaving.setdefault(stop.node, []).append(stop)
    for roll in rolls:
        for stop in roll.stops:
            stop.decided = False
    rolled = {slot.start for roll in rolls for slot in roll.in_place}
    left = settle_turns(board, [start for start in board.starts if start not in rolled])
    for roll in rolls:
        if roll.in_place:
            if not plan_waves(board, roll):
                board.refusals.append(explainer.no_way_to_roll(roll))
            left = _decided(board, roll, [*left, *(slot.start for slot in roll.in_place if slot.start is not None)])
    for roll in rolls:
        if not roll.in_place and roll.stops:
            end_cover(roll)
            left = _decided(board, roll, left)
    if left:
        alone = {
            slot.start: [old for old in slot.olds if old.after == [slot.start]]
            for group in board.groups
            for slot in group.slots
            if slot.start is not None
        }
        for start in break_circles(board, left, alone):
            board.refusals.append(explainer.stuck(start))


def _decided(board: Board, roll: Roll, left: list[Start]) -> list[Start]:
    """Let others wait for a roll's stops now that these have their order; return the starts that wait on."""
    for stop in roll.stops:
        stop.decided = True
    return settle_turns(board, left)


def _begin(board: Board, group: Group, slot: Slot) -> None:
    """Bring up what stays and is not ready, and name how what goes is replaced."""
    row = slot.kept
    if row is not None:
        op = {"failed": "restart", "reserved": "start", "starting": "start"}.get(row.state, "")
        old_token = row.token_hash != group.wanted.token_hash and row.revision == group.wanted.revision
        if op or old_token:
            start = Start(group.wanted, slot.ordinal, row.place, board.node(row.place), row=row, revision=row.revision)
            start.op = "reconfigure" if old_token else "restart" if op == "restart" else "start"
            start.how = "restart" if op == "restart" else "resume" if op else "reconfigure"
            start.reason = {"restart": "it failed", "start": "left unfinished"}.get(op, "its token changed")
            slot.start = start
    if slot.start is not None:
        board.starts.append(slot.start)
        how = slot.start.how
        for old in slot.olds:
            old.how = how if how in ("roll", "move") else "roll" if slot.start.in_place else "stop"


def _assignments(board: Board, homeless: Sequence[Need]) -> dict[str, dict[int, Place | None]]:
    """Return every wanted ordinal's final place; a refused one that runs on shows where it runs."""
    where: dict[str, dict[int, Place | None]] = {}
    for group in board.groups:
        places: dict[int, Place | None] = {}
        for slot in group.slots:
            if slot.kept is not None:
                places[slot.ordinal] = slot.kept.place
            else:
                places[slot.ordinal] = slot.start.place if slot.start is not None else None
        where[group.wanted.service] = places
    return where
