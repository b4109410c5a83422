"""Does enough of a service serve at every moment, and does each step say how it replaces what? (invariants 7 and 8)

Part of the checker: shares no code with the planner.
"""

from __future__ import annotations

from collections.abc import Iterator

from components.placement.check_flow import largest_sum
from components.placement.check_world import World
from components.placement.plan_types import Plan, Step
from components.spec.claim import Wanted


def roll_faults(world: World, want: Wanted, plan: Plan) -> Iterator[str]:
    """Yield the moments at which too few instances of a service are ready, and replacements that do not say how they go."""
    steps = [step for step in plan.steps if step.service == want.service]
    yield from _serves(world, want, plan, steps)
    yield from _modes(world, steps)


def _serves(world: World, want: Wanted, plan: Plan, steps: list[Step]) -> Iterator[str]:
    """At any moment ``placed - max_unavailable`` are ready, or as many as at the beginning.

    An ordinal that begins in a place that others leave counts as placed only once it serves.
    """
    if any(step.mode == "break-before-make" for step in steps):
        return
    places = plan.assignments[want.service]
    ready = {
        row.name
        for row in world.rows.values()
        if row.own and row.service == want.service and row.held is not None and row.held.state == "ready"
        and not world.lost(row.place) and (row.role == "surge" or row.ordinal in places)
    }  # fmt: skip
    useless = {
        row.name
        for row in world.rows.values()
        if row.name in ready and row.role == "steady" and places[row.ordinal] is None
    }
    ready -= useless
    starting = {
        step.ordinal
        for step in steps
        if step.role == "steady" and _brings_up(world, step) and not _waits_for_others(world, step, plan)
    }
    serving = {row.ordinal for row in world.rows.values() if row.name in ready and row.role == "steady"}
    alive = len(starting | serving)
    cover = sum(world.rows[name].role == "surge" for name in ready)
    floor = min(len(serving) + cover, alive - want.max_unavailable)
    # Each stop of a ready instance takes one away, each start adds one; every step needs those before it.
    weights: dict[object, int] = {}
    for step in plan.steps:
        if step.service != want.service:
            weights[step.n] = 0
        elif step.op == "stop":
            name = world.row_of.get(step.n, "")
            begun = name.startswith("step ") and name in world.rows
            weights[step.n] = int(name in ready or begun)
        else:
            weights[step.n] = -int(_brings_up(world, step))
    if not any(weight > 0 for weight in weights.values()):
        return
    needs: dict[object, list[object]] = {step.n: list(step.after) for step in plan.steps}
    fewest = len(ready) - largest_sum(weights, needs)
    if fewest < floor:
        yield f"{want.service} has {fewest} ready instances at its worst moment, not {floor} (8)"


def _brings_up(world: World, step: Step) -> bool:
    """Return whether a step ends with one more ready instance than before."""
    row = world.rows.get(world.row_of.get(step.n, ""))
    return step.op != "stop" and row is not None and (row.held is None or row.held.state != "ready")


def _waits_for_others(world: World, step: Step, plan: Plan) -> bool:
    """Return whether an instance comes only once another ordinal's is gone, so that it cannot be waited for."""
    stops = [plan.steps[n - 1] for n in world.before[step.n] if plan.steps[n - 1].op == "stop"]
    own = (step.service, step.ordinal, step.role)
    return any((other.service, other.ordinal, other.role) != own for other in stops)


def _modes(world: World, steps: list[Step]) -> Iterator[str]:
    """A ready instance that is replaced says whether the new one comes first."""
    for step in steps:
        name = world.row_of.get(step.n, "")
        row = world.rows.get(name)
        if (
            step.op != "stop"
            or row is None
            or row.held is None
            or row.held.state != "ready"
            or row.role == "surge"
        ):
            continue
        begins = [s for s in steps if s.op == "start" and (s.ordinal, s.role) == (step.ordinal, "steady")]
        if not begins:
            continue
        first = begins[0].n in world.before[step.n]
        if first and step.mode != "make-before-break":
            yield f"step {step.n} stops {name} after its successor is ready and says {step.mode or 'nothing'} (7)"
        if not first and step.mode not in ("in-place", "break-before-make"):
            yield f"step {step.n} stops {name} before its successor is ready and says {step.mode or 'nothing'} (7)"
        if not first and step.how == "move" and step.mode != "break-before-make":
            yield f"step {step.n} moves {name} and breaks before it makes without saying so (7)"
