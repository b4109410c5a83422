"""Moves that make room, each for somebody who begins in the same plan, and moves that empty a card: no more than allowed.

Invariants 5 and 6.

Part of the checker: shares no code with the planner.
"""

from __future__ import annotations

from collections.abc import Iterator

from components.placement.check_world import World
from components.placement.plan_types import Plan, PlanOptions
from components.placement.snapshot import Held, Place

_REASON = "makes room for "
_EMPTIES = "empties "


class Moves:
    """The moves of one plan that say they make room; ``counted`` has those whose instance could have stayed."""

    def __init__(self, world: World, plan: Plan) -> None:
        """Look for the reasons."""
        self._begin = {
            (step.service, step.ordinal): step
            for step in plan.steps
            if step.op == "start" and step.role == "steady" and not step.instance
        }
        self._said = {
            step.instance: step.reason.removeprefix(_REASON)
            for step in plan.steps
            if step.op == "stop" and step.reason.startswith(_REASON)
        }
        self._rows = {name: world.rows[name] for name in self._said if name in world.rows}
        self.counted: set[tuple[str, int]] = set()
        self._emptying = {
            step.instance for step in plan.steps if step.op == "stop" and step.reason.startswith(_EMPTIES)
        }
        self._cleared = {uuid for name in self._emptying for uuid in world.rows[name].place.cards}
        self._on_cleared = [
            row.name
            for row in world.rows.values()
            if row.name not in world.ended_by and self._cleared & set(row.place.cards)
        ]

    def makes_room(self, held: Held, place: Place | None) -> bool:
        """Return whether an instance that could stay is stopped to make room, and begins elsewhere."""
        return held.id in self._said and self._goes_on(held, place)

    def empties(self, held: Held, place: Place | None) -> bool:
        """Return whether an instance that could stay is stopped to empty its card, and begins elsewhere."""
        return held.id in self._emptying and self._goes_on(held, place)

    def _goes_on(self, held: Held, place: Place | None) -> bool:
        begins = self._begin.get((held.service, held.ordinal))
        return (
            begins is not None
            and begins.how == "move"
            and begins.place == place
            and begins.place != held.place
        )

    def faults(self, options: PlanOptions) -> Iterator[str]:
        """Yield too many moves, moves for nobody, and moves of what was not there to stay."""
        if len(self.counted) > options.max_moves:
            yield f"{len(self.counted)} instances make room, and max_moves is {options.max_moves} (6)"
        if len(self._emptying) > options.rebalance:
            yield f"{len(self._emptying)} instances empty cards, and rebalance allows {options.rebalance} (6)"
        for name in self._on_cleared:
            yield f"{name} is in the end on a card that others were moved away from to empty it (6)"
        for name, row in self._rows.items():
            service, _, ordinal = self._said[name].rpartition("/")
            key = (service, int(ordinal)) if ordinal.isdecimal() else (self._said[name], -1)
            if key not in self._begin or key in self.counted:
                yield f"{name} makes room for {self._said[name]}, which does not begin (6)"
            if (row.service, row.ordinal) not in self.counted:
                yield f"{name} makes room and could not have stayed (6)"
