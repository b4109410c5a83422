"""Reads the picture that planning starts from. No judgement here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from components.ledger import schema
from components.ledger.declarations import nodes_of
from components.ledger.records import Committed, OpenStep
from components.ledger.rows import load
from components.ledger.states import states, views
from components.placement.plan_types import Step
from components.placement.snapshot import Snapshot
from components.spec.claim import Wanted
from components.spec.node import Node

_step = schema.step


def snapshot(
    connection: sa.Connection, owner: str, nodes: Sequence[Node] | None, pools: Iterable[str]
) -> Snapshot:
    """Return what ``owner`` may plan from: these pools with every owner's rows on them.

    ``nodes`` are the program's; then nothing that GpuPool or EasService wrote is read, except that nodes which the
    program no longer names and which still hold something are draining. None: the nodes that the ledger knows.
    """
    held_by = schema.instance.c.owner == owner
    elsewhere = connection.scalars(sa.select(schema.instance.c.pool).where(held_by).distinct()).all()
    named = {*pools, *(node.pool for node in nodes or ())}
    # What this owner still holds in a pool that its program no longer names must be seen, to be stopped.
    names = sorted(named.union(elsewhere))
    held = tuple(row.held for row in load(connection, schema.instance.c.pool.in_(names)))
    holding = {row.place.node_key for row in held}
    known = nodes_of(connection, names)
    if nodes is None:
        given = {node.key for node, _ in known if node.pool in named}
        counted = [pair for pair in known if pair[0].key in given]
    else:
        given = {node.key for node in nodes}
        counted = [(node, False) for node in nodes]
    counted += [(node, True) for node, _ in known if node.key not in given and node.key in holding]
    waiting = schema.waiting
    pairs = connection.execute(
        sa.select(waiting.c.service, waiting.c.ordinal).where(waiting.c.owner == owner)
    ).all()
    return Snapshot(
        owner=owner,
        nodes=views(counted, states(connection, names)),
        held=held,
        waiting=frozenset((row.service, row.ordinal) for row in pairs),
    )


def open_steps(connection: sa.Connection, owner: str) -> tuple[OpenStep, ...]:
    """Return the steps of this owner's open plan that are not done, in order."""
    query = _open_steps(owner).order_by(_step.c.plan_id, _step.c.n)
    return tuple(
        OpenStep(plan_id=row.plan_id, step=Step.from_dict(row.n, row.document), instance=row.instance)
        for row in connection.execute(query)
    )


def unfinished(connection: sa.Connection, owner: str) -> bool:
    """Return whether there is any such step; reads none of them."""
    found = _open_steps(owner).with_only_columns(_step.c.n).limit(1)
    return connection.execute(found).first() is not None


def _open_steps(owner: str) -> sa.Select[Any]:
    plan = schema.plan
    return (
        sa.select(_step.c.plan_id, _step.c.n, _step.c.instance, _step.c.document)
        .join(plan, plan.c.id == _step.c.plan_id)
        .where(plan.c.owner == owner, plan.c.state == "open", _step.c.state == "open")
    )


def committed(connection: sa.Connection, owner: str) -> Committed | None:
    """Return what the newest plan of this owner wants and has not done yet; None before its first."""
    newest = connection.scalar(sa.select(sa.func.max(schema.plan.c.id)).where(schema.plan.c.owner == owner))
    if newest is None:
        return None
    wanted = schema.wanted
    documents = connection.scalars(
        sa.select(wanted.c.document).where(wanted.c.owner == owner).order_by(wanted.c.service)
    ).all()
    return Committed(
        plan_id=newest,
        wanted=tuple(Wanted.from_dict(document) for document in documents),
        steps=open_steps(connection, owner),
    )
