"""Moves that make room: as few as were allowed, each for somebody who begins in the same plan (invariants 5 and 6).

Part of the checker: shares no code with the planner.
"""

from __future__ import annotations

from collections.abc import Iterator

from components.placement.check_world import World
from components.placement.plan_types import Plan, PlanOptions
from components.placement.snapshot import Held, Place

_REASON = "makes room for "


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

    def makes_room(self, held: Held, place: Place | None) -> bool:
        """Return whether an instance that could stay is stopped to make room, and begins elsewhere."""
        begins = self._begin.get((held.service, held.ordinal))
        return (
            held.id in self._said
            and begins is not None
            and begins.how == "move"
            and begins.place == place
            and begins.place != held.place
        )

    def faults(self, options: PlanOptions) -> Iterator[str]:
        """Yield too many moves, moves for nobody, and moves of what was not there to stay."""
        if len(self.counted) > options.max_moves:
            yield f"{len(self.counted)} instances make room, and max_moves is {options.max_moves} (6)"
        for name, row in self._rows.items():
            service, _, ordinal = self._said[name].rpartition("/")
            key = (service, int(ordinal)) if ordinal.isdecimal() else (self._said[name], -1)
            if key not in self._begin or key in self.counted:
                yield f"{name} makes room for {self._said[name]}, which does not begin (6)"
            if (row.service, row.ordinal) not in self.counted:
                yield f"{name} makes room and could not have stayed (6)"
