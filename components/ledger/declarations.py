"""What GpuPool and EasService record: pools, specs and node states. Nothing here reserves, starts or stops.

A declaration has no effect until a committed plan takes it up; see :mod:`components.ledger.committing.commit`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from components.ledger import schema
from components.ledger.database.asking import ask
from components.ledger.database.keys import Vault
from components.ledger.differences import pool_differences
from components.ledger.errors import ForeignHolder, PoolInUse, UnknownRevision
from components.ledger.events import Story
from components.ledger.records import ForgetOutcome, PastSpec, PoolRecord, ServiceRecord, SpecRecord
from components.ledger.removal import named
from components.ledger.rows import load
from components.spec.node import Node
from components.spec.quotas import Quota, Quotas, quota_of

_instance = schema.instance
_node = schema.node
_pool = schema.pool
_service = schema.service
_spec = schema.spec
_wanted = schema.wanted


def _is(table: sa.Table, **names: str) -> sa.ColumnElement[bool]:
    return sa.and_(*(table.c[column] == sa.bindparam(name) for column, name in names.items()))


# Built once: building a statement costs more than running it.
_FIND_OWNER = sa.select(schema.owner.c.name).where(_is(schema.owner, name="b_owner"))
NODES = sa.select(_node.c.document, _node.c.departed)
"""Nodes that committed plans have taken up, and whether each has left the program."""
DECLARED = sa.select(_pool.c.declared).where(_pool.c.committed.is_(False))
"""The nodes of pools whose owners have not committed any plan yet."""
_POOLS = sa.bindparam("b_pools", expanding=True, type_=sa.String)
_NODES_IN = NODES.where(_node.c.pool.in_(_POOLS))
_DECLARED_IN = DECLARED.where(_pool.c.name.in_(_POOLS))
_NODES_AT = _NODES_IN.where(_node.c.name.in_(sa.bindparam("b_names", expanding=True)))
_ADD_OWNER = schema.owner.insert()
_SPECS = _is(_spec, owner="b_owner", service="b_service", revision="b_revision")
_NEWEST_SPEC = (
    sa.select(_spec.c.sealed).where(_SPECS).order_by(_spec.c.taken_up.desc(), _spec.c.id.desc()).limit(1)
)
# The newest of a revision last, as _NEWEST_SPEC has it first.
_ALL_SPECS = (
    sa.select(_spec.c.service, _spec.c.revision, _spec.c.sealed)
    .where(_is(_spec, owner="b_owner"))
    .order_by(_spec.c.taken_up, _spec.c.id)
)


def _same(table: sa.Table, *names: str) -> sa.Exists:
    return sa.exists().where(*(table.c[name] == _spec.c[name] for name in names))


_NEEDED = sa.or_(
    sa.exists().where(_service.c.owner == _spec.c.owner, _service.c.spec == _spec.c.id),
    sa.and_(
        _spec.c.taken_up,
        sa.or_(
            _same(_wanted, "owner", "service", "revision"), _same(_instance, "owner", "service", "revision")
        ),
    ),
)
UNUSED_SPECS = sa.select(_spec.c.id).where(
    _spec.c.owner == sa.bindparam("owner"),
    _spec.c.service.in_(sa.bindparam("services", expanding=True)),
    sa.not_(_NEEDED),
)
"""Specs of some ``services`` of an ``owner`` that are neither declared, nor wanted, nor run by an instance."""


@dataclass(frozen=True, slots=True)
class PoolDeclaration:
    """What one GpuPool says. ``settings`` is the pool's section for its runtime; no secrets in it, it is stored as it is."""

    name: str
    holder: str
    resource: str
    runtime: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    nodes: Sequence[Node] = ()
    quotas: Quotas = field(default_factory=dict)


def know(connection: sa.Connection, owner: str, story: Story, now: datetime) -> None:
    """Remember that this ledger holds things of this owner."""
    if connection.scalar(_FIND_OWNER, {"b_owner": owner}) is None:
        remember(connection, owner, story, now)


def remember(connection: sa.Connection, owner: str, story: Story, now: datetime) -> None:
    """Write that this ledger holds things of an owner, of whom it had none."""
    connection.execute(_ADD_OWNER, {"name": owner, "placement": "", "since": now})
    story.tell(f"owner/{owner}", "first seen")


def declare_pool(
    connection: sa.Connection, owner: str, pool: PoolDeclaration, story: Story, now: datetime
) -> None:
    """Record the pool, or take it over from an earlier resource of this owner.

    Raises :class:`ForeignHolder` when another owner declares it: a pool has one declaration, others reference it.
    """
    know(connection, owner, story, now)
    found = connection.execute(sa.select(_pool).where(_pool.c.name == pool.name)).first()
    values: dict[str, Any] = {
        "owner": owner,
        "holder": pool.holder,
        "resource": pool.resource,
        "runtime": pool.runtime,
        "settings": dict(pool.settings),
        "declared": [node.to_dict() for node in pool.nodes],
    }
    subject = f"pool/{pool.name}"
    if found is None or not found.committed:
        values["quotas"] = spelled(pool.quotas)
    if found is None:
        connection.execute(_pool.insert().values(name=pool.name, committed=False, since=now, **values))
        story.tell(subject, "declared", f"{len(pool.nodes)} nodes through {pool.resource}")
        return
    if found.owner != owner:
        raise ForeignHolder(
            f"pool {pool.name!r} is declared by {found.owner} (since {found.since:%Y-%m-%d %H:%M} UTC), so {owner} cannot "
            f"declare it as well: reference it instead (`reference: true` in its pool file), give this pool another name, "
            "or destroy it there first"
        )
    changed = pool_differences(dict(found._mapping), values)
    if not changed and found.holder == pool.holder:
        return
    connection.execute(_pool.update().where(_pool.c.name == pool.name).values(since=now, **values))
    if found.holder != pool.holder:
        story.tell(subject, "taken over", f"by {pool.holder} from {found.holder}")
    if changed:
        story.tell(subject, "declared anew", ", ".join(changed))


def forget_pool(connection: sa.Connection, owner: str, name: str, holder: str, story: Story) -> bool:
    """Remove the pool and its nodes; False when ``holder`` no longer holds it. Raises :class:`PoolInUse`."""
    found = connection.execute(sa.select(_pool.c.owner, _pool.c.holder).where(_pool.c.name == name)).first()
    if found is None or found.owner != owner or found.holder != holder:
        return False
    if held := [row.held for row in load(connection, _instance.c.pool == name)]:
        owners = ", ".join(sorted({row.owner for row in held}))
        raise PoolInUse(
            f"pool {name!r} still holds {named(held)}, so it stays; destroy the services that run there first, in their "
            f"stacks ({owners}), then run this again",
            instances=[row.id for row in held],
        )
    for table in (schema.node, schema.card, schema.node_state):
        connection.execute(table.delete().where(table.c.pool == name))
    connection.execute(_pool.delete().where(_pool.c.name == name))
    story.tell(f"pool/{name}", "forgotten")
    return True


def pools(connection: sa.Connection, name: str | None = None) -> tuple[PoolRecord, ...]:
    """Return every pool by name, or the one named."""
    query = sa.select(_pool).order_by(_pool.c.name)
    if name is not None:
        query = query.where(_pool.c.name == name)
    return tuple(
        PoolRecord(
            name=row.name,
            owner=row.owner,
            holder=row.holder,
            resource=row.resource,
            runtime=row.runtime,
            settings=row.settings,
            nodes=tuple(node for node, departed in nodes_of(connection, (row.name,)) if not departed),
            quotas=row.quotas or {},
        )
        for row in connection.execute(query).all()
    )


def nodes_of(connection: sa.Connection, names: Iterable[str]) -> tuple[tuple[Node, bool], ...]:
    """Return the nodes of these pools that count, by key, and whether each has left the program.

    Those of committed plans; as declared for a pool whose owner has not committed any plan yet.
    """
    where = {"b_pools": sorted(set(names))}
    return nodes_from(*ask(connection, (_NODES_IN, where), (_DECLARED_IN, where)))


def nodes_from(documents: Iterable[Any], declared: Iterable[Any]) -> tuple[tuple[Node, bool], ...]:
    """Return :func:`nodes_of` from rows of :data:`NODES` and :data:`DECLARED`."""
    found = [(Node.from_dict(row.document), bool(row.departed)) for row in documents]
    known = {node.key for node, _ in found}
    for row in declared:
        nodes = [Node.from_dict(document) for document in row.declared]
        found += [(node, False) for node in nodes if node.key not in known]
    return tuple(sorted(found, key=lambda pair: pair[0].key))


def nodes_at(
    connection: sa.Connection, pools: Iterable[str], names: Iterable[str]
) -> tuple[tuple[Node, bool], ...]:
    """Return those nodes of these names that committed plans have taken up."""
    (found,) = ask(connection, (_NODES_AT, {"b_pools": sorted(pools), "b_names": sorted(names)}))
    return nodes_from(found, ())


def spelled(quotas: Quotas) -> dict[str, dict[str, int]] | None:
    """Return quotas as they are stored; None for none."""
    return {entry: dict(figures) for entry, figures in quotas.items()} or None


def quotas_for(owner: str, said: Mapping[str, tuple[str, Quotas]]) -> tuple[Quota, ...]:
    """Return what ``owner`` may take of pools where that is limited. ``said``: pool -> (who declares it, its quotas)."""
    found = (
        quota_of(name, quotas, owner, "" if declared_by == owner else declared_by)
        for name, (declared_by, quotas) in sorted(said.items())
    )
    return tuple(quota for quota in found if quota is not None)


def sealed_for(vault: Vault, owner: str, declared: ServiceRecord) -> bytes:
    """Return what is kept of a declared service, encrypted."""
    about = about_spec(owner, declared.service, declared.revision)
    return vault.seal(content_of(declared), about)


def content_of(declared: ServiceRecord) -> dict[str, Any]:
    """Return what is kept of a declared service, in the clear."""
    content: dict[str, Any] = {"document": declared.document, "secrets": declared.secrets}
    return content | ({"settings": declared.settings} if declared.settings else {})


def spec(connection: sa.Connection, owner: str, service: str, revision: str, vault: Vault) -> SpecRecord:
    """Return what instances of this revision start from: as the committed plan took it up, else as declared last.

    Raises :class:`UnknownRevision`.
    """
    place = {"owner": owner, "service": service, "revision": revision}
    sealed = connection.scalar(_NEWEST_SPEC, _bound(place))
    if sealed is None:
        raise UnknownRevision(
            f"the ledger has no spec of service {service!r} of {owner} at revision {revision!r}; "
            "run `pulumi up`, which records it again"
        )
    return _unsealed(vault.open(sealed, about_spec(**place)))


def specs(
    connection: sa.Connection, owner: str, revisions: Set[tuple[str, str]], vault: Vault
) -> dict[tuple[str, str], SpecRecord]:
    """Return :func:`spec` of many (service, revision) in one statement; those that are not there are left out."""
    found = {
        (row.service, row.revision): row.sealed
        for row in connection.execute(_ALL_SPECS, {"b_owner": owner})
        if (row.service, row.revision) in revisions
    }
    return {key: _unsealed(vault.open(sealed, about_spec(owner, *key))) for key, sealed in found.items()}


def _unsealed(content: Mapping[str, Any]) -> SpecRecord:
    # What an earlier version wrote has no settings: its instances start with the pool's, as they did then.
    return SpecRecord(content["document"], content["secrets"], content.get("settings") or {})


def forget_service(
    connection: sa.Connection, owner: str, service: str, holder: str, story: Story
) -> ForgetOutcome:
    """Remove the declaration unless instances are still held (then say which) or ``holder`` no longer holds it."""
    query = sa.select(_service.c.holder).where(_service.c.owner == owner, _service.c.name == service)
    if connection.scalars(query).first() != holder:
        return ForgetOutcome(False)
    held = sa.select(_instance.c.id).where(_instance.c.owner == owner, _instance.c.service == service)
    if ids := connection.scalars(held.order_by(_instance.c.id)).all():
        return ForgetOutcome(False, tuple(ids))
    drop_services(connection, owner, (service,), story)
    return ForgetOutcome(True)


def drop_services(connection: sa.Connection, owner: str, services: Sequence[str], story: Story) -> None:
    """Remove declarations that hold nothing, what was wanted of them, and specs that nothing refers to any more."""
    if not services:
        return
    connection.execute(_service.delete().where(_service.c.owner == owner, _service.c.name.in_(services)))
    for table in (_wanted, schema.waiting):
        connection.execute(table.delete().where(table.c.owner == owner, table.c.service.in_(services)))
    sweep_specs(connection, owner, services, story.now)
    for name in services:
        story.tell(f"{owner}/{name}", "forgotten")


def sweep_specs(connection: sa.Connection, owner: str, services: Sequence[str], now: datetime) -> None:
    """Put away specs of these services that are neither declared, nor wanted, nor run by an instance."""
    # Nearly always there is none, and asking is a fraction of moving nothing.
    (unused,) = ask(connection, (UNUSED_SPECS, {"owner": owner, "services": services}))
    if unused:
        put_away(connection, [row.id for row in unused], now)


def put_away(connection: sa.Connection, numbers: Sequence[int], now: datetime) -> None:
    """Move specs to the past; those that no plan ever took up meant nothing, and are dropped."""
    which = _spec.c.id.in_(numbers)
    past = schema.past_spec
    kept = [_spec.c[column.name] for column in past.columns if column.name not in ("id", "until")]
    # A number of its own: SQLite gives the highest spec's to the next one once that is put away.
    before = sa.select(sa.func.coalesce(sa.func.max(past.c.id), 0)).scalar_subquery()
    number = before + sa.func.row_number().over(order_by=_spec.c.id)
    until = sa.literal(now, schema.UtcTime)
    query = sa.select(number, *kept, until).where(which, _spec.c.taken_up)
    names = ["id", *(column.name for column in kept), "until"]
    connection.execute(past.insert().from_select(names, query))
    connection.execute(_spec.delete().where(which))


def past_specs(connection: sa.Connection, owner: str, service: str, vault: Vault) -> tuple[PastSpec, ...]:
    """Return every spec of the service that a plan took up or that is declared now, oldest first; no secrets."""
    found: list[PastSpec] = []
    for table in (schema.past_spec, _spec):
        query = sa.select(table).where(table.c.owner == owner, table.c.service == service)
        for row in connection.execute(query):
            content = vault.open(row.sealed, about_spec(owner, service, row.revision))
            until = row._mapping.get("until")
            found.append(PastSpec(row.revision, row.since, until, content["document"]))
    # One may be declared at once with its predecessor's end: what still counts is the later one.
    return tuple(sorted(found, key=lambda spec: (spec.since, spec.until is None)))


def new_id(done: sa.CursorResult[Any]) -> int:
    """Return the number that the database gave to the row just inserted."""
    key = done.inserted_primary_key
    if key is None:
        raise TypeError("only an insert of one row has a new id")
    return int(key[0])


def _bound(place: Mapping[str, str]) -> dict[str, str]:
    return {f"b_{name}": value for name, value in place.items()}


def about_spec(owner: str, service: str, revision: str) -> str:
    """Return what a sealed spec is about: one cannot stand in for another."""
    return f"service {service!r} of {owner} at revision {revision!r}"


def about_token(owner: str, service: str) -> str:
    """Return what a sealed token is about: one cannot stand in for another."""
    return f"the token of service {service!r} of {owner}"
