"""The story: every change of the ledger writes one event, in its own transaction, with its cause.

Subjects: an instance's id; ``owner/service``; ``pool/NAME``; ``pool/NAME/NODE`` and ``pool/NAME/NODE/CARD``; ``owner/…``.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from components.ledger import schema
from components.ledger.actor import Actor
from components.ledger.records import EventRow

NOBODY = Actor()
Where = tuple[str, Sequence[str]]
"""The node's key (pool/node) and the UUIDs of the cards."""
_event = schema.event
_ADD = _event.insert()


class Story:
    """The events of one transaction: gathered while it works, written by :meth:`write` in one statement."""

    def __init__(self, now: datetime, because: str, owner: str = "", actor: Actor = NOBODY) -> None:
        """``because`` is the cause of all of them: a Pulumi urn and operation, or a command."""
        self.because = because
        self.now = now
        self._common = {"at": now, "because": because, "actor": actor.to_dict() or None}
        self._owner = owner
        self._actor = actor
        self._rows: list[dict[str, object]] = []

    def tell(
        self,
        subject: str,
        what: str,
        detail: str = "",
        *,
        plan_id: int | None = None,
        owner: str = "",
        where: Where | None = None,
    ) -> None:
        """Add one event; ``where``: the place of the instance that it is about, so that the card's history has it."""
        self._rows.append(
            self._common
            | {
                "owner": owner or self._owner,
                "subject": subject,
                "what": what,
                "detail": detail,
                "plan_id": plan_id,
                "node": where[0] if where else None,
                "cards": list(where[1]) if where else None,
            }
        )

    def because_of(self, because: str) -> Story:
        """Return a story of the same transaction with another cause, written with this one."""
        if because == self.because:
            return self
        told = Story(self.now, because, self._owner, self._actor)
        told._rows = self._rows
        return told

    def write(self, connection: sa.Connection) -> tuple[str, datetime] | None:
        """Write what was told; return the subject and time of one of its events, None where nothing was told."""
        if not self._rows:
            return None
        connection.execute(_ADD, self._rows)
        subject = str(self._rows[0]["subject"])
        self._rows = []
        return subject, self.now


def story_of(
    connection: sa.Connection, subject: str | None = None, *, owner: str | None = None, limit: int = 100
) -> tuple[EventRow, ...]:
    """Return the newest ``limit`` events, oldest first, of the subject and of all below it (a service: its instances)."""
    query = sa.select(_event).order_by(_event.c.id.desc()).limit(limit)
    if subject is not None:
        query = query.where(_below(subject))
    if owner is not None:
        query = query.where(_event.c.owner == owner)
    rows: Sequence[sa.Row[tuple[object, ...]]] = connection.execute(query).all()
    return tuple(row_of(row) for row in reversed(rows))


def history(  # noqa: PLR0913 - what a history may be narrowed to, each by name
    connection: sa.Connection,
    *,
    owner: str | None,
    subjects: Sequence[str],
    node: str | None,
    card: str | None,
    since: datetime | None,
    untold: Sequence[str],
    limit: int,
) -> tuple[EventRow, ...]:
    """Return the newest ``limit`` events from ``since`` on, oldest first.

    ``subjects``: those and all below them; none: everything. ``node`` (pool/node): also what was placed there; ``card`` (a
    UUID of it): only what was placed on that card. ``owner``: this owner's events and those that are nobody's.
    ``untold``: what is left out, and does not count.
    """
    chosen = [_below(subject) for subject in subjects]
    if node is not None:
        chosen.append(_event.c.node == node)
    query = sa.select(_event).order_by(_event.c.id.desc())
    if chosen:
        query = query.where(sa.or_(*chosen))
    if owner is not None:
        query = query.where(_event.c.owner.in_(("", owner)))
    if since is not None:
        query = query.where(_event.c.at >= since)
    if untold:
        query = query.where(_event.c.what.not_in(untold))
    # Which cards an event is about stands in a list, which databases search in ways of their own.
    rows = (
        row for row in connection.execute(query) if card is None or row.cards is None or card in row.cards
    )
    return tuple(reversed([row_of(row) for row in itertools.islice(rows, limit)]))


def failures_of(connection: sa.Connection, owner: str, since: datetime) -> tuple[tuple[str, datetime], ...]:
    """Return (instance id, when) of each event with which an instance of this owner became failed."""
    query = (
        sa.select(_event.c.subject, _event.c.at)
        .where(_event.c.owner == owner, _event.c.at >= since, _event.c.what.endswith("-> failed"))
        .order_by(_event.c.id)
    )
    return tuple((row.subject, row.at) for row in connection.execute(query))


def _below(subject: str) -> sa.ColumnElement[bool]:
    """The subject and all below it. A range instead of LIKE: it uses the index, and names may hold wildcards."""
    # 0 follows / in ASCII.
    below = sa.and_(_event.c.subject > subject + "/", _event.c.subject < subject + "0")
    return sa.or_(_event.c.subject == subject, below)


def row_of(row: sa.Row[tuple[object, ...]]) -> EventRow:
    """Return one record of the ``event`` table."""
    values = dict(row._mapping)
    values["actor"] = Actor.from_dict(values["actor"])
    values["cards"] = tuple(values["cards"] or ())
    return EventRow(**values)
