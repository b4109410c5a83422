"""What ``pulumi refresh`` finds: the observed assignments, in the form of the planned ones."""

from __future__ import annotations

from collections.abc import Mapping

from components.ledger import Ledger
from components.placement.address import WAITING, address_of, card_indexes
from components.placement.snapshot import Held
from components.providers.work import session
from components.providers.work.inputs import PlacementInput
from components.providers.work.proposal import Addresses, take_snapshot
from components.providers.work.takeover import record_running
from components.settle.observe import Finding, observe_owner
from components.settle.unrecorded import EXTRA

EXTRA_ON = "extra on "
ALSO = ", and "
"""Between an instance and those of the same name that are too many."""


def drifted(given: PlacementInput, assignments: Addresses) -> dict[str, dict[str, str]]:
    """Observe this owner's instances, record what differs, and return ``assignments`` as they are seen.

    A healthy instance reads as the place that it has, so that an unharmed fleet shows no drift; another one reads as
    what is the matter, so that its repair is an ordinary diff. One that the ledger did not know is recorded: where it is
    what is wanted it reads as its place, and where it is too many as ``extra on`` it, beside the one that is wanted.
    """
    current = session.session()
    ledger = current.writing()
    observed = observe_owner(
        ledger, current.runtime, given.owner, now=session.now(), because="Placement refresh"
    )
    stood_in_for = _record_unknown(ledger, given)
    findings = {
        (found.service, found.ordinal): found for found in observed if found.instance not in stood_in_for
    }
    snapshot = take_snapshot(ledger, given)
    indexes = card_indexes(view.node for view in snapshot.nodes)
    extras = _extras(ledger, given.owner)
    too_many = {row.id for each in extras.values() for row in each}
    rows: dict[tuple[str, int], list[Held]] = {}
    for row in snapshot.held:
        if row.owner == given.owner and row.role == "steady" and row.id not in too_many:
            rows.setdefault((row.service, row.ordinal), []).append(row)
    seen = {service: dict(places) for service, places in assignments.items()}
    for service, ordinal in sorted({*rows, *extras, *_slots(assignments)}):
        was = assignments.get(service, {}).get(str(ordinal), "")
        was = was.partition(ALSO)[0] if not was.startswith(EXTRA_ON) else ""
        place = _seen(was, findings.get((service, ordinal)), rows.get((service, ordinal), []), indexes)
        more = [f"{EXTRA_ON}{address_of(row.place, indexes)}" for row in extras.get((service, ordinal), ())]
        if place or more:
            seen.setdefault(service, {})[str(ordinal)] = ALSO.join([*filter(None, [place]), *more])
    return seen


def _record_unknown(ledger: Ledger, given: PlacementInput) -> tuple[str, ...]:
    """Record what runs and has no row; return the rows that are gone, and that something else stands in for."""
    found = record_running(ledger, take_snapshot(ledger, given), given, "Placement refresh")
    if found.taken_over:
        names = ", ".join(f"{held.service}/{held.ordinal}" for held in found.taken_over)
        session.say(f"taken over as they run, since the ledger did not know them: {names}")
    for id_ in found.nowhere:
        session.warn(
            f"{id_} runs, but on no node of the program that is not lost, so it cannot be recorded; `eas down` ends it"
        )
    return found.gone


def _extras(ledger: Ledger, owner: str) -> dict[tuple[str, int], list[Held]]:
    """Return the rows of what is too many, by what it was one of."""
    extras: dict[tuple[str, int], list[Held]] = {}
    for row in ledger.instances(owner=owner):
        if row.held.state == "stopping" and row.detail == EXTRA:
            extras.setdefault((row.held.service, row.held.ordinal), []).append(row.held)
    return extras


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
