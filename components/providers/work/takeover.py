"""What runs for this owner although the ledger does not know it: looked for where there is reason to, and taken over.

A ledger that was lost, or restored from an old backup, does not know what its runtimes still run. Starting that a second
time is what must not happen: what is wanted just so goes on as it is, and the rest is stopped by an ordinary plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from components.ledger import Ledger
from components.placement.address import WAITING
from components.placement.snapshot import Snapshot
from components.providers.work import session
from components.providers.work.inputs import PlacementInput
from components.runtimes.port import Observation
from components.settle.unrecorded import Unrecorded, unrecorded

Addresses = Mapping[str, Mapping[str, str]]


def doubtful(ledger: Ledger, snapshot: Snapshot, known: Addresses) -> bool:
    """Whether the ledger may have lost something: it never held this owner, or not all that Pulumi's state says it placed.

    ``known``: what the state says of ``assignments``.
    """
    if not ledger.knows(snapshot.owner):
        return True
    rows = {(row.service, str(row.ordinal)) for row in snapshot.held if row.owner == snapshot.owner}
    placed = {
        (service, ordinal)
        for service, places in known.items()
        for ordinal, place in places.items()
        if place != WAITING
    }
    return not placed <= rows


def running(ledger: Ledger, snapshot: Snapshot, given: PlacementInput) -> Unrecorded:
    """Ask the runtimes of these pools what they keep for this owner, and judge what the ledger does not know of it."""
    # What is listed first has its row by now, if it ever gets one: the intent is recorded before the effect.
    listed = _listed(ledger, given)
    own = [row.held for row in ledger.instances(owner=given.owner)]
    known = {row.id for row in own}
    if listed.keys() <= known:
        return Unrecorded()
    here = {row.id for row in snapshot.held}
    rows = [*snapshot.held, *(row for row in own if row.id not in here)]
    # Of what is on a lost node nobody knows whether it is there, and whoever forgot it vouched that it is not.
    nodes = [view.node for view in snapshot.nodes if view.state != "lost"]
    return unrecorded(given.owner, given.wanted, nodes, rows, listed)


def with_running(snapshot: Snapshot, found: Unrecorded) -> Snapshot:
    """Return the picture as it will be once ``found`` is recorded."""
    left = tuple(row for row in snapshot.held if row.id not in found.gone)
    return replace(snapshot, held=(*left, *(each.held for each in found.found)))


def record_running(ledger: Ledger, snapshot: Snapshot, given: PlacementInput, because: str) -> Unrecorded:
    """Record what runs and is not known; the only write."""
    found = running(ledger, snapshot, given)
    if found.found:
        ledger.record_found(given.owner, found.found, gone=found.gone, now=session.now(), because=because)
    return found


def _listed(ledger: Ledger, given: PlacementInput) -> dict[str, Observation]:
    recorded = {pool.name: pool.runtime for pool in ledger.pools()}
    names = {
        recorded.get(pool.name, pool.runtime) if pool.reference else pool.runtime for pool in given.pools
    }
    seen: dict[str, Observation] = {}
    for name in sorted(names):
        runtime = session.session().runtime(name)
        seen |= runtime.observe(runtime.listing(given.owner))
    return seen
