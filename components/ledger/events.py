"""The story: every change of the ledger writes one event, in its own transaction, with its cause.

Subjects: an instance's id; ``owner/service``; ``pool/NAME``; ``pool/NAME/NODE`` and ``pool/NAME/NODE/CARD``; ``owner/…``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from components.ledger import schema
from components.ledger.records import EventRow

_event = schema.event
_ADD = _event.insert()


class Story:
    """The events of one transaction: gathered while it works, written by :meth:`write` in one statement."""

    def __init__(self, now: datetime, because: str, owner: str = "") -> None:
        """``because`` is the cause of all of them: a Pulumi urn and operation, or a command."""
        self.because = because
        self._now = now
        self._common = {"at": now, "because": because}
        self._owner = owner
        self._rows: list[dict[str, object]] = []

    def tell(
        self, subject: str, what: str, detail: str = "", *, plan_id: int | None = None, owner: str = ""
    ) -> None:
        """Add one event."""
        self._rows.append(
            self._common
            | {
                "owner": owner or self._owner,
                "subject": subject,
                "what": what,
                "detail": detail,
                "plan_id": plan_id,
            }
        )

    def because_of(self, because: str) -> Story:
        """Return a story of the same transaction with another cause, written with this one."""
        if because == self.because:
            return self
        told = Story(self._now, because, self._owner)
        told._rows = self._rows
        return told

    def write(self, connection: sa.Connection) -> None:
        """Write what was told."""
        if self._rows:
            connection.execute(_ADD, self._rows)
            self._rows = []


def story_of(
    connection: sa.Connection, subject: str | None = None, *, owner: str | None = None, limit: int = 100
) -> tuple[EventRow, ...]:
    """Return the newest ``limit`` events, oldest first, of the subject and of all below it (a service: its instances)."""
    query = sa.select(_event).order_by(_event.c.id.desc()).limit(limit)
    if subject is not None:
        # A range instead of LIKE: it uses the index, and names may hold wildcards. 0 follows / in ASCII.
        below = sa.and_(_event.c.subject > subject + "/", _event.c.subject < subject + "0")
        query = query.where(sa.or_(_event.c.subject == subject, below))
    if owner is not None:
        query = query.where(_event.c.owner == owner)
    rows: Sequence[sa.Row[tuple[object, ...]]] = connection.execute(query).all()
    return tuple(EventRow(**row._mapping) for row in reversed(rows))
