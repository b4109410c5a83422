"""Who carries out a service: one process at a time, told apart by a fencing number that only grows.

A holder that died on this machine loses its leases at once; one on another machine when they run out, by the clock of the
ledger's server: one whose own clock is ahead takes no live lease, one whose clock is behind keeps none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from components.ledger import schema
from components.ledger.errors import LeaseHeld
from components.ledger.events import Story
from components.ledger.records import Lease, LeaseHolder

_lease = schema.lease

RECONCILER = "reconcile"
"""The owner name under which a reconciler holds the leases of its pools: one reconciler per pool at a time."""

LEASES_OF = sa.select(_lease).where(_lease.c.owner == sa.bindparam("owner")).order_by(_lease.c.service)
"""The rows of one ``owner``, also of leases that were given up."""
_HELD_LEASES = sa.select(_lease).where(_lease.c.held).order_by(_lease.c.owner, _lease.c.service)

Alive = Callable[[LeaseHolder], bool | None]
"""Whether the process still runs; None where that cannot be known from here, so that only time tells."""


RECONCILING = "eas reconcile"
"""How the cause of all that a reconciler does begins, in plans and events."""


def pool_lease(pool: str) -> str:
    """Return the service name under which :data:`RECONCILER` holds a pool."""
    return f"pool/{pool}"


@dataclass(frozen=True, slots=True)
class Asked:
    """Who wants leases, for how long unless renewed, and how to tell whether another holder lives."""

    holder: LeaseHolder
    ttl: timedelta
    alive: Alive


def acquire(
    connection: sa.Connection,
    owner: str,
    services: Sequence[str],
    asked: Asked,
    story: Story,
    now: datetime,
) -> dict[str, int]:
    """Return a fencing number per service; the same again for a holder that has them already.

    All or none. Raises :class:`LeaseHeld`, naming each live holder.
    """
    holder = asked.holder
    rows = _rows(connection, owner)
    standing = {row.service: row for row in rows}
    taken = [service for service in services if service in standing]
    refuse_while_held(rows, owner, holder, asked.alive, now, services=taken)
    fences: dict[str, int] = {}
    values = {**_columns(holder), "held": True, "since": now, "expires": now + asked.ttl}
    fresh: list[dict[str, object]] = []
    again: list[dict[str, object]] = []
    for service in dict.fromkeys(services):
        row = standing.get(service)
        mine = row is not None and row.held and _holder(row) == holder
        fence = 1 if row is None else row.fence if mine else row.fence + 1
        fences[service] = fence
        if row is None:
            fresh.append({"owner": owner, "service": service, "fence": fence})
        else:
            again.append({"b_service": service, "b_fence": fence})
        if not mine:
            before = (
                f", taken over from {_holder(row)}, which is gone" if row is not None and row.held else ""
            )
            story.tell(f"{owner}/{service}", "lease taken", f"{fence} by {holder}{before}")
    if fresh:
        connection.execute(_lease.insert(), [row | values for row in fresh])
    if again:
        here = sa.and_(_lease.c.owner == owner, _lease.c.service == sa.bindparam("b_service"))
        connection.execute(_lease.update().where(here).values(fence=sa.bindparam("b_fence"), **values), again)
    return fences


def renew(
    connection: sa.Connection, owner: str, fences: Mapping[str, int], ttl: timedelta, now: datetime
) -> tuple[str, ...]:
    """Put off the end of these leases; return the services that are somebody else's by now (or nobody's)."""
    current = {row.service: row.fence for row in _rows(connection, owner) if row.held}
    mine = [service for service, fence in fences.items() if current.get(service) == fence]
    if mine:
        connection.execute(
            _lease.update()
            .where(_lease.c.owner == owner, _lease.c.service == sa.bindparam("b_service"))
            .values(expires=now + ttl),
            [{"b_service": service} for service in mine],
        )
    return tuple(service for service in fences if service not in mine)


def release(connection: sa.Connection, owner: str, fences: Mapping[str, int], story: Story) -> None:
    """Give up these leases; those that are somebody else's by now are left alone."""
    current = {row.service: row.fence for row in _rows(connection, owner) if row.held}
    mine = [service for service, fence in fences.items() if current.get(service) == fence]
    if mine:
        connection.execute(
            _lease.update()
            .where(_lease.c.owner == owner, _lease.c.service == sa.bindparam("b_service"))
            .values(held=False),
            [{"b_service": service} for service in mine],
        )
    for service in mine:
        story.tell(f"{owner}/{service}", "lease released", str(fences[service]))


def leases(connection: sa.Connection, owner: str | None, alive: Alive, now: datetime) -> tuple[Lease, ...]:
    """Return the leases whose holder lives, by owner and service."""
    return tuple(lease for lease in _held(_rows(connection, owner)) if is_live(lease, alive, now))


def is_live(lease: Lease, alive: Alive, now: datetime) -> bool:
    """Return whether the lease stands: its process runs, or, where that cannot be known, its time is not over."""
    runs = alive(lease.holder)
    return lease.expires > now if runs is None else runs


def refuse_while_held(
    rows: Iterable[Any],
    owner: str,
    holder: LeaseHolder | None,
    alive: Alive,
    now: datetime,
    services: Iterable[str] | None = None,
) -> None:
    """Raise :class:`LeaseHeld` if a live process other than ``holder`` carries out any of these services (None: any).

    ``rows``: what :data:`LEASES_OF` answers for the owner.
    """
    names = None if services is None else set(services)
    others = [
        lease
        for lease in _held(rows)
        if (names is None or lease.service in names) and lease.holder != holder and is_live(lease, alive, now)
    ]
    if not others:
        return
    by_holder: dict[str, list[str]] = {}
    for lease in others:
        by_holder.setdefault(f"{lease.holder}, since {lease.since:%Y-%m-%d %H:%M:%S} UTC", []).append(
            lease.service
        )
    told = "; ".join(f"{', '.join(names)} by {who}" for who, names in by_holder.items())
    raise LeaseHeld(
        f"{owner} is being carried out already: {told}. Wait until it has ended, or end that process, then run this again",
        services=[lease.service for lease in others],
    )


def _held(rows: Iterable[Any]) -> list[Lease]:
    return [
        Lease(row.owner, row.service, row.fence, _holder(row), row.since, row.expires)
        for row in rows
        if row.held
    ]


def _rows(connection: sa.Connection, owner: str | None) -> Sequence[Any]:
    if owner is None:
        return connection.execute(_HELD_LEASES).all()
    return connection.execute(LEASES_OF, {"owner": owner}).all()


def _holder(row: Any) -> LeaseHolder:
    return LeaseHolder(row.pid, row.host, row.boot_id, row.created, row.what)


def _columns(holder: LeaseHolder) -> dict[str, object]:
    return {name: getattr(holder, name) for name in ("pid", "host", "boot_id", "created", "what")}
