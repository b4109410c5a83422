"""Reservations whose apply is dead: on their way in or out, and nobody carries them there."""

from __future__ import annotations

from datetime import datetime

from components.ledger import RECONCILER, InstanceRow, Ledger, pool_lease

UNDER_WAY = frozenset({"pending", "reserved", "starting", "stopping"})
"""The recorded states that only carrying out ends."""


def stale_rows(ledger: Ledger, owner: str | None, now: datetime) -> tuple[InstanceRow, ...]:
    """Return the rows (of this owner, or of all) that are under way while no live process holds their owner's leases.

    Those on a pool that a live reconciler has are its own: it goes on with them in its next pass. The others hold their
    places: the owner's next ``up``, or ``eas reconcile``, goes on from there; ``eas release`` gives them up.
    """
    alive = {lease.owner for lease in ledger.leases(owner, now=now)}
    reconciled = {lease.service for lease in ledger.leases(RECONCILER, now=now)}
    return tuple(
        row
        for row in ledger.instances(owner=owner)
        if row.held.state in UNDER_WAY
        and row.held.owner not in alive
        and pool_lease(row.held.place.pool) not in reconciled
    )
