"""Recording what EasService declares, many services at a time: a handful of statements, however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from components.ledger import schema
from components.ledger.database.keys import Vault
from components.ledger.declarations import content_of, know, sealed_for, sweep_specs
from components.ledger.events import Story
from components.ledger.records import ServiceRecord

_service = schema.service
_spec = schema.spec
_AT_ONCE = 200
"""So many names and digests of one question: databases take some thousand parameters."""

# Built once: building a statement costs more than running it.
_NAMES: sa.BindParameter[str] = sa.bindparam("b_services", expanding=True)
_FIND = sa.select(_service).where(_service.c.owner == sa.bindparam("b_owner"), _service.c.name.in_(_NAMES))
_SAME_SPECS = sa.select(_spec.c.id, _spec.c.digest).where(
    _spec.c.owner == sa.bindparam("b_owner"),
    _spec.c.service.in_(_NAMES),
    _spec.c.digest.in_(sa.bindparam("b_digests", expanding=True)),
)
_ADD_SPECS = _spec.insert().returning(_spec.c.id, _spec.c.digest)
_ADD = _service.insert()
_CHANGE = (
    _service.update()
    .where(_service.c.owner == sa.bindparam("b_owner"), _service.c.name == sa.bindparam("b_service"))
    .values({each: sa.bindparam(f"b_{each}") for each in ("holder", "pool", "revision", "spec", "since")})
)


def declare_services(
    connection: sa.Connection,
    owner: str,
    services: Iterable[ServiceRecord],
    vault: Vault,
    story: Story,
    *,
    causes: Mapping[str, str] | None = None,
) -> None:
    """Record the specs, encrypted, and take the services over from earlier resources of this owner.

    ``causes``: service -> its own cause for its events, where that is not the story's.
    """
    know(connection, owner, story, story.now)
    for part in _parts(services):
        _declare(connection, owner, part, vault, story, causes or {})


def _parts(services: Iterable[ServiceRecord]) -> Iterator[dict[str, ServiceRecord]]:
    """Yield them in their order; none twice in one part, since the later declaration is judged by the earlier one."""
    part: dict[str, ServiceRecord] = {}
    for each in services:
        if each.service in part or len(part) == _AT_ONCE:
            yield part
            part = {}
        part[each.service] = each
    if part:
        yield part


def _declare(
    connection: sa.Connection,
    owner: str,
    services: Mapping[str, ServiceRecord],
    vault: Vault,
    story: Story,
    causes: Mapping[str, str],
) -> None:
    specs = _record_specs(connection, owner, services, vault, story.now)
    found = {
        row.name: row for row in connection.execute(_FIND, {"b_owner": owner, "b_services": [*services]})
    }
    fresh: list[dict[str, Any]] = []
    changes: list[dict[str, Any]] = []
    for name, each in services.items():
        values = {"holder": each.holder, "pool": each.pool, "revision": each.revision, "spec": specs[name]}
        before = found.get(name)
        if before is None:
            fresh.append({"owner": owner, "name": name, "since": story.now, **values})
        elif any(before._mapping[key] != value for key, value in values.items()):
            bound = {"owner": owner, "service": name, "since": story.now, **values}
            changes.append({f"b_{key}": value for key, value in bound.items()})
    if fresh:
        connection.execute(_ADD, fresh)
    if changes:
        connection.execute(_CHANGE, changes)
    respelled = [name for name, before in found.items() if before.spec != specs[name]]
    if respelled:
        sweep_specs(connection, owner, respelled, story.now)
    for name, each in services.items():
        told = story.because_of(causes.get(name, story.because))
        _tell(told, f"{owner}/{name}", each, specs[name], found.get(name))


def _record_specs(
    connection: sa.Connection,
    owner: str,
    services: Mapping[str, ServiceRecord],
    vault: Vault,
    now: datetime,
) -> dict[str, int]:
    """Return service -> spec.id; the same content at the same revision is one row."""
    digests: dict[str, str] = {}
    for name, each in services.items():
        digests[name] = digest_of(vault, owner, each)
    asked = {"b_owner": owner, "b_services": [*services], "b_digests": [*digests.values()]}
    known = {row.digest: row.id for row in connection.execute(_SAME_SPECS, asked)}
    fresh = [
        {
            "owner": owner,
            "service": name,
            "revision": each.revision,
            "digest": digests[name],
            "sealed": sealed_for(vault, owner, each),
            "taken_up": False,
            "since": now,
        }
        for name, each in services.items()
        if digests[name] not in known
    ]
    if fresh:
        known |= {row.digest: row.id for row in connection.execute(_ADD_SPECS, fresh)}
    return {name: known[digest] for name, digest in digests.items()}


def digest_of(vault: Vault, owner: str, service: ServiceRecord) -> str:
    """Return the keyed hash by which the content of a declaration is known."""
    place = {"owner": owner, "service": service.service, "revision": service.revision}
    return vault.digest(content_of(service) | place)


@dataclass(frozen=True)
class Declarations:
    """What stands declared of one owner: service -> (physical id of its resource, revision, keyed hash of its content)."""

    owner: str
    found: Mapping[str, tuple[str, str, str]]
    vault: Vault | None

    def holder(self, service: str) -> str | None:
        """Return the physical id of the resource that declares it; None where nothing does."""
        return self.found[service][0] if service in self.found else None

    def has(self, service: ServiceRecord) -> bool:
        """Whether just this stands there, whoever declared it; without the ledger's key only by its revision."""
        _, revision, digest = self.found.get(service.service, ("", "", ""))
        if self.vault is None:
            return revision == service.revision
        return digest == digest_of(self.vault, self.owner, service)


def declared(connection: sa.Connection, owner: str, vault: Vault | None) -> Declarations:
    """Return what stands declared of each service."""
    query = (
        sa.select(_service.c.name, _service.c.holder, _service.c.revision, _spec.c.digest)
        .join(_spec, _spec.c.id == _service.c.spec)
        .where(_service.c.owner == owner)
    )
    rows = connection.execute(query)
    return Declarations(owner, {row.name: (row.holder, row.revision, row.digest) for row in rows}, vault)


def _tell(story: Story, subject: str, declared: ServiceRecord, spec: int, before: sa.Row[Any] | None) -> None:
    now = f"revision {declared.revision} on pool {declared.pool}"
    if before is None:
        story.tell(subject, "declared", now)
        return
    if before.holder != declared.holder:
        story.tell(subject, "taken over", f"by {declared.holder} from {before.holder}")
    if (before.pool, before.revision, before.spec) != (declared.pool, declared.revision, spec):
        story.tell(subject, "declared anew", f"{now}; before: {before.revision} on {before.pool}")
