"""Commits a plan: re-judged against what is recorded now, and written whole, or not at all.

Runs inside one write transaction, so that nothing changes between the judgement and the writing. Starts and stops nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from components.ledger import rows as held_rows
from components.ledger import schema
from components.ledger.declarations import (
    Known,
    drop_services,
    know,
    new_id,
    sweep_specs,
    take_up_specs,
)
from components.ledger.draft import Draft, covered, draft
from components.ledger.errors import Refused, StalePlan
from components.ledger.events import Story
from components.ledger.inventory import release_departed, take_up
from components.ledger.judge import AGAIN, judge
from components.ledger.planned import tell_plan
from components.ledger.records import Commit
from components.ledger.states import states, views
from components.placement.bound import Assignments, same_place
from components.placement.plan_types import Step
from components.placement.snapshot import Held, NodeView, Place, Snapshot
from components.spec.claim import Wanted
from components.spec.node import Node

_instance = schema.instance
_plan = schema.plan
_step = schema.step
_FEW = 200
"""Up to so many nodes are asked for by name; more, and their pools' rows are read whole."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan as it is handed in. ``expected``: the picture it was made from, or None to judge only by what it needs.

    ``holder``: physical id of the Placement that holds the reservations from now on; empty leaves it as it is.
    ``tokens``: service -> its encrypted token, ``options``: how services are placed, both for reconciling. ``repair``: the
    plan works towards what an earlier one committed, so that no declaration is taken up or forgotten by it.
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


def commit(
    connection: sa.Connection, proposal: Proposal, mint: Callable[[], str], story: Story, now: datetime
) -> Commit:
    """Judge the proposal and write it. Raises :class:`StalePlan` or :class:`PlanIncomplete`; the caller then undoes all."""
    owner = proposal.owner
    known = know(connection, owner, story, now)
    own = {row.held.id: row.held for row in held_rows.load(connection, _instance.c.owner == owner)}
    if proposal.expected is not None:
        _as_expected(proposal.expected, own)
    tokens = {wanted.service: wanted.token_hash for wanted in proposal.wanted}
    made = draft(owner, proposal.steps, own, tokens, mint)
    pools = {
        *proposal.pools,
        *(node.pool for node in proposal.nodes),
        *(held.place.pool for held in made.fresh),
    }
    counted = take_up(connection, owner, pools, proposal.nodes, story, now)
    seen = views(counted, states(connection, pools))
    covered(own.values(), proposal.assignments, made, _lost_places(seen))
    _judge(connection, pools, seen, own, made)
    plan_id = _write_plan(connection, proposal, made, story, now)
    tell_plan(story, made, proposal.steps, own, (node for node, _ in counted), plan_id)
    _write_rows(connection, made, own, counted, plan_id, story, now)
    _write_waiting(connection, proposal, plan_id, now)
    _write_owner(connection, proposal, known)
    if not proposal.repair:
        _write_wanted(connection, proposal, plan_id, now)
        _forget_absent(connection, proposal, story)
    if made.dropped or any(departed for _, departed in counted):
        release_departed(connection, story)
    return Commit(plan_id=plan_id, ids=made.ids)


def release_owner(connection: sa.Connection, owner: str, holder: str, story: Story) -> bool:
    """Forget wanted and waiting of an owner that holds nothing; False where ``holder`` no longer holds its placement."""
    table = schema.owner
    named = connection.scalar(sa.select(table.c.placement).where(table.c.name == owner))
    if named != holder:
        return False
    held = held_rows.load(connection, _instance.c.owner == owner)
    if held:
        raise Refused(
            f"{owner} still holds {len(held)} instances, {held[0].held.id} first: stop them, then release the placement"
        )
    for kept in (schema.wanted, schema.waiting):
        connection.execute(kept.delete().where(kept.c.owner == owner))
    connection.execute(table.update().where(table.c.name == owner).values(placement=""))
    story.tell(f"owner/{owner}", "released", f"placement {holder} was deleted")
    return True


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


def _lost_places(seen: Sequence[NodeView]) -> Callable[[Place], bool]:
    by_key = {view.node.key: view for view in seen}

    def lost(place: Place) -> bool:
        view = by_key.get(place.node_key)
        return view is not None and (
            view.state == "lost" or any(view.card_states.get(uuid) == "lost" for uuid in place.cards)
        )

    return lost


def _judge(
    connection: sa.Connection, pools: set[str], seen: Sequence[NodeView], own: Mapping[str, Held], made: Draft
) -> None:
    # A row that was pending is judged anew: what it waits for may be another now, or nothing.
    turned = [held for held in made.resumed if own[held.id].state == "pending"]
    judged = [*made.fresh, *turned]
    if not judged:
        return
    replaced = {*made.dropped, *(held.id for held in turned)}
    keys = {held.place.node_key for held in judged}
    where = [_instance.c.pool.in_(sorted(pools))]
    names = sorted({held.place.node for held in judged})
    if len(names) <= _FEW:
        where.append(_instance.c.node.in_(names))
    there = [
        row
        for row in held_rows.load(connection, *where)
        if row.held.id not in replaced and row.held.place.node_key in keys
    ]
    judge(seen, there, judged)


def _write_plan(
    connection: sa.Connection, proposal: Proposal, made: Draft, story: Story, now: datetime
) -> int:
    owner = proposal.owner
    open_plans = sa.select(_plan.c.id).where(_plan.c.owner == owner, _plan.c.state == "open")
    superseded = connection.scalars(open_plans).all()
    if superseded:
        connection.execute(
            _step.update()
            .where(_step.c.plan_id.in_(superseded), _step.c.state == "open")
            .values(state="dropped", ended=now)
        )
        connection.execute(_plan.update().where(_plan.c.id.in_(superseded)).values(state="superseded"))
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
    done = connection.execute(
        _plan.insert().values(owner=owner, state=state, because=story.because, committed=now)
    )
    plan_id = new_id(done)
    if steps:
        connection.execute(_step.insert(), [step | {"plan_id": plan_id} for step in steps])
    for old in superseded:
        story.tell(f"plan/{old}", "superseded", f"by plan {plan_id}", plan_id=old)
    story.tell(f"plan/{plan_id}", "committed", f"{len(steps)} steps", plan_id=plan_id)
    return plan_id


def _write_owner(connection: sa.Connection, proposal: Proposal, known: Known) -> None:
    """Write who holds the reservations and what the plan was made under, where that is not what stands there."""
    values: dict[str, Any] = {}
    if proposal.holder and proposal.holder != known.placement:
        values["placement"] = proposal.holder
    options = None if proposal.options is None else dict(proposal.options)
    if not proposal.repair and options != known.options:
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


def _write_wanted(connection: sa.Connection, proposal: Proposal, plan_id: int, now: datetime) -> None:
    owner, wanted = proposal.owner, schema.wanted
    before = connection.execute(sa.select(wanted.c.service).where(wanted.c.owner == owner)).scalars().all()
    connection.execute(wanted.delete().where(wanted.c.owner == owner))
    documents = [
        {
            "owner": owner,
            "service": service.service,
            "revision": service.revision,
            "document": service.to_dict(),
            "plan_id": plan_id,
            "token": proposal.tokens.get(service.service),
        }
        for service in proposal.wanted
    ]
    if documents:
        connection.execute(wanted.insert(), documents)
    revisions = {service.service: service.revision for service in proposal.wanted}
    take_up_specs(connection, owner, revisions, now)
    services = sorted({*before, *(service.service for service in proposal.wanted)})
    sweep_specs(connection, owner, services, now)


def _write_waiting(connection: sa.Connection, proposal: Proposal, plan_id: int, now: datetime) -> None:
    owner, waiting = proposal.owner, schema.waiting
    key = (waiting.c.service, waiting.c.ordinal)
    since = {
        (row.service, row.ordinal): row.since
        for row in connection.execute(sa.select(*key, waiting.c.since).where(waiting.c.owner == owner))
    }
    if since:
        connection.execute(waiting.delete().where(waiting.c.owner == owner))
    pairs = [
        {
            "owner": owner,
            "service": service,
            "ordinal": ordinal,
            "plan_id": plan_id,
            "since": since.get((service, ordinal), now),
        }
        for service, places in proposal.assignments.items()
        for ordinal, place in places.items()
        if place is None
    ]
    if pairs:
        connection.execute(waiting.insert(), pairs)


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


def _forget_absent(connection: sa.Connection, proposal: Proposal, story: Story) -> None:
    """Forget declarations of this owner that the plan does not want and that hold nothing."""
    service = schema.service
    holds = sa.exists().where(_instance.c.owner == service.c.owner, _instance.c.service == service.c.name)
    query = (
        sa.select(service.c.name)
        .where(service.c.owner == proposal.owner, sa.not_(holds))
        .order_by(service.c.name)
    )
    wanted = {item.service for item in proposal.wanted}
    drop_services(
        connection, proposal.owner, [name for name in connection.scalars(query) if name not in wanted], story
    )
