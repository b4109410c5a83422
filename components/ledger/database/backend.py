"""What an engine of databases has to do for a ledger; :mod:`.sqlite` and :mod:`.postgres` are the two that do it.

Everything else of this stage is the same for both: tables, migrations, queries, and what a transaction promises.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from components.ledger.errors import LedgerError, LedgerMissing

WRITE = "ledger_write"
"""Execution option of a connection whose next transaction writes."""
AT = "point --ledger, EAS_LEDGER or eas:ledger at"
"""How every sentence says where the place of a ledger is given."""


Receipt = Callable[[sa.Connection], bool]
"""Whether a transaction is recorded whose end was never heard of; asked by the next one that writes."""


class Backend(Protocol):
    """One place of a ledger, and how its kind of database is opened, begun, recognised and explained.

    A transaction that writes has the ledger to itself from its first statement on: what it reads stays true until it
    commits, so that judging a plan and writing it are one thing. One that reads waits for nobody, and sees one moment.
    """

    errors: tuple[type[Exception], ...]
    """What the driver raises."""
    on_server: bool
    """Whether several machines may use it."""

    @property
    def name(self) -> str:
        """How sentences call this ledger; never holds a password."""

    @property
    def key_file(self) -> Path:
        """Where its key is unless the environment gives it."""

    def is_there(self) -> bool:
        """Return whether there is a ledger. Raises :class:`LedgerError` for what is not one or cannot be asked."""

    def make_place(self) -> None:
        """Make what must be there before it can be opened for writing."""

    def engine(self, *, create: bool, patience: timedelta) -> sa.Engine:
        """Return an engine. ``create``: it may make the database. ``patience``: how long a writer waits for others."""

    def hurrying(self, connection: sa.Connection) -> AbstractContextManager[None]:
        """Return within what a transaction that writes need not wait for the answer to each statement."""

    def prepare(self, engine: sa.Engine) -> None:
        """Set up what stays with the database, outside any transaction."""

    def recognise(self, connection: sa.Connection) -> None:
        """Raise :class:`NotALedger` for the database of another program; one that nobody has used yet is a ledger."""

    def mark(self, connection: sa.Connection) -> None:
        """Write that this is a ledger, in the transaction that makes the tables and after them."""

    def receipt(self, connection: sa.Connection, event: tuple[str, datetime] | None) -> Receipt | None:
        """Return what tells later whether the transaction that ``connection`` is in was committed, or None.

        ``event``: subject and time of an event that it wrote. None: it wrote none, or the end is always heard of.
        """

    def time(self, connection: sa.Connection) -> datetime | None:
        """Return the server's time of now, by which those who share a ledger from many machines all go; None for a file."""

    def copy(self, version: str | None) -> sa.Engine:
        """Return a copy in memory, at its own schema version, to be read by a newer program."""

    def unwritable(self) -> bool:
        """Return whether it can be read by :meth:`copy` alone, as this user may write nothing at its place."""

    def not_written(self) -> LedgerError:
        """Return the error for a write to such a ledger."""

    def missing(self) -> LedgerMissing:
        """Return the error for a write to a ledger that is not there."""

    def explain(self, error: Exception) -> LedgerError:
        """Return what an exception of the driver means, as a sentence with the ledger's name and the next step."""
