"""Reservations whose apply is dead: on their way in or out, and nobody carries them there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from components.ledger import RECONCILER, InstanceRow, Lease, Ledger, pool_lease
from components.placement.snapshot import Held

UNDER_WAY = frozenset({"pending", "reserved", "starting", "stopping"})
"""The recorded states that only carrying out ends."""


def stale_rows(ledger: Ledger, owner: str | None, now: datetime) -> tuple[InstanceRow, ...]:
    """Return the rows (of this owner, or of all) that are under way while no live process holds their owner's leases.

    Those on a pool that a live reconciler has are its own: it goes on with them in its next pass. The others hold their
    places: the owner's next ``up``, or ``eas reconcile``, goes on from there; ``eas release`` gives them up.
    """
    is_stale = stale_by([*ledger.leases(owner, now=now), *ledger.leases(RECONCILER, now=now)])
    return tuple(row for row in ledger.instances(owner=owner) if is_stale(row.held))


def stale_by(live: Iterable[Lease]) -> Callable[[Held], bool]:
    """Return what says of a row whether it is stale, by the leases of processes that live."""
    leases = list(live)
    alive = {lease.owner for lease in leases}
    reconciled = {lease.service for lease in leases if lease.owner == RECONCILER}
    return lambda held: (
        held.state in UNDER_WAY and held.owner not in alive and pool_lease(held.place.pool) not in reconciled
    )
