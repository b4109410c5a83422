"""``plan``: from a picture of the pool and what is wanted to who runs where, and how to get there.

The stages, each in its own module: ``keep`` decides what stays; ``choose`` (with ``feasible``, ``score``, ``spread``) finds
places for the rest, and ``room`` moves others where that takes it and is allowed; ``order`` decides what waits for what:
``rolling`` and ``surge`` replace in waves, ``turns`` hands freed places on; ``sequence`` numbers the steps; ``explain`` says
why somebody got no place. ``capacity`` has the books that all of them write in.

Pure: no I/O, clock or chance; the same input gives the same answer in any order of nodes, services and rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from components.placement.allowance import Allowance
from components.placement.board import Board
from components.placement.capacity import Grid
from components.placement.choose import place_all
from components.placement.evictable import staying
from components.placement.explain import Explainer, may_run_on
from components.placement.keep import Pins, pin_on_draining, sort_rows
from components.placement.notes import final_warnings
from components.placement.order import put_in_order
from components.placement.plan_types import Plan, PlanOptions, Refusal
from components.placement.room.hints import hints
from components.placement.room.maker import Room
from components.placement.room.search import Effort
from components.placement.sequence import steps_of
from components.placement.snapshot import Place, Snapshot
from components.placement.uncollected import uncollected
from components.spec.claim import Wanted

EFFORT = 2500
"""How many places one plan may try in its search for room, so that a hopeless large pool is refused in time."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A board on which everything is decided, and what is to be said of it."""

    board: Board
    refusals: list[Refusal]
    warnings: list[str]


@uncollected()
def plan(snapshot: Snapshot, wanted: Sequence[Wanted], options: PlanOptions) -> Plan:
    """Place all of ``wanted`` jointly on ``snapshot`` and order the steps that lead there."""
    decided = decide(snapshot, wanted, options)
    board = decided.board
    going = (stop.row.id for stop in board.stops if stop.row is not None)
    held_back = staying(snapshot, wanted, going) if options.for_another else []
    return Plan(
        assignments=_assignments(board),
        steps=steps_of(board),
        refusals=(*decided.refusals, *board.refusals),
        warnings=(*board.warnings, *decided.warnings, *held_back, *final_warnings(board)),
        rolling=dict(sorted(board.rolling.items())),
    )


def decide(snapshot: Snapshot, wanted: Sequence[Wanted], options: PlanOptions) -> Decided:
    """Decide who goes where, and what waits for what."""
    grid = Grid(snapshot.nodes)
    pins: Pins = frozenset()
    said: dict[tuple[str, int], str] = {}
    barred: frozenset[tuple[str, int]] = frozenset()
    allowance = Allowance(snapshot)
    effort = Effort(EFFORT)
    while True:
        board = Board(snapshot, options, grid)
        sort_rows(board, wanted, pins)
        room = Room(board, effort)
        allowance.begin(board)
        homeless = room.make(place_all(board, allowance.over), barred.union(allowance.barred, allowance.over))
        if allowance.again(board, room.made_for):
            continue
        stranded = [need for need in homeless if need.name not in pins and may_run_on(board, need)]
        if stranded:
            explainer = Explainer(board, hints(room, allowance.within(stranded)), allowance.over)
            said |= {need.name: explainer.runs_on(need) for need in stranded}
            pinned = [need for need in stranded if pin_on_draining(board, need.group, need.slot)]
            pins |= {need.name for need in stranded}
            if len(pinned) < len(stranded):
                # What runs on takes room that others may have been given, so all is planned again around it.
                continue
            homeless = [need for need in homeless if need.slot.kept is None]
        if allowance.again(board, room.made_for):
            continue
        explainer = Explainer(board, hints(room, allowance.within(homeless), barred), allowance.over)
        refusals = [explainer.refusal(need) for need in sorted(homeless, key=lambda need: need.name)]
        rebalanced = _rebalanced(board) if not allowance.calm else []
        if options.rebalance and allowance.again(board, room.made_for):
            continue
        stuck = put_in_order(board, explainer)
        if not (stuck and room.made_for):
            return Decided(board, refusals, [*(said[name] for name in sorted(said)), *rebalanced])
        # Room that no order of steps leads to is no room, nor is what a roll needs for its time.
        barred |= room.made_for


def _rebalanced(board: Board) -> list[str]:
    """Move what empties cards, where that is asked for; return what to say of it."""
    if not board.options.rebalance:
        return []
    from components.placement.solver.rebalance import rebalance

    return rebalance(board)


def _assignments(board: Board) -> dict[str, dict[int, Place | None]]:
    """Return every wanted ordinal's final place; one that runs on shows where it runs."""
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
