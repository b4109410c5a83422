"""``eas ledger``: which ledger, who said so, and what is in it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import typer

from components.cli.base.command import command
from components.cli.base.session import Session


def register(app: typer.Typer) -> None:
    """Add ``ledger``."""

    @command(
        app,
        "ledger",
        brief="which ledger, who said so, what is in it",
        examples="eas ledger\neas ledger --ledger /srv/eas/ledger.db --json",
    )
    def ledger(session: Session) -> None:
        """Say which ledger is used and where that is said, and count what it holds."""
        facts = _facts(session)
        session.show(facts, _text(facts))


def _facts(session: Session) -> dict[str, Any]:
    """Return place and counts."""
    url, source = session.ledger_place
    ledger = session.ledger
    rows = ledger.instances()
    pools = ledger.pools()
    return {
        "url": url,
        "from": source,
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
