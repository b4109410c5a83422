"""What ``pulumi refresh`` finds: the observed assignments, in the form of the planned ones."""

from __future__ import annotations

from collections.abc import Mapping

from components.placement.address import WAITING, address_of, card_indexes
from components.placement.snapshot import Held
from components.providers.work import session
from components.providers.work.inputs import PlacementInput
from components.providers.work.proposal import Addresses, take_snapshot
from components.settle.observe import Finding, observe_owner


def drifted(given: PlacementInput, assignments: Addresses) -> dict[str, dict[str, str]]:
    """Observe this owner's instances, record what differs, and return ``assignments`` as they are seen.

    A healthy instance reads as the place that it has, so that an unharmed fleet shows no drift; another one reads as
    what is the matter, so that its repair is an ordinary diff.
    """
    current = session.session()
    ledger = current.writing()
    findings = {
        (found.service, found.ordinal): found
        for found in observe_owner(
            ledger, current.runtime, given.owner, now=session.now(), because="Placement refresh"
        )
    }
    snapshot = take_snapshot(ledger, given)
    indexes = card_indexes(view.node for view in snapshot.nodes)
    rows: dict[tuple[str, int], list[Held]] = {}
    for row in snapshot.held:
        if row.owner == given.owner and row.role == "steady":
            rows.setdefault((row.service, row.ordinal), []).append(row)
    seen = {service: dict(places) for service, places in assignments.items()}
    for service, ordinal in sorted({*rows, *_slots(assignments)}):
        was = assignments.get(service, {}).get(str(ordinal), "")
        place = _seen(was, findings.get((service, ordinal)), rows.get((service, ordinal), []), indexes)
        if place:
            seen.setdefault(service, {})[str(ordinal)] = place
    return seen


def _slots(assignments: Addresses) -> set[tuple[str, int]]:
    return {(service, int(ordinal)) for service, places in assignments.items() for ordinal in places}


def _seen(was: str, finding: Finding | None, rows: list[Held], indexes: Mapping[str, int]) -> str:
    """Return how one instance reads, or an empty text for one that only an unfinished plan knows yet."""
    if finding is not None:
        return _matter(finding.matter, was)
    serving = [row for row in rows if row.state == "ready"]
    if serving:
        return address_of(serving[0].place, indexes)
    if not rows and was not in ("", WAITING):
        return _matter("missing", was)
    return was


def _matter(matter: str, was: str) -> str:
    """Say what is the matter; a second refresh before the repair says the same."""
    if not was or was.startswith(f"{matter} "):
        return was or matter
    planned = was.partition(" (was ")[2].removesuffix(")") or was
    return f"{matter} (was {planned})"
