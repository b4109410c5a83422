"""Reads for people and the command line: plain rows, no judgement, no planning."""

from __future__ import annotations

from collections import Counter
from typing import Any

import sqlalchemy as sa

from components.ledger import schema
from components.ledger.records import CardRow, InstanceRow, PlanRow, ServiceRow, WaitingRow
from components.ledger.rows import load
from components.spec.claim import Wanted

_instance = schema.instance


def instances(
    connection: sa.Connection, owner: str | None = None, pool: str | None = None, service: str | None = None
) -> tuple[InstanceRow, ...]:
    """Return the rows that match, by owner, service, ordinal and id."""
    asked = {"owner": owner, "pool": pool, "service": service}
    found = load(
        connection, *(_instance.c[name] == value for name, value in asked.items() if value is not None)
    )
    listed = [InstanceRow(row.held, row.endpoint, row.detail, row.plan_id, row.since) for row in found]
    return tuple(
        sorted(listed, key=lambda row: (row.held.owner, row.held.service, row.held.ordinal, row.held.id))
    )


def services(connection: sa.Connection, owner: str | None = None) -> tuple[ServiceRow, ...]:
    """Return every service that is declared, wanted or still held, with its instances counted by state."""
    held: dict[tuple[str, str], list[InstanceRow]] = {}
    for row in instances(connection, owner):
        held.setdefault((row.held.owner, row.held.service), []).append(row)
    declared = _by_service(connection, schema.service, schema.service.c.name, owner)
    wanted = _by_service(connection, schema.wanted, schema.wanted.c.service, owner)
    waiting = Counter(_by_owner(connection, schema.waiting, owner))
    result = []
    for key in sorted({*declared, *wanted, *held}):
        mine = held.get(key, [])
        want = Wanted.from_dict(wanted[key].document) if key in wanted else None
        pools = (
            [declared[key].pool]
            if key in declared
            else [want.pool]
            if want
            else [row.held.place.pool for row in mine]
        )
        result.append(
            ServiceRow(
                owner=key[0],
                service=key[1],
                pool=pools[0],
                declared=declared[key].revision if key in declared else "",
                committed=want.revision if want else "",
                wanted=want.instances if want else 0,
                states=dict(sorted(Counter(row.held.state for row in mine).items())),
                waiting=waiting[key],
                endpoints=tuple(row.endpoint for row in mine if row.held.state == "ready" and row.endpoint),
            )
        )
    return tuple(result)


def cards(connection: sa.Connection, pool: str | None = None) -> tuple[CardRow, ...]:
    """Return the cards of committed plans by pool, node and index, with what counts on each now."""
    card, taken = schema.card, schema.occupied
    query = sa.select(card).order_by(card.c.pool, card.c.node, card.c.position)
    found = connection.execute(query if pool is None else query.where(card.c.pool == pool)).all()
    rows = connection.execute(
        sa.select(taken.c.card, taken.c.instance, taken.c.memory_mib, taken.c.compute, _instance.c.state)
        .join(_instance, _instance.c.id == taken.c.instance)
        .order_by(taken.c.instance)
    ).all()
    on: dict[str, list[Any]] = {}
    for row in rows:
        on.setdefault(row.card, []).append(row)
    return tuple(
        CardRow(
            pool=row.pool,
            node=row.node,
            uuid=row.uuid,
            index=row.position,
            model=row.model,
            memory_mib=row.memory_mib,
            memory_used=sum(other.memory_mib for other in on.get(row.uuid, ()) if other.state != "pending"),
            compute_used=sum(other.compute for other in on.get(row.uuid, ()) if other.state != "pending"),
            instances=tuple(other.instance for other in on.get(row.uuid, ())),
        )
        for row in found
    )


def waiting(connection: sa.Connection, owner: str | None) -> tuple[WaitingRow, ...]:
    """Return the instances that were committed without a place, by owner, service and ordinal."""
    table = schema.waiting
    query = sa.select(table.c.owner, table.c.service, table.c.ordinal, table.c.since)
    query = query.order_by(table.c.owner, table.c.service, table.c.ordinal)
    rows = connection.execute(query if owner is None else query.where(table.c.owner == owner))
    return tuple(WaitingRow(row.owner, row.service, row.ordinal, row.since) for row in rows)


def tokens(connection: sa.Connection, owner: str) -> dict[str, bytes]:
    """Return service -> its encrypted token, of those whose token the stack's secret makes."""
    table = schema.wanted
    query = sa.select(table.c.service, table.c.token).where(
        table.c.owner == owner, table.c.token.is_not(None)
    )
    return {row.service: row.token for row in connection.execute(query)}


def options(connection: sa.Connection, owner: str) -> dict[str, Any]:
    """Return the placement options of the owner's last commit."""
    table = schema.owner
    return dict(connection.scalar(sa.select(table.c.options).where(table.c.name == owner)) or {})


def plans(connection: sa.Connection, owner: str | None = None, limit: int = 20) -> tuple[PlanRow, ...]:
    """Return the newest committed plans, newest first."""
    plan, step = schema.plan, schema.step
    query = sa.select(plan).order_by(plan.c.id.desc()).limit(limit)
    found = connection.execute(query if owner is None else query.where(plan.c.owner == owner)).all()
    counts: dict[int, dict[str, int]] = {}
    numbers = sa.select(step.c.plan_id, step.c.state, sa.func.count().label("steps")).group_by(
        step.c.plan_id, step.c.state
    )
    for row in connection.execute(numbers.where(step.c.plan_id.in_([row.id for row in found]))):
        counts.setdefault(row.plan_id, {})[row.state] = row.steps
    return tuple(
        PlanRow(row.id, row.owner, row.state, row.because, row.committed, counts.get(row.id, {}))
        for row in found
    )


def _by_service(
    connection: sa.Connection, table: sa.Table, name: sa.Column[str], owner: str | None
) -> dict[tuple[str, str], sa.Row[Any]]:
    query = sa.select(table)
    rows = connection.execute(query if owner is None else query.where(table.c.owner == owner))
    return {(row.owner, row._mapping[name]): row for row in rows}


def _by_owner(connection: sa.Connection, table: sa.Table, owner: str | None) -> list[tuple[str, str]]:
    query = sa.select(table.c.owner, table.c.service)
    rows = connection.execute(query if owner is None else query.where(table.c.owner == owner))
    return [(row.owner, row.service) for row in rows]
