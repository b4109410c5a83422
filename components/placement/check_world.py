"""The rows that a plan leads through, worked out from its steps alone: what was there, what begins, what is gone when.

Part of the checker: shares no code with the planner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from components.placement.plan_types import Plan, Step
from components.placement.snapshot import Held, NodeState, NodeView, Place, Role, Snapshot
from components.spec.claim import Wanted

_ORDER: tuple[NodeState, ...] = ("ready", "cordoned", "draining", "lost")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the ledger, now or once the plan is committed. ``new``: its place was not promised to it before."""

    name: str
    own: bool
    service: str
    ordinal: int
    role: Role
    revision: str
    place: Place
    new: bool = False
    held: Held | None = None


@dataclass(slots=True)
class World:
    """Rows, which of them the plan ends by which step, and for each row all that is gone before it counts."""

    snapshot: Snapshot
    views: dict[str, NodeView]
    rows: dict[str, Row] = field(default_factory=dict)
    ended_by: dict[str, int] = field(default_factory=dict)
    row_of: dict[int, str] = field(default_factory=dict)
    before: dict[int, set[int]] = field(default_factory=dict)
    gone_before: dict[str, set[str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def state(self, place: Place) -> NodeState | None:
        """Return the strictest state of a place's node and cards, None when one of them is not in the snapshot."""
        view = self.views.get(place.node_key)
        if view is None or not set(place.cards) <= {card.uuid for card in view.node.cards}:
            return None
        states = [view.state, *(view.card_states.get(uuid, "ready") for uuid in place.cards)]
        return max(states, key=_ORDER.index)

    def lost(self, place: Place) -> bool:
        """Return whether nothing at this place can be reached."""
        view = self.views.get(place.node_key)
        return view is not None and (
            "lost" in (view.state, *(view.card_states.get(uuid) for uuid in place.cards))
        )

    def finals(self, service: str, ordinal: int) -> list[Row]:
        """Return the steady rows of an ordinal that are there in the end and can be reached."""
        return [
            row
            for row in self.rows.values()
            if row.own and (row.service, row.ordinal, row.role) == (service, ordinal, "steady")
            and row.name not in self.ended_by and not self.lost(row.place)
        ]  # fmt: skip


def build(snapshot: Snapshot, plan: Plan) -> World:
    """Work out the world of a plan; contradictions between its steps are faults."""
    world = World(snapshot, {view.node.key: view for view in snapshot.nodes})
    for held in snapshot.held:
        own = held.owner == snapshot.owner
        world.rows[held.id] = Row(
            held.id,
            own,
            held.service,
            held.ordinal,
            held.role,
            held.revision,
            held.place,
            own and held.state == "pending",
            held,
        )
    _follow(world, plan.steps)
    dropped = [
        n for n, name in world.row_of.items() if world.ended_by.get(name) == n and _pending(world.rows[name])
    ]
    for n in dropped:
        # Nothing of it ever ran or counted, so it is gone with the commit.
        del world.rows[world.row_of[n]]
    _times(world, plan.steps)
    return world


def _pending(row: Row) -> bool:
    return row.own and row.held is not None and row.held.state == "pending"


def _follow(world: World, steps: Sequence[Step]) -> None:
    """Work out which row each step is about, and which steps come before it."""
    begun: dict[tuple[str, int, str], str] = {}
    for expected, step in enumerate(steps, start=1):
        if step.n != expected:
            world.faults.append(f"step {step.n} stands where {expected} should")
        if any(other >= step.n or other < 1 for other in step.after):
            world.faults.append(f"step {step.n} waits for a later one: {step.after}")
        world.before[step.n] = set(step.after).union(
            *(world.before.get(other, set()) for other in step.after)
        )
        _take(world, step, begun)


def _take(world: World, step: Step, begun: dict[tuple[str, int, str], str]) -> None:
    slot = (step.service, step.ordinal, step.role)
    name = step.instance or begun.get(slot, "")
    if step.op == "start" and not step.instance:
        name = f"step {step.n}"
        if step.place is None or slot in begun:
            world.faults.append(f"step {step.n} starts {step.label} nowhere or a second time")
            return
        begun[slot] = name
        world.rows[name] = Row(name, True, *slot, step.revision, step.place, new=True)
    row = world.rows.get(name)
    if row is None or not row.own or (row.service, row.ordinal, row.role) != slot:
        world.faults.append(
            f"step {step.n} is about {name or 'nothing'}, which is no instance of {step.label}"
        )
        return
    world.row_of[step.n] = name
    if step.op == "stop":
        if name in world.ended_by:
            world.faults.append(f"step {step.n} stops {name} a second time")
        world.ended_by[name] = step.n
    elif step.place is not None and step.place != row.place:
        world.faults.append(f"step {step.n} has {step.label} at another place than its row")


def _times(world: World, steps: Sequence[Step]) -> None:
    """For each row that waits for its place: all rows that are gone before it counts."""
    direct: dict[str, set[str]] = {}
    for row in world.rows.values():
        if not row.own and row.held is not None and row.held.state == "pending":
            direct[row.name] = set(row.held.after)
    for step in steps:
        name = world.row_of.get(step.n)
        if step.op == "start" and name in world.rows and world.rows[name].new:
            stops = {
                n
                for n in world.before[step.n]
                if n in world.row_of and world.ended_by.get(world.row_of[n]) == n
            }
            direct[name] = {world.row_of[n] for n in stops} & world.rows.keys()
    for name, first in direct.items():
        found: set[str] = set()
        todo = set(first)
        while todo:
            other = todo.pop()
            if other not in found:
                found.add(other)
                todo |= direct.get(other, set())
        world.gone_before[name] = found & world.rows.keys()


def instances(wanted: Wanted, snapshot: Snapshot) -> int:
    """Return how many instances a service has: as declared, or what runs within its autoscaler's limits."""
    if wanted.autoscale is None:
        return max(wanted.instances, 0)
    mine = [row for row in snapshot.held if (row.owner, row.service) == (snapshot.owner, wanted.service)]
    tops = [row.ordinal + 1 for row in mine if row.role == "steady" and row.state != "stopping"]
    waits = [ordinal + 1 for service, ordinal in snapshot.waiting if service == wanted.service]
    begun = max(*tops, min(max(waits, default=0), wanted.instances), 0)
    count = begun if tops or waits else wanted.instances
    return max(wanted.autoscale[0], min(count, wanted.autoscale[1]))
