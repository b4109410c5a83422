"""Rows that hold places: between the ``instance`` table and :class:`components.placement.snapshot.Held`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from components.ledger import schema
from components.placement.snapshot import Held, Place

_table = schema.instance


@dataclass(frozen=True, slots=True)
class Row:
    """A held place with when it came to its state, for sentences about who has what."""

    held: Held
    since: datetime
    detail: str = ""
    endpoint: str = ""
    plan_id: int = 0


def load(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> tuple[Row, ...]:
    """Return the rows that match, by id."""
    result = connection.execute(sa.select(_table).where(*where).order_by(_table.c.id))
    return tuple(row_of(record) for record in result)


def row_of(record: Any) -> Row:
    """Return one record of the ``instance`` table as a row."""
    place = Place(
        pool=record.pool,
        node=record.node,
        cards=tuple(record.cards),
        memory_mib=record.memory_mib,
        compute=record.compute,
        cpu_milli=record.cpu_milli,
        node_memory_mib=record.node_memory_mib,
        exclusive=record.exclusive,
    )
    held = Held(
        id=record.id,
        owner=record.owner,
        service=record.service,
        ordinal=record.ordinal,
        role=record.role,
        revision=record.revision,
        place=place,
        state=record.state,
        after=tuple(record.after),
        token_hash=record.token_hash,
    )
    return Row(held, record.since, record.detail, record.endpoint, record.plan_id)


def insert(
    connection: sa.Connection,
    rows: Sequence[Held],
    capacities: Mapping[str, int],
    plan_id: int,
    now: datetime,
) -> None:
    """Write new rows with what each takes on each card; ``capacities``: card uuid -> MiB, for exclusive places."""
    if not rows:
        return
    connection.execute(_table.insert(), [_record(held, plan_id, now) for held in rows])
    taken = [taking for held in rows for taking in _takings(held, capacities)]
    if taken:
        connection.execute(schema.occupied.insert(), taken)


def delete(connection: sa.Connection, ids: Iterable[str]) -> None:
    """Remove rows and what they take."""
    bound = [{"b_id": instance} for instance in ids]
    if bound:
        connection.execute(
            schema.occupied.delete().where(schema.occupied.c.instance == sa.bindparam("b_id")), bound
        )
        connection.execute(_table.delete().where(_table.c.id == sa.bindparam("b_id")), bound)


def rewrite_after(
    connection: sa.Connection, after: Mapping[str, Sequence[str]], now: datetime
) -> tuple[str, ...]:
    """Write what pending rows still wait for; those that wait for nothing become reserved. Return their ids."""
    if not after:
        return ()
    connection.execute(
        _table.update()
        .where(_table.c.id == sa.bindparam("b_id"))
        .values(after=sa.bindparam("b_after", type_=sa.JSON)),
        [{"b_id": instance, "b_after": list(others)} for instance, others in after.items()],
    )
    released = tuple(sorted(instance for instance, others in after.items() if not others))
    if released:
        connection.execute(
            _table.update().where(_table.c.id == sa.bindparam("b_id")).values(state="reserved", since=now),
            [{"b_id": instance} for instance in released],
        )
    return released


def _record(held: Held, plan_id: int, now: datetime) -> dict[str, Any]:
    place = held.place
    return {
        "id": held.id,
        "owner": held.owner,
        "service": held.service,
        "ordinal": held.ordinal,
        "incarnation": held.id.rpartition("/")[2],
        "role": held.role,
        "revision": held.revision,
        "pool": place.pool,
        "node": place.node,
        "cards": list(place.cards),
        "memory_mib": place.memory_mib,
        "compute": place.compute,
        "cpu_milli": place.cpu_milli,
        "node_memory_mib": place.node_memory_mib,
        "exclusive": place.exclusive,
        "state": held.state,
        "after": list(held.after),
        "token_hash": held.token_hash,
        "endpoint": "",
        "detail": "",
        "plan_id": plan_id,
        "since": now,
    }


def _takings(held: Held, capacities: Mapping[str, int]) -> list[dict[str, Any]]:
    place = held.place
    return [
        {
            "card": uuid,
            "instance": held.id,
            "memory_mib": capacities.get(uuid, place.memory_mib) if place.exclusive else place.memory_mib,
            "compute": 100 if place.exclusive else place.compute,
        }
        for uuid in place.cards
    ]
