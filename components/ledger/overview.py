"""All of a ledger at one moment, for metrics: what is held, by whom, who waits and carries out, and what happened since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from components.ledger import schema
from components.ledger.committing.conflicts import CONFLICT
from components.ledger.declarations import nodes_of
from components.ledger.leases import Alive, leases
from components.ledger.lifecycle import MOVES
from components.ledger.records import Lease
from components.ledger.rows import Row, load
from components.ledger.states import passes, states, views
from components.placement.snapshot import NodeView

_event = schema.event
_COUNTED = sorted(
    {"reserved", "pending", "committed", "gone", "dropped", "forgotten"}
    | {f"{before} -> {to}" for before, to in MOVES if to in ("starting", "ready", "failed")}
)
"""The events that metrics are counted from; conflicts besides."""


class Told(NamedTuple):
    """One event, as far as it is counted. ``pool`` is empty where it is about none."""

    id: int
    at: datetime
    owner: str
    subject: str
    what: str
    detail: str
    because: str
    pool: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What stands recorded at ``at``. ``pools``: name -> owner. ``waiting``: owner -> instances without a place.

    ``leases``: of processes that live. ``committed``: owner -> when its newest plan was committed; ``passed``: pool -> when
    a reconciler last came through. ``told``: the events after the one that was asked for, in their order; ``newest``: the
    number of the newest event of all, 0 where there is none.
    """

    at: datetime
    pools: Mapping[str, str]
    nodes: tuple[NodeView, ...]
    rows: tuple[Row, ...]
    waiting: Mapping[str, int]
    leases: tuple[Lease, ...]
    committed: Mapping[str, datetime]
    passed: Mapping[str, datetime]
    told: tuple[Told, ...]
    newest: int


def overview(connection: sa.Connection, after: int, alive: Alive, now: datetime) -> Overview:
    """Return everything, and the events after number ``after``; where that is no longer there, all events."""
    pool, waiting, plan = schema.pool, schema.waiting, schema.plan
    pools = {row.name: row.owner for row in connection.execute(sa.select(pool.c.name, pool.c.owner))}
    newest = connection.scalar(sa.select(sa.func.max(_event.c.id))) or 0
    count = sa.func.count()
    by_owner = sa.select(waiting.c.owner, count.label("number")).group_by(waiting.c.owner)
    commits = sa.select(plan.c.owner, sa.func.max(plan.c.committed).label("at")).group_by(plan.c.owner)
    return Overview(
        at=now,
        pools=pools,
        nodes=views(nodes_of(connection, pools), states(connection, pools)),
        rows=load(connection),
        waiting={row.owner: row.number for row in connection.execute(by_owner)},
        leases=leases(connection, None, alive, now),
        committed={row.owner: row.at for row in connection.execute(commits)},
        passed={name: at for name, at in passes(connection).items() if name in pools},
        told=_told(connection, after if after <= newest else 0),
        newest=newest,
    )


def _told(connection: sa.Connection, after: int) -> tuple[Told, ...]:
    columns = [_event.c[name] for name in (*Told._fields[:-1], "node")]
    query = (
        sa.select(*columns)
        .where(_event.c.id > after)
        .where(sa.or_(_event.c.what.in_(_COUNTED), _event.c.what.startswith(CONFLICT)))
        .order_by(_event.c.id)
    )
    return tuple(
        Told._make((*row[:-1], (row[-1] or "").partition("/")[0])) for row in connection.execute(query)
    )
