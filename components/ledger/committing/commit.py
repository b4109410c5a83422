"""Commits a plan: re-judged against what is recorded now, and written whole, or not at all.

Runs inside one write transaction, so that nothing changes between the judgement and the writing. Starts and stops nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from components.ledger import rows as held_rows
from components.ledger import schema
from components.ledger.committing.draft import Draft, covered, draft
from components.ledger.committing.inventory import release_departed, take_up, take_up_quotas
from components.ledger.committing.judge import AGAIN, judge
from components.ledger.committing.planned import tell_plan
from components.ledger.committing.standing import Standing, standing
from components.ledger.committing.wants import forget_absent, take_up_specs, write_waiting, write_wanted
from components.ledger.declarations import new_id, nodes_at, remember, sweep_specs
from components.ledger.errors import StalePlan
from components.ledger.events import Story
from components.ledger.generations import told
from components.ledger.leases import Alive, refuse_while_held
from components.ledger.processes import alive as process_alive
from components.ledger.records import Commit, LeaseHolder
from components.ledger.states import views
from components.placement.bound import Assignments, same_place
from components.placement.plan_types import Step
from components.placement.quota import quota_faults
from components.placement.snapshot import Held, NodeView, Place, Snapshot
from components.spec.claim import Wanted
from components.spec.node import Node
from components.spec.quotas import Quota, Quotas

_instance = schema.instance
_plan = schema.plan
_step = schema.step
_ADD_PLAN = _plan.insert()
_ADD_STEPS = _step.insert()
_OF_PLANS: sa.BindParameter[int] = sa.bindparam("plans", expanding=True)
_DROP_STEPS = (
    _step.update()
    .where(_step.c.plan_id.in_(_OF_PLANS), _step.c.state == "open")
    .values(state="dropped", ended=sa.bindparam("now"))
)
_SUPERSEDE = _plan.update().where(_plan.c.id.in_(_OF_PLANS)).values(state="superseded")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan as it is handed in. ``expected``: the picture it was made from, or None to judge only by what it needs.

    ``holder``: physical id of the Placement that holds the reservations from now on; empty leaves it as it is.
    ``tokens``: service -> its encrypted token, ``options``: how services are placed, both for reconciling. ``repair``: the
    plan works towards what an earlier one committed, so that no declaration is taken up or forgotten by it. ``process``:
    who commits; then another one that lives and carries out for this owner is in the way. ``quotas``: what its program says
    of its own pools. ``generation``: the mark by which Pulumi's state knows the plan.
    """

    owner: str
    nodes: Sequence[Node]
    pools: Sequence[str]
    wanted: Sequence[Wanted]
    assignments: Assignments
    steps: Sequence[Step]
    expected: Snapshot | None = None
    holder: str = ""
    tokens: Mapping[str, bytes] = field(default_factory=dict)
    options: Mapping[str, Any] | None = None
    repair: bool = False
    process: LeaseHolder | None = None
    alive: Alive = process_alive
    quotas: Mapping[str, Quotas] = field(default_factory=dict)
    generation: str = ""


def commit(
    connection: sa.Connection, proposal: Proposal, mint: Callable[[], str], story: Story, now: datetime
) -> Commit:
    """Judge the proposal and write it. Raises :class:`StalePlan`, :class:`PlanIncomplete` or :class:`LeaseHeld`; the caller
    then undoes all."""
    owner = proposal.owner
    begun = [step.place for step in proposal.steps if step.op == "start" and not step.instance and step.place]
    pools = {
        *proposal.pools,
        *(node.pool for node in proposal.nodes),
        *(place.pool for place in begun),
    }
    names = {place.node for place in begun}
    there = standing(connection, owner, pools, names, declared=not proposal.repair)
    if proposal.process is not None:
        refuse_while_held(there.leases, owner, proposal.process, proposal.alive, now)
    if not there.known:
        remember(connection, owner, story, now)
    own = {name: row.held for name, row in there.rows.items() if row.held.owner == owner}
    if proposal.expected is not None:
        _as_expected(proposal.expected, own)
    tokens = {wanted.service: wanted.token_hash for wanted in proposal.wanted}
    made = draft(owner, proposal.steps, own, tokens, mint)
    counted = take_up(connection, owner, there, proposal.nodes, story, now)
    seen = {view.node.key: view for view in views(counted, there.states)}
    look = _Look(connection, there, seen, take_up_quotas(connection, owner, there, proposal.quotas, story))
    covered(own.values(), proposal.assignments, made, look.is_lost)
    _judge(look, own, made)
    _judge_quotas(look, proposal, own)
    plan_id = _write_plan(connection, proposal, there, made, story, now)
    look.read(own[name].place for name in made.stopped & own.keys() if made.fresh)
    nodes = [view.node for view in look.seen.values()]
    tell_plan(story, made, proposal.steps, own, nodes, plan_id)
    _write_rows(connection, made, own, counted, plan_id, story, now)
    write_waiting(connection, owner, there, proposal.assignments, plan_id, now)
    _write_owner(connection, proposal, there)
    if not proposal.repair:
        after = [*(held for name, held in own.items() if name not in made.dropped), *made.fresh]
        write_wanted(connection, owner, there, proposal.wanted, proposal.tokens, plan_id)
        take_up_specs(connection, there, proposal.wanted, after, now)
        forget_absent(connection, owner, there, proposal.wanted, after, story)
    if made.dropped or any(departed for _, departed in counted):
        release_departed(connection, story)
    return Commit(plan_id=plan_id, ids=made.ids)


@dataclass(slots=True)
class _Look:
    """What is there, looked up further where the plan turns out to need more of it than it names.

    ``quotas``: what this owner may take.
    """

    connection: sa.Connection
    there: Standing
    seen: dict[str, NodeView]
    quotas: tuple[Quota, ...]

    def read(self, places: Iterable[Place]) -> None:
        """Read the nodes of these places that were not read yet."""
        pools = set(self.there.asked)
        missing = {place.node for place in places if place.pool in pools and place.node_key not in self.seen}
        if missing:
            pairs = nodes_at(self.connection, self.there.asked, missing)
            self.seen |= {view.node.key: view for view in views(pairs, self.there.states)}

    def view(self, place: Place) -> NodeView | None:
        """Return the place's node if it is of these pools."""
        self.read((place,))
        return self.seen.get(place.node_key)

    def is_lost(self, place: Place) -> bool:
        """Return whether the place is on a lost node or card."""
        view = self.view(place)
        return view is not None and (
            view.state == "lost" or any(view.card_states.get(uuid) == "lost" for uuid in place.cards)
        )

    def rows_on(self, places: Iterable[Place]) -> list[held_rows.Row]:
        """Return all rows on the nodes of these places."""
        keys = {place.node_key for place in places}
        rows = dict(self.there.rows)
        if unread := sorted({place.node for place in places} - self.there.read):
            where = _instance.c.pool.in_(self.there.asked), _instance.c.node.in_(unread)
            rows |= {row.held.id: row for row in held_rows.load(self.connection, *where)}
        return [row for row in rows.values() if row.held.place.node_key in keys]


def _as_expected(expected: Snapshot, own: Mapping[str, Held]) -> None:
    """This owner's rows are those that the plan was made from, in the same places and revisions."""
    before = {held.id: held for held in expected.held if held.owner == expected.owner}
    for name in sorted({*before, *own}):
        then, current = before.get(name), own.get(name)
        if then is None or current is None:
            what = "has been committed" if then is None else "has been seen gone"
            raise StalePlan(
                f"{name} {what} since the plan was made. {AGAIN}", wish=name, service=_service_of(name)
            )
        if then.revision != current.revision or not same_place(then.place, current.place):
            raise StalePlan(
                f"{name} has another place or revision than when the plan was made. {AGAIN}",
                wish=name,
                service=_service_of(name),
            )


def _service_of(instance: str) -> str:
    return instance.split("/")[-3]


def _judge(look: _Look, own: Mapping[str, Held], made: Draft) -> None:
    # A row that was pending is judged anew: what it waits for may be another now, or nothing.
    turned = [held for held in made.resumed if own[held.id].state == "pending"]
    judged = [*made.fresh, *turned]
    if not judged:
        return
    replaced = {*made.dropped, *(held.id for held in turned)}
    places = [held.place for held in judged]
    there = [row for row in look.rows_on(places) if row.held.id not in replaced]
    judge([view for place in places if (view := look.view(place))], there, judged)


def _judge_quotas(look: _Look, proposal: Proposal, own: Mapping[str, Held]) -> None:
    if not look.quotas:
        return
    rows = [*own.values()]
    wished = [
        place for places in proposal.assignments.values() for place in places.values() if place is not None
    ]
    # What a whole card counts, and which part of it a slice is, stands with its node.
    look.read([*(row.place for row in rows), *wished])
    nodes = [view.node for view in look.seen.values()]
    for said in quota_faults(look.quotas, proposal.owner, rows, proposal.assignments, nodes):
        raise StalePlan(f"{said} {AGAIN}", reason="quota")


def _write_plan(
    connection: sa.Connection, proposal: Proposal, there: Standing, made: Draft, story: Story, now: datetime
) -> int:
    superseded = there.open_plans
    if superseded:
        connection.execute(_DROP_STEPS, {"plans": superseded, "now": now})
        connection.execute(_SUPERSEDE, {"plans": superseded})
    steps = [
        {
            "n": step.n,
            "instance": made.ids[step.n],
            "document": step.to_dict(),
            # Nothing of a pending row ever ran, so dropping it is all there is to do.
            "state": "done" if made.ids[step.n] in made.dropped else "open",
            "ended": now if made.ids[step.n] in made.dropped else None,
        }
        for step in proposal.steps
    ]
    state = "open" if any(step["state"] == "open" for step in steps) else "done"
    plan = {"owner": proposal.owner, "state": state, "because": story.because, "committed": now}
    plan_id = new_id(connection.execute(_ADD_PLAN, plan))
    if steps:
        connection.execute(_ADD_STEPS, [step | {"plan_id": plan_id} for step in steps])
    for old in superseded:
        story.tell(f"plan/{old}", "superseded", f"by plan {plan_id}", plan_id=old)
    story.tell(
        f"plan/{plan_id}", "committed", f"{len(steps)} steps{told(proposal.generation)}", plan_id=plan_id
    )
    return plan_id


def _write_owner(connection: sa.Connection, proposal: Proposal, there: Standing) -> None:
    """Write who holds the reservations and what the plan was made under, where that is not what stands there."""
    values: dict[str, Any] = {}
    if proposal.holder and proposal.holder != there.placement:
        values["placement"] = proposal.holder
    options = None if proposal.options is None else dict(proposal.options)
    if not proposal.repair and options != there.options:
        values["options"] = options
    if values:
        connection.execute(
            schema.owner.update().where(schema.owner.c.name == proposal.owner).values(**values)
        )


def _write_rows(
    connection: sa.Connection,
    made: Draft,
    own: Mapping[str, Held],
    counted: Sequence[tuple[Node, bool]],
    plan_id: int,
    story: Story,
    now: datetime,
) -> None:
    capacities = {card.uuid: card.memory_mib for node, _ in counted for card in node.cards}
    held_rows.insert(connection, made.fresh, capacities, plan_id, now)
    turns = {held.id: held.after for held in made.resumed if own[held.id].state == "pending"}
    # A row on a lost node needs no step; it must not wait for what is dropped here.
    for held in own.values():
        left_alone = held.id not in turns and held.id not in made.dropped
        if left_alone and not made.dropped.isdisjoint(held.after):
            turns[held.id] = tuple(other for other in held.after if other not in made.dropped)
    for released in held_rows.rewrite_after(connection, turns, now):
        story.tell(released, "reserved", "its place is free", plan_id=plan_id)
    held_rows.delete(connection, made.dropped)
    for dropped in sorted(made.dropped):
        story.tell(dropped, "dropped", "it had no place yet, and is no longer wanted", plan_id=plan_id)


def release(connection: sa.Connection, owner: str, holder: str, story: Story) -> bool:
    """Forget what this owner's plans wanted, once nothing is held and if ``holder`` still holds the reservations."""
    query = sa.select(schema.owner.c.placement).where(schema.owner.c.name == owner)
    held = sa.select(_instance.c.id).where(_instance.c.owner == owner).limit(1)
    if connection.scalar(query) != holder or connection.scalar(held) is not None:
        return False
    for table in (schema.wanted, schema.waiting):
        connection.execute(table.delete().where(table.c.owner == owner))
    open_plans = sa.select(_plan.c.id).where(_plan.c.owner == owner, _plan.c.state == "open")
    connection.execute(
        _step.update().where(_step.c.plan_id.in_(open_plans), _step.c.state == "open").values(state="dropped")
    )
    connection.execute(
        _plan.update().where(_plan.c.owner == owner, _plan.c.state == "open").values(state="superseded")
    )
    connection.execute(schema.owner.update().where(schema.owner.c.name == owner).values(placement=""))
    services = connection.scalars(
        sa.select(schema.spec.c.service).where(schema.spec.c.owner == owner).distinct()
    ).all()
    sweep_specs(connection, owner, services, story.now)
    story.tell(f"owner/{owner}", "reservations released", f"by {holder}")
    return True
