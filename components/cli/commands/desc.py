"""``eas desc``: everything about one service, as `eascmd desc` and `eascmd w` tell it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from components.cli.base.command import command
from components.cli.base.session import Session
from components.cli.base.targets import label_of, unknown
from components.cli.commands.ls import card_indexes_of, slice_text, status_of

if TYPE_CHECKING:
    from components.ledger import EventRow, InstanceRow

STORY = 12
"""How many events are told."""

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The service.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add ``desc``."""

    @command(app, "desc", brief="everything about one service", examples="eas desc llm\neas desc llm --json")
    def desc(session: Session, name: NameArgument) -> None:
        """Show a service: revision, instances with card and limits, endpoints, its story, its spec without secrets."""
        facts = described(session, name)
        session.show(facts, _text(facts))


def described(session: Session, name: str) -> dict[str, Any]:
    """Return everything about one service, as plain data."""
    ledger, owner = session.ledger, session.owner
    services = {row.service: row for row in ledger.services(owner)}
    service = services.get(name)
    if service is None:
        raise unknown(name, "service", services)
    committed = ledger.committed(owner)
    wanted = next((each for each in committed.wanted if each.service == name), None) if committed else None
    rows = [row for row in ledger.instances(owner=owner) if row.held.service == name]
    indexes = card_indexes_of(session)
    revision = service.committed or service.declared
    return {
        "service": name,
        "owner": owner,
        "pool": service.pool,
        "status": status_of(service, rows),
        "revision": service.committed,
        "declared_revision": service.declared,
        "ready": sum(row.held.state == "ready" for row in rows if row.held.role == "steady"),
        "wanted": service.wanted,
        "waiting": service.waiting,
        "slice": slice_text(wanted.claim if wanted else None),
        "instances": [instance_facts(row, indexes) for row in rows],
        "story": [event_facts(event) for event in ledger.events(f"{owner}/{name}", STORY)],
        "spec": dict(ledger.spec(owner, name, revision).document) if revision else None,
    }


def instance_facts(row: InstanceRow, indexes: dict[str, int]) -> dict[str, Any]:
    """Return one instance as plain data."""
    from components.placement.address import address_of

    held, place = row.held, row.held.place
    return {
        "instance": label_of(row),
        "id": held.id,
        "state": held.state,
        "since": row.since.isoformat(timespec="seconds"),
        "place": address_of(place, indexes),
        "cards": list(place.cards),
        "memory_mib": place.memory_mib,
        "compute": place.compute,
        "exclusive": place.exclusive,
        "revision": held.revision,
        "endpoint": row.endpoint,
        "detail": row.detail,
    }


def event_facts(event: EventRow) -> dict[str, Any]:
    """Return one event as plain data."""
    return {
        "at": event.at.isoformat(timespec="seconds"),
        "subject": event.subject,
        "what": event.what,
        "detail": event.detail,
        "because": event.because,
    }


def time_text(at: str) -> str:
    """Return an ISO time in UTC as tables have it: ``2026-01-31 08:00:00``."""
    return at.replace("T", " ").removesuffix("+00:00")


def limits_text(facts: dict[str, Any]) -> str:
    """Return ``48 GiB 10 %``, ``whole card`` or ``-``: what an instance may use of its card."""
    if facts["exclusive"]:
        return "whole card" if len(facts["cards"]) == 1 else f"{len(facts['cards'])} whole cards"
    if not facts["memory_mib"]:
        return "-"
    compute = f" {facts['compute']} %" if facts["compute"] else ""
    return f"{facts['memory_mib']} MiB{compute}"


def story_lines(story: list[dict[str, Any]], prefix: str) -> list[str]:
    """Return events as lines, subjects without ``prefix``."""
    from components.placement.picture import columns

    rows = [
        (
            time_text(event["at"]),
            event["subject"].removeprefix(prefix),
            event["what"],
            event["detail"].partition("\n")[0] or event["because"],
        )
        for event in story
    ]
    return columns(("TIME (UTC)", "WHO", "WHAT", "WHY"), rows).splitlines() if rows else []


def _text(facts: dict[str, Any]) -> str:
    from components.placement.picture import columns

    head = [
        f"Service   {facts['service']}   {facts['status']}   {facts['ready']}/{facts['wanted']} ready",
        f"Pool      {facts['pool']}",
        f"Slice     {facts['slice']}",
        f"Revision  {facts['revision'] or '-'}",
    ]
    if facts["declared_revision"] not in ("", facts["revision"]):
        head.append(f"Declared  {facts['declared_revision']}: no plan has taken it up yet; `eas up` does")
    if facts["waiting"]:
        head.append(f"Waiting   {facts['waiting']} without a place; `eas why {facts['service']}` says why")
    rows = [
        (
            each["instance"],
            each["place"],
            limits_text(each),
            each["state"],
            time_text(each["since"]),
            each["endpoint"] or "-",
        )
        for each in facts["instances"]
    ]
    blocks = ["\n".join(head)]
    if rows:
        blocks.append(columns(("INSTANCE", "CARD", "LIMITS", "STATE", "SINCE (UTC)", "ENDPOINT"), rows))
    failed = [f"{each['instance']}: {each['detail']}" for each in facts["instances"] if each["detail"]]
    if failed:
        blocks.append("\n".join(failed))
    if facts["story"]:
        blocks.append("\n".join(story_lines(facts["story"], f"{facts['owner']}/")))
    if facts["spec"] is not None:
        blocks.append("Spec\n" + json.dumps(facts["spec"], indent=2, ensure_ascii=False))
    return "\n\n".join(blocks)
