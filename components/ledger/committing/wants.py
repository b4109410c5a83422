"""What a committed plan wants, who waits, and the specs that it takes up: only what is no longer so is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from components.ledger import schema
from components.ledger.committing.standing import Standing, same_document
from components.ledger.declarations import drop_services, put_away
from components.ledger.events import Story
from components.placement.bound import Assignments
from components.placement.snapshot import Held
from components.spec.claim import Wanted

_spec, _waiting, _wanted = schema.spec, schema.waiting, schema.wanted


def _here(table: sa.Table, *names: str) -> sa.ColumnElement[bool]:
    return sa.and_(*(table.c[name] == sa.bindparam(f"b_{name}") for name in names))


_ADD_WANTED = _wanted.insert()
_CHANGE_WANTED = (
    _wanted.update()
    .where(_here(_wanted, "owner", "service"))
    .values({name: sa.bindparam(name) for name in ("revision", "document", "plan_id", "token")})
)
_DROP_WANTED = _wanted.delete().where(_here(_wanted, "owner", "service"))
_ADD_WAITING = _waiting.insert()
_DROP_WAITING = _waiting.delete().where(_here(_waiting, "owner", "service", "ordinal"))
_TAKE_UP = _spec.update().where(_here(_spec, "id")).values(taken_up=True)


def write_wanted(
    connection: sa.Connection,
    owner: str,
    there: Standing,
    wanted: Sequence[Wanted],
    tokens: Mapping[str, bytes],
    plan_id: int,
) -> None:
    """Write what is wanted now. ``tokens`` are those of :class:`components.ledger.committing.commit.Proposal`.

    A token follows from the stack's secret, and a hash of it stands in the document: where that is as it was, so is it.
    """
    fresh: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for want in wanted:
        document, token = want.to_dict(), tokens.get(want.service)
        row = {"revision": want.revision, "document": document, "plan_id": plan_id, "token": token}
        before = there.wanted.get(want.service)
        if before is None:
            fresh.append({"owner": owner, "service": want.service, **row})
        elif not same_document(before[1], document) or before[2] != (token is not None):
            changed.append({"b_owner": owner, "b_service": want.service, **row})
    gone = there.wanted.keys() - {want.service for want in wanted}
    if gone:
        connection.execute(_DROP_WANTED, [{"b_owner": owner, "b_service": name} for name in sorted(gone)])
    if changed:
        connection.execute(_CHANGE_WANTED, changed)
    if fresh:
        connection.execute(_ADD_WANTED, fresh)


def write_waiting(
    connection: sa.Connection,
    owner: str,
    there: Standing,
    assignments: Assignments,
    plan_id: int,
    now: datetime,
) -> None:
    """Write who waits for a place; who waited before waits since then."""
    waits = {
        (service, ordinal)
        for service, places in assignments.items()
        for ordinal, place in places.items()
        if place is None
    }
    over = sorted(there.waiting.keys() - waits)
    if over:
        connection.execute(
            _DROP_WAITING,
            [{"b_owner": owner, "b_service": service, "b_ordinal": ordinal} for service, ordinal in over],
        )
    fresh = sorted(waits - there.waiting.keys())
    if fresh:
        connection.execute(
            _ADD_WAITING,
            [
                {"owner": owner, "service": service, "ordinal": ordinal, "plan_id": plan_id, "since": now}
                for service, ordinal in fresh
            ],
        )


def take_up_specs(
    connection: sa.Connection,
    there: Standing,
    wanted: Sequence[Wanted],
    held: Iterable[Held],
    now: datetime,
) -> None:
    """Let the plan refer to what is declared now, for each service whose declared revision is the plan's.

    Specs that are then neither declared, nor wanted, nor run by what is ``held`` are put away.
    """
    revisions = {want.service: want.revision for want in wanted}
    specs = {spec.id: spec for spec in there.specs}
    taken = {number for name, (revision, number) in there.services.items() if revisions.get(name) == revision}
    fresh = {number for number in taken if number in specs and not specs[number].taken_up}
    # An earlier content of the same revision (another token) is no longer what anything starts from.
    replaced = {(specs[number].service, specs[number].revision) for number in fresh}
    used = {*revisions.items(), *((row.service, row.revision) for row in held)}
    declared = {number for _, number in there.services.values()}
    asked = {*there.wanted, *revisions}
    old = []
    for spec in there.specs:
        key = (spec.service, spec.revision)
        needed = spec.id in declared or (key in used and (spec.taken_up or spec.id in fresh))
        if (spec.taken_up and key in replaced) or (spec.service in asked and not needed):
            old.append(spec.id)
    if old:
        put_away(connection, old, now)
    if fresh:
        connection.execute(_TAKE_UP, [{"b_id": number} for number in sorted(fresh)])


def forget_absent(
    connection: sa.Connection,
    owner: str,
    there: Standing,
    wanted: Sequence[Wanted],
    held: Iterable[Held],
    story: Story,
) -> None:
    """Forget declarations of this owner that the plan does not want and of which nothing is ``held``."""
    kept = {*(want.service for want in wanted), *(row.service for row in held)}
    drop_services(connection, owner, sorted(there.services.keys() - kept), story)
