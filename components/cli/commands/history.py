"""``eas history``: what happened to a service, an instance, a node or a card; who did it, when and why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from components.cli.base.ages import age_in
from components.cli.base.command import command
from components.cli.base.ending import CommandError
from components.cli.base.session import Session, now
from components.cli.base.targets import Target, card_or_node, unknown
from components.cli.commands.desc import event_facts
from components.cli.commands.ls import card_indexes_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from components.ledger import EventRow, PastSpec

LEASES = ("lease taken", "lease released")
"""Two events a service and `up`, about the carrying out itself: left out unless asked for."""
HEADINGS = ("TIME (UTC)", "SUBJECT", "WHAT", "WHERE", "WHY", "WHO")

SubjectArgument = Annotated[
    str,
    typer.Argument(
        metavar="[SERVICE|CARD]",
        help="llm, llm/0, gpu-a, gpu-a/0, a card's UUID or a pool.",
        show_default=False,
    ),
]
SinceOption = Annotated[
    str, typer.Option("--since", metavar="AGE|TIME", help="24h, 7d, 30m, or 2026-01-31T08:00 (UTC).")
]
LimitOption = Annotated[int, typer.Option("--limit", min=1, metavar="N", help="The newest N events.")]
SpecOption = Annotated[
    bool, typer.Option("--spec", help="What the service was declared as, from when to when, without secrets.")
]
AllOption = Annotated[bool, typer.Option("--all", help="Events of every owner, not of this stack alone.")]
LeasesOption = Annotated[bool, typer.Option("--leases", help="Also who carried out, service by service.")]


def register(app: typer.Typer) -> None:
    """Add ``history``."""

    @command(
        app,
        "history",
        brief="what happened, when, why, and who did it",
        examples="""
            eas history
            eas history llm --since 24h
            eas history gpu-a/0
            eas history llm --spec
        """,
    )
    def history(
        session: Session,
        subject: SubjectArgument = "",
        since: SinceOption = "",
        limit: LimitOption = 100,
        spec: SpecOption = False,
        everybody: AllOption = False,
        leases: LeasesOption = False,
    ) -> None:
        """Tell what happened to a service, an instance, a node or a card, from the ledger's events, oldest first.

        Who is the person or CI user that ran it, with the project's commit and the CI run where these are known (`--json`
        has all three apart). A card's history has the instances that came and went, whichever service they are of.
        """
        start = since_of(since, session.ledger.time(now())) if since else None
        if spec:
            _show_specs(session, subject, start)
        else:
            _show_events(session, subject, start, limit, everybody, leases)


def since_of(text: str, at: datetime, option: str = "--since") -> datetime:
    """Return the time that ``24h`` (before ``at``) or an ISO time (UTC unless it says otherwise) means."""
    if (age := age_in(text)) is not None:
        try:
            return at - age
        except OverflowError:
            return datetime.min.replace(tzinfo=UTC)
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise CommandError(
            f"{option} {text} is neither an age nor a time: write 30m, 24h, 7d, 2w or 2026-01-31T08:00"
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _show_events(
    session: Session, subject: str, since: datetime | None, limit: int, everybody: bool, leases: bool
) -> None:
    chosen = _chosen(session, subject) if subject else {}
    # A card is shared, so what other stacks did on it belongs to its story.
    owner = None if everybody or "node" in chosen else session.owner
    untold = () if leases else LEASES
    told = session.ledger.history(owner=owner, since=since, limit=limit, untold=untold, **chosen)
    session.show([_facts(row) for row in told], _text(session, told, subject, since, limit))


def _chosen(session: Session, subject: str) -> dict[str, Any]:
    """Return what :meth:`Ledger.history` is asked for."""
    named = _service_named(session, subject)
    if named is not None:
        below = "" if named.ordinal is None else f"/{named.ordinal}"
        return {"subjects": (f"{session.owner}/{named.service}{below}",)}
    nodes = [node for pool in session.ledger.pools() for node in pool.nodes]
    first = subject.partition("/")[0]
    known = {card.uuid for node in nodes for card in node.cards}
    if subject in known or any(
        first == node.name or f"{subject}/".startswith(f"{node.key}/") for node in nodes
    ):
        node, card = card_or_node(subject, nodes)
        # What is said of the node concerns each of its cards.
        return {"subjects": (f"pool/{node.key}",), "node": node.key, "card": card}
    for key in _recorded(session, subject):
        return {"subjects": (f"pool/{key}",), "node": key if "/" in key else None}
    services = [row.service for row in session.ledger.services(session.owner)]
    raise unknown(subject, "service, node or card", [*services, *(node.name for node in nodes)])


def _recorded(session: Session, subject: str) -> Iterator[str]:
    """Yield the pool or the pool/node of that name, also where it is no longer there."""
    pools = [pool.name for pool in session.ledger.pools()]
    for key in (subject, *(f"{pool}/{subject}" for pool in pools)):
        if session.ledger.events(f"pool/{key}", 1):
            yield key


def _service_named(session: Session, subject: str) -> Target | None:
    """Return the service or instance that is meant, also one that is gone; None where nothing of that name ever was."""
    service = subject.partition("/")[0]
    if not session.ledger.events(f"{session.owner}/{service}", 1):
        return None
    return Target.parse(subject)


def _facts(row: EventRow) -> dict[str, Any]:
    """Return one event as plain data, with whose it is, where and by whom."""
    return {
        "owner": row.owner,
        **event_facts(row),
        "plan": row.plan_id,
        "node": row.node,
        "cards": list(row.cards),
        **row.actor.to_dict(),
    }


def _text(
    session: Session, rows: Sequence[EventRow], subject: str, since: datetime | None, limit: int
) -> str:
    from components.placement.picture import columns

    if not rows:
        nothing = f"nothing is recorded of {subject}" if subject else "nothing is recorded"
        return (
            f"{nothing} since {since:%Y-%m-%d %H:%M:%S} UTC"
            if since
            else nothing
            if subject
            else f"{nothing} yet"
        )
    indexes = card_indexes_of(session)
    lines = [
        (
            f"{row.at:%Y-%m-%d %H:%M:%S}",
            row.subject.removeprefix(f"{session.owner}/"),
            row.what,
            _where(row, indexes),
            row.detail.partition("\n")[0] or row.because,
            _who(row),
        )
        for row in rows
    ]
    more = (
        f"\nthe newest {limit}; --limit {10 * limit} or --since 7d shows others" if len(rows) == limit else ""
    )
    return columns(HEADINGS, lines) + more


def _where(row: EventRow, indexes: dict[str, int]) -> str:
    """Return ``gpu-a/0``; a card that is recorded no more by its UUID."""
    from components.placement.address import address_of
    from components.placement.snapshot import Place

    if row.node is None:
        return "-"
    pool, _, node = row.node.partition("/")
    return address_of(Place(pool, node, row.cards), indexes)


def _who(row: EventRow) -> str:
    """Return who, with the CI run (or else the commit) behind it."""
    actor = row.actor
    more = actor.run or actor.commit
    return f"{actor.who} ({more})" if actor.who and more else actor.who or more or "-"


def _show_specs(session: Session, subject: str, since: datetime | None) -> None:
    target = Target.parse(subject) if subject else None
    if target is None:
        raise CommandError("--spec is about one service: `eas history llm --spec`")
    found = session.ledger.past_specs(session.owner, target.service)
    if not found:
        raise unknown(
            target.service, "service", [row.service for row in session.ledger.services(session.owner)]
        )
    shown = [spec for spec in found if since is None or spec.until is None or spec.until >= since]
    facts = [
        {
            "revision": spec.revision,
            "since": spec.since.isoformat(timespec="seconds"),
            "until": spec.until.isoformat(timespec="seconds") if spec.until else None,
            "spec": dict(spec.document),
        }
        for spec in shown
    ]
    session.show(facts, "\n\n".join(_spec_text(spec) for spec in shown))


def _spec_text(spec: PastSpec) -> str:
    import json

    until = f"until {spec.until:%Y-%m-%d %H:%M:%S}" if spec.until else "still counts"
    head = f"revision {spec.revision}, declared {spec.since:%Y-%m-%d %H:%M:%S} UTC, {until}"
    return head + "\n" + json.dumps(dict(spec.document), indent=2, ensure_ascii=False)
