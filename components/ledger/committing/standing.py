"""All that a commit is judged against and that it may change, read in as few messages as can be. Writes nothing.

Every other writer waits meanwhile, so it is no more than that: of pools that others declare, the nodes that get something.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from components.ledger import rows as held_rows
from components.ledger import schema
from components.ledger.database.asking import ask
from components.ledger.leases import LEASES_OF
from components.ledger.records import NodeStateRow
from components.ledger.rows import Row
from components.ledger.states import STATES_IN
from components.spec.quotas import Quotas

FEW = 200
"""Up to so many nodes are asked for by name; more, and their pools' rows are read whole."""

_instance, _node, _owner, _plan, _pool = schema.instance, schema.node, schema.owner, schema.plan, schema.pool
_service, _spec, _waiting, _wanted = schema.service, schema.spec, schema.waiting, schema.wanted


def _mine(column: sa.Column[str]) -> sa.ColumnElement[bool]:
    return column == sa.bindparam("owner")


def _among(column: sa.Column[str], name: str) -> sa.ColumnElement[bool]:
    return column.in_(sa.bindparam(name, expanding=True))


_OPEN = sa.and_(_plan.c.owner == _owner.c.name, _plan.c.state == "open")
_KNOWN = sa.select(_owner.c.placement, _owner.c.options, _plan.c.id.label("plan_id")).select_from(
    _owner.outerjoin(_plan, _OPEN)
)
_KNOWN = _KNOWN.where(_mine(_owner.c.name))
_OWN_ROWS = sa.select(_instance).where(_mine(_instance.c.owner))
_ROWS_ON = sa.select(_instance).where(
    sa.or_(
        _mine(_instance.c.owner),
        sa.and_(_among(_instance.c.pool, "pools"), _among(_instance.c.node, "nodes")),
    )
)
_ROWS_IN = sa.select(_instance).where(sa.or_(_mine(_instance.c.owner), _among(_instance.c.pool, "pools")))
_POOLS = sa.select(_pool.c.name, _pool.c.owner, _pool.c.committed, _pool.c.quotas).where(
    _among(_pool.c.name, "pools")
)
# A pool that nobody declares is whose plan names it.
_FOREIGN = sa.exists().where(_pool.c.name == _node.c.pool, _pool.c.owner != sa.bindparam("owner"))
_NODES = sa.select(_node.c.pool, _node.c.name, _node.c.document, _node.c.departed).where(
    _among(_node.c.pool, "pools"), sa.or_(_among(_node.c.name, "nodes"), sa.not_(_FOREIGN))
)
_WAITING = sa.select(_waiting.c.service, _waiting.c.ordinal, _waiting.c.since).where(_mine(_waiting.c.owner))
_WANTED = sa.select(
    _wanted.c.service,
    _wanted.c.revision,
    _wanted.c.document,
    _wanted.c.token.is_not(None).label("sealed"),
).where(_mine(_wanted.c.owner))
_SERVICES = sa.select(_service.c.name, _service.c.revision, _service.c.spec).where(_mine(_service.c.owner))
_SPECS = sa.select(_spec.c.id, _spec.c.service, _spec.c.revision, _spec.c.taken_up).where(
    _mine(_spec.c.owner)
)


@dataclass(frozen=True, slots=True)
class Spec:
    """One content of a service's revision; ``taken_up``: a committed plan refers to it."""

    id: int
    service: str
    revision: str
    taken_up: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands recorded. ``known``: whether this owner is; ``placement`` and ``options`` are its own.

    ``asked``: the pools, by name. ``rows``: all of this owner and all on the nodes of these names, ``read``, by id.
    ``pools``: name -> (owner, whether committed), ``quotas``: name -> what its owner lets each take. ``nodes``: of the
    owner's own pools all, of others' those asked for.
    ``wanted``: service -> (revision, document, whether a token is kept). ``services``: name -> (declared revision, spec).
    ``leases`` are rows of that table.
    """

    known: bool
    placement: str
    options: Mapping[str, Any] | None
    open_plans: tuple[int, ...]
    asked: tuple[str, ...]
    rows: Mapping[str, Row]
    read: frozenset[str]
    pools: Mapping[str, tuple[str, bool]]
    nodes: Sequence[Any]
    states: tuple[NodeStateRow, ...]
    waiting: Mapping[tuple[str, int], datetime]
    leases: Sequence[Any]
    quotas: Mapping[str, Quotas] = field(default_factory=dict)
    wanted: Mapping[str, tuple[str, Any, bool]] = field(default_factory=dict)
    services: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    specs: tuple[Spec, ...] = ()


def standing(
    connection: sa.Connection, owner: str, pools: Collection[str], nodes: Collection[str], *, declared: bool
) -> Standing:
    """Read it. ``nodes``: names of those that get something. ``declared``: also what is declared and wanted."""
    where = {"owner": owner, "pools": sorted(pools), "nodes": sorted(nodes)}
    rows = _OWN_ROWS if not nodes else _ROWS_ON if len(nodes) <= FEW else _ROWS_IN
    questions = [_KNOWN, rows, _POOLS, _NODES, STATES_IN, _WAITING, LEASES_OF]
    questions += [_WANTED, _SERVICES, _SPECS] if declared else []
    answers = ask(connection, *((question, where) for question in questions))
    known, held, pooled, noded, stated, waits, leased = answers[:7]
    wanted, services, specs = answers[7:] or ((), (), ())
    return Standing(
        known=bool(known),
        placement=known[0].placement if known else "",
        options=known[0].options if known else None,
        open_plans=tuple(sorted(row.plan_id for row in known if row.plan_id is not None)),
        asked=tuple(sorted(pools)),
        rows={row.held.id: row for row in sorted(map(held_rows.row_of, held), key=lambda row: row.held.id)},
        read=frozenset(nodes),
        pools={row.name: (row.owner, bool(row.committed)) for row in pooled},
        nodes=noded,
        states=tuple(NodeStateRow(*row) for row in stated),
        waiting={(row.service, row.ordinal): row.since for row in waits},
        leases=leased,
        quotas={row.name: row.quotas for row in pooled if row.quotas},
        wanted={row.service: (row.revision, row.document, bool(row.sealed)) for row in wanted},
        services={row.name: (row.revision, row.spec) for row in services},
        specs=tuple(Spec(row.id, row.service, row.revision, bool(row.taken_up)) for row in specs),
    )


def same_document(stored: Any, document: dict[str, Any]) -> bool:
    """Return whether that is what stands there as JSON, where tuples are lists."""
    return bool(stored == document or stored == json.loads(json.dumps(document)))
