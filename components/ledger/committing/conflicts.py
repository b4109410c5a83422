"""Plans that lost against others: told after their transaction was undone, in one of its own."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from components.ledger import schema
from components.ledger.errors import StalePlan
from components.ledger.events import Story, Where, row_of
from components.ledger.records import EventRow

CONFLICT = "conflict: "
"""How the event of a stale plan begins; its reason follows."""


def tell_conflict(connection: sa.Connection, owner: str, stale: StalePlan, story: Story) -> None:
    """Tell that a plan of this owner was refused at its commit: what it wanted where, and who has it."""
    subject = f"{owner}/{stale.service}" if stale.service else f"owner/{owner}"
    story.tell(subject, f"{CONFLICT}{stale.reason}", str(stale), where=_where(connection, stale.card))


def conflicts(connection: sa.Connection, since: datetime, limit: int) -> tuple[EventRow, ...]:
    """Return the newest ``limit`` events of stale plans from ``since`` on, of every owner, oldest first."""
    event = schema.event
    query = sa.select(event).where(event.c.at >= since, event.c.what.startswith(CONFLICT))
    rows = connection.execute(query.order_by(event.c.id.desc()).limit(limit)).all()
    return tuple(row_of(row) for row in reversed(rows))


def _where(connection: sa.Connection, card: str) -> Where | None:
    """Return the place that was wanted, of a card's UUID or a node's key; None where the ledger does not have it."""
    if not card or "/" in card:
        return (card, ()) if card else None
    table = schema.card
    found = connection.execute(sa.select(table.c.pool, table.c.node).where(table.c.uuid == card)).first()
    return (f"{found.pool}/{found.node}", (card,)) if found else None
