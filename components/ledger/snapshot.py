"""Reads the picture that planning starts from. No judgement here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from components.ledger import schema
from components.ledger.database.asking import ask
from components.ledger.declarations import DECLARED, NODES, nodes_from, quotas_for
from components.ledger.records import Committed, NodeStateRow, OpenStep
from components.ledger.rows import row_of
from components.ledger.states import STATES, as_others_say, views
from components.placement.plan_types import Step
from components.placement.snapshot import Snapshot
from components.spec.claim import Wanted
from components.spec.node import Node
from components.spec.quotas import Quotas

_instance = schema.instance
_pool = schema.pool
_step = schema.step
_waiting = schema.waiting
_MINE = sa.bindparam("owner", type_=sa.String)


def _seen(column: sa.Column[str]) -> sa.ColumnElement[bool]:
    """What this owner still holds in a pool that its program no longer names must be seen, to be stopped."""
    elsewhere = sa.select(_instance.c.pool).where(_instance.c.owner == _MINE)
    return sa.or_(column.in_(sa.bindparam("pools", expanding=True)), column.in_(elsewhere.scalar_subquery()))


_PICTURE = (
    sa.select(_instance).where(_seen(_instance.c.pool)).order_by(_instance.c.id),
    NODES.where(_seen(schema.node.c.pool)),
    DECLARED.where(_seen(schema.pool.c.name)),
    STATES.where(_seen(schema.node_state.c.pool)),
    sa.select(_waiting.c.service, _waiting.c.ordinal).where(_waiting.c.owner == _MINE),
    sa.select(_pool.c.name, _pool.c.owner, _pool.c.quotas).where(
        _pool.c.name.in_(sa.bindparam("pools", expanding=True))
    ),
)


def snapshot(
    connection: sa.Connection,
    owner: str,
    nodes: Sequence[Node] | None,
    pools: Iterable[str],
    quotas: Mapping[str, Quotas] | None = None,
) -> Snapshot:
    """Return what ``owner`` may plan from: these pools with every owner's rows on them.

    ``nodes`` are the program's; then nothing that GpuPool or EasService wrote is read, except that nodes which the
    program no longer names and which still hold something are draining. None: the nodes that the ledger knows.
    ``quotas``: those of the program's own pools; of others those that are recorded count.
    """
    named = {*pools, *(node.pool for node in nodes or ())}
    where = {"owner": owner, "pools": sorted(named)}
    rows, documents, declared, stated, waits, limited = ask(
        connection, *((question, where) for question in _PICTURE)
    )
    held = tuple(row_of(row).held for row in rows)
    said = {row.name: (row.owner, row.quotas) for row in limited if row.quotas}
    others = {row.name: row.owner for row in limited if row.owner != owner}
    holding = {row.place.node_key for row in held}
    known = nodes_from(documents, declared)
    if nodes is None:
        given = {node.key for node, _ in known if node.pool in named}
        counted = [pair for pair in known if pair[0].key in given]
    else:
        given = {node.key for node in nodes}
        counted = [(node, False) for node in nodes]
    counted += [(node, True) for node, _ in known if node.key not in given and node.key in holding]
    return Snapshot(
        owner=owner,
        nodes=tuple(
            as_others_say(view, others[view.node.pool]) if view.node.pool in others else view
            for view in views(counted, (NodeStateRow(*row) for row in stated))
        ),
        held=held,
        waiting=frozenset((row.service, row.ordinal) for row in waits),
        quotas=quotas_for(owner, said | {name: (owner, own) for name, own in (quotas or {}).items()}),
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
