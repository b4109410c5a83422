"""``eas ls``: the services, as `eascmd ls` lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from components.cli.base.command import command
from components.cli.base.session import Session

if TYPE_CHECKING:
    from components.ledger import InstanceRow, Ledger, ServiceRow
    from components.spec.claim import Claim, Wanted

SHOWN_CARDS = 4
HEADINGS = ("SERVICE", "INSTANCES", "SLICE", "CARDS", "STATUS", "ENDPOINT")


def register(app: typer.Typer) -> None:
    """Add ``ls``."""

    @command(app, "ls", brief="the services", examples="eas ls\neas ls --json")
    def ls(session: Session) -> None:
        """List the services of this stack: instances ready of wanted, slice, cards, status, endpoint."""
        from components.placement.picture import columns

        session.note_absence()
        found = listing(session)
        rows = [
            (
                row["service"],
                f"{row['ready']}/{row['wanted']}",
                row["slice"],
                _cards(row["cards"]),
                row["status"],
                _endpoint(row["endpoints"]),
            )
            for row in found
        ]
        text = (
            columns(HEADINGS, rows) if rows else "nothing is declared yet: `eas up` does what the files say"
        )
        session.show(found, text)


def listing(session: Session) -> list[dict[str, Any]]:
    """Return one mapping for each service of the stack."""
    ledger, owner = session.ledger, session.owner
    by_service: dict[str, list[InstanceRow]] = {}
    for row in ledger.instances(owner=owner):
        by_service.setdefault(row.held.service, []).append(row)
    committed = ledger.committed(owner)
    wanted = {each.service: each for each in committed.wanted} if committed else {}
    indexes = card_indexes_of(session)
    return [
        _described(service, by_service.get(service.service, []), wanted.get(service.service), indexes)
        for service in ledger.services(owner)
    ]


def card_indexes_of(session: Session) -> dict[str, int]:
    """Return uuid -> index of every recorded card."""
    return indexes_of(session.ledger)


def indexes_of(ledger: Ledger) -> dict[str, int]:
    """Return uuid -> index of every card that this ledger has."""
    from components.placement.address import card_indexes

    return card_indexes(node for pool in ledger.pools() for node in pool.nodes)


def slice_text(claim: Claim | None) -> str:
    """Return ``48G 10 %``, ``2 GPU`` or ``2 CPU``: what one instance asks for, as in its file."""
    if claim is None:
        return "-"
    if claim.kind == "exclusive":
        return f"{claim.gpu} GPU"
    if claim.kind == "slice":
        compute = f" {claim.gpu_core_percentage} %" if claim.gpu_core_percentage else ""
        return f"{claim.gpu_memory}G{compute}"
    return f"{claim.cpu_milli / 1000:g} CPU"


def _described(
    service: ServiceRow, rows: list[InstanceRow], wanted: Wanted | None, indexes: dict[str, int]
) -> dict[str, Any]:
    from components.placement.address import address_of

    steady = [row for row in rows if row.held.role == "steady" and row.held.state != "stopping"]
    return {
        "service": service.service,
        "pool": service.pool,
        "ready": sum(row.held.state == "ready" for row in steady),
        "wanted": service.wanted,
        "slice": slice_text(wanted.claim if wanted else None),
        "cards": [address_of(row.held.place, indexes) for row in steady],
        "status": status_of(service, rows),
        "endpoints": list(service.endpoints),
    }


def status_of(service: ServiceRow, rows: list[InstanceRow]) -> str:
    """Return the service's status in one word, as `eascmd` has it."""
    states = [row.held.state for row in rows]
    if not service.committed:
        return "Declared"
    if "failed" in states:
        return "Failed"
    if service.waiting:
        return "Waiting"
    if any(row.held.role == "surge" or row.held.revision != service.committed for row in rows):
        return "Updating"
    if states.count("ready") == service.wanted and len(states) == service.wanted:
        return "Running" if service.wanted else "Stopped"
    return "Scaling"


def _cards(addresses: list[str]) -> str:
    """Return each card once, the first few of many."""
    different = list(dict.fromkeys(addresses))
    more = f" +{len(different) - SHOWN_CARDS}" if len(different) > SHOWN_CARDS else ""
    return " ".join(different[:SHOWN_CARDS]) + more if different else "-"


def _endpoint(endpoints: list[str]) -> str:
    """Return the first endpoint and how many more there are."""
    if not endpoints:
        return "-"
    return endpoints[0] + (f" (+{len(endpoints) - 1})" if len(endpoints) > 1 else "")
