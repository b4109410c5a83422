"""What the ledger may forget of the past: old events and put-away specs, and nothing that anything goes by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from components.ledger import schema
from components.ledger.errors import Refused
from components.ledger.events import Story

YOUNGEST = timedelta(days=7)
"""Younger events are read for more than history: crash loops, and what a reconciler did since the last `up`."""
KEPT = ("committed",)
"""Events that stay: by them a ledger that was restored from a backup is told from one that was not."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many were removed."""

    events: int
    specs: int


def prune(connection: sa.Connection, before: datetime, story: Story) -> Pruned:
    """Remove what is older than ``before``, and tell so. Raises :class:`Refused` for what is too young."""
    if before > story.now - YOUNGEST:
        raise Refused(
            f"what is younger than {YOUNGEST.days} days stays, as more than history goes by it; "
            f"name a time before {story.now - YOUNGEST:%Y-%m-%d %H:%M} UTC"
        )
    event, past = schema.event, schema.past_spec
    # The newest one stays whatever its age: whoever counts events goes on from its number.
    newest = connection.scalar(sa.select(sa.func.max(event.c.id))) or 0
    old = (event.c.at < before, event.c.id < newest, event.c.what.not_in(KEPT))
    done = Pruned(
        connection.scalar(sa.select(sa.func.count()).select_from(event).where(*old)) or 0,
        connection.scalar(sa.select(sa.func.count()).select_from(past).where(past.c.until < before)) or 0,
    )
    connection.execute(event.delete().where(*old))
    connection.execute(past.delete().where(past.c.until < before))
    story.tell(
        "ledger/history",
        "pruned",
        f"{done.events} events and {done.specs} past specs before {before:%Y-%m-%d %H:%M}",
    )
    return done
