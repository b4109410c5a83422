"""``eas ledger``: which ledger, who said so, and what is in it; ``rebuild`` and ``migrate`` bring it back."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import Annotated, Any

import typer

from components.cli.base.command import command
from components.cli.base.ending import CommandError, Exit
from components.cli.base.session import Session, now


class Action(StrEnum):
    """What ``eas ledger`` can do besides telling."""

    REBUILD = "rebuild"
    MIGRATE = "migrate"
    ROTATE_KEY = "rotate-key"
    PRUNE = "prune"


ActionArgument = Annotated[
    Action | None,
    typer.Argument(
        metavar="[rebuild|migrate|rotate-key|prune]",
        help="rebuild: record anew what a lost ledger held. migrate: bring old tables to this version. rotate-key: encrypt "
        "everything with a new key. prune: forget old events and specs.",
        show_default=False,
    ),
]
BeforeOption = Annotated[
    str,
    typer.Option(
        "--before", metavar="AGE|TIME", help="With prune: what is older goes, 90d or 2026-01-31T08:00 (UTC)."
    ),
]


def register(app: typer.Typer) -> None:
    """Add ``ledger``."""

    @command(
        app,
        "ledger",
        brief="which ledger, what is in it; rebuild a lost one",
        examples="""
            eas ledger
            eas ledger --ledger /srv/eas/ledger.db --json
            eas ledger rebuild
            eas ledger rotate-key
            eas ledger prune --before 90d
        """,
    )
    def ledger(session: Session, action: ActionArgument = None, before: BeforeOption = "") -> None:
        """Say which ledger is used and where that is said, and count what it holds.

        `eas ledger rebuild` is for a ledger that is lost (no file, or an empty one): it records anew the pools, services
        and reservations of Pulumi's state, and the instances that the runtimes keep, in one transaction. Nothing is
        started or stopped. What a ledger holds of this stack is replaced where it is older than what runs (restored from
        a backup); any other that holds something is refused. `eas ledger migrate` brings the tables of an older version
        to this one, as every `up` does. `eas ledger rotate-key` encrypts all that is encrypted with a new key: one that
        it makes, or the one that stands in EAS_LEDGER_KEY beside the ledger's own. `eas ledger prune --before 90d`
        removes what history tells of older times, events and specs that nothing refers to any more; which plans were
        committed stays known.
        """
        if bool(before) != (action is Action.PRUNE):
            raise CommandError(
                "prune and --before belong together: `eas ledger prune --before 90d`", Exit.USAGE
            )
        if action is Action.PRUNE:
            _prune(session, before)
            return
        if action is Action.REBUILD:
            from components.cli.commands.rebuild import rebuild

            rebuild(session)
            return
        if action is Action.MIGRATE:
            _migrate(session)
        if action is Action.ROTATE_KEY:
            _rotate(session)
            return
        facts = _facts(session)
        session.show(facts, _text(facts))


def _migrate(session: Session) -> None:
    """Open the ledger for writing, which renews its tables; one that is not there is not made."""
    if not session.ledger.exists:
        raise CommandError(f"there is no ledger {session.ledger_place.shown} to migrate; `eas up` makes one")
    session.close()
    assert session.writable_ledger.exists, "opened for writing"


def _rotate(session: Session) -> None:
    """Put a new key in the place of the ledger's, and say where it has to be known now."""
    from components.ledger.database.keys import ENVIRONMENT
    from components.placement.picture import counted

    if not session.ledger.exists:
        raise CommandError(
            f"there is no ledger {session.ledger_place.shown} with a key to rotate; `eas up` makes one"
        )
    session.close()
    done = session.writable_ledger.rotate_key(now=now(), because="eas ledger rotate-key")
    text = (
        f"the ledger's key is {done.new} now, in {done.source}; {counted(done.specs, 'spec')} and "
        f"{counted(done.tokens, 'token')} are encrypted with it, and {done.old} opens nothing any more but older backups\n"
    )
    if done.source == ENVIRONMENT:
        text += f"{ENVIRONMENT} needs the new key alone from now on, everywhere"
    else:
        text += (
            f"whoever else uses this ledger needs a copy of the file (mode 600), or its line in {ENVIRONMENT}"
        )
    facts = {
        "old": done.old,
        "new": done.new,
        "specs": done.specs,
        "tokens": done.tokens,
        "source": done.source,
    }
    session.show(facts, text)


def _prune(session: Session, before: str) -> None:
    """Remove what is older, and say how much that was."""
    from components.cli.commands.history import since_of
    from components.placement.picture import counted

    if not session.ledger.exists:
        raise CommandError(f"there is no ledger {session.ledger_place.shown} to prune")
    start = since_of(before, session.ledger.time(now()), "--before")
    session.close()
    done = session.writable_ledger.prune(start, now=now(), because=f"eas ledger prune --before {before}")
    facts = {"before": start.isoformat(timespec="seconds"), "events": done.events, "specs": done.specs}
    session.show(
        facts,
        f"removed {counted(done.events, 'event')} and {counted(done.specs, 'past spec')} "
        f"from before {start:%Y-%m-%d %H:%M} UTC",
    )


def _facts(session: Session) -> dict[str, Any]:
    """Return place and counts."""
    place = session.ledger_place
    ledger = session.ledger
    rows = ledger.instances()
    pools = ledger.pools()
    key, key_source = ledger.key()
    return {
        "key": key,
        "key_from": key_source,
        "url": place.shown,
        "from": place.source,
        "owner": session.owner,
        "known": ledger.knows(session.owner),
        "pools": len(pools),
        "nodes": sum(len(pool.nodes) for pool in pools),
        "cards": sum(len(node.cards) for pool in pools for node in pool.nodes),
        "services": len(ledger.services(session.owner)),
        "instances": dict(Counter(row.held.state for row in rows if row.held.owner == session.owner)),
        "foreign": dict(Counter(row.held.owner for row in rows if row.held.owner != session.owner)),
        "open_steps": len(ledger.open_steps(session.owner)),
    }


def _text(facts: dict[str, Any]) -> str:
    """Return the facts as lines."""
    from components.placement.picture import counted

    lines = [f"ledger  {facts['url']}", f"from    {facts['from']}", f"owner   {facts['owner']}"]
    if facts["key"]:
        lines.append(f"key     {facts['key']}, looked for in {facts['key_from']}")
    if not facts["known"]:
        lines.append("it has never held this owner: the first `eas up` makes its entries")
    own = ", ".join(f"{count} {state}" for state, count in sorted(facts["instances"].items())) or "none"
    lines.append(
        f"holds   {counted(facts['pools'], 'pool')}, {counted(facts['nodes'], 'node')}, "
        f"{counted(facts['cards'], 'card')}; of this owner {counted(facts['services'], 'service')}, instances: {own}"
    )
    for owner, count in sorted(facts["foreign"].items()):
        lines.append(f"foreign {counted(count, 'instance')} of {owner}")
    if facts["open_steps"]:
        lines.append(
            f"open    {counted(facts['open_steps'], 'step')} of a plan that was not finished; `eas up` goes on from there"
        )
    return "\n".join(lines)
