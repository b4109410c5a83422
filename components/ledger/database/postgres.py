"""All that is particular to PostgreSQL: connecting, transactions, what its errors mean. Nothing else here knows of it.

One advisory lock per ledger stands for SQLite's write lock: a writer takes it first and holds it until it commits. So a
commit is judged against what is so, nothing ever deadlocks or has to be tried again, and the server serves those who wait
in the order in which they came. Why not finer: docs/decisions/0009.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import QueuePool

from components.ledger import schema
from components.ledger.database.backend import AT, WRITE, Receipt
from components.ledger.database.location import Location
from components.ledger.errors import (
    LedgerDisturbed,
    LedgerError,
    LedgerLocked,
    LedgerMissing,
    LedgerReadOnly,
    LedgerUnreachable,
    NotALedger,
    Unusable,
)

try:
    import psycopg
except ImportError as error:
    raise Unusable(
        "a ledger on PostgreSQL needs the package psycopg, which is not installed here; "
        "run `make setup`, or `pip install 'eas-slices[postgres]'`"
    ) from error

from components.ledger.database import pipeline  # needs psycopg

FORMAT = "eas-slices ledger"
"""Stands in the table ``about``: tells a ledger from the tables of another program."""
LOCK = 0x45415347
"""First half of the advisory lock's key (``EASG``); the second is the schema, since a database may hold two ledgers."""
CONNECT_WITHIN = 10
"""Seconds."""
IDLE_AT_MOST = timedelta(seconds=20)
"""A writer from which nothing is heard for so long (its machine is gone, it is stopped) loses its transaction."""

_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# READ COMMITTED: each statement sees what is committed when it begins. A snapshot of the whole transaction would be taken
# before the wait for the lock, and miss what was committed meanwhile. A commit is durable whatever the server's default.
_WRITE = (
    "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = {patience}; "
    "SET LOCAL idle_in_transaction_session_timeout = {idle}; "
    "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') IN ('off', 'local'); "
    "SELECT pg_advisory_xact_lock({lock}, hashtext(coalesce(current_schema(), ''))); "
    "SELECT clock_timestamp(), CASE WHEN NOT pg_is_in_recovery() THEN pg_current_xact_id()::xid::text END"
)
_WROTE = sa.select(schema.event.c.id).where(
    schema.event.c.subject == sa.bindparam("subject"),
    schema.event.c.at == sa.bindparam("at"),
    sa.literal_column("event.xmin::text") == sa.bindparam("number"),
)


_IS_THERE = """
SELECT to_regclass('about') IS NOT NULL,
    (SELECT min(space.nspname) FROM pg_class kept JOIN pg_namespace space ON space.oid = kept.relnamespace
     WHERE kept.relname = 'about' AND NOT has_schema_privilege(space.oid, 'USAGE')),
    current_user
"""
"""Whether there is a ledger that this role sees, in which schema there is one that it does not, and the role."""


class PostgresDatabase:
    """A ledger in a database on a server; see :class:`components.ledger.database.backend.Backend`."""

    errors: tuple[type[Exception], ...] = (sa.exc.DBAPIError, sa.exc.TimeoutError, psycopg.Error)
    on_server = True

    def __init__(self, location: Location) -> None:
        """Connects to nothing yet."""
        self._location = location

    @property
    def name(self) -> str:
        """The URL without a password."""
        return self._location.shown

    @property
    def key_file(self) -> Path:
        """In the project: whoever shares the ledger gets a copy, or sets the environment variable."""
        return self._location.key_file

    def is_there(self) -> bool:
        """Return whether the database has our tables. Raises :class:`LedgerError` where it cannot be asked."""
        try:
            with self._connect() as connection:
                [(there, closed, role)] = connection.execute(_IS_THERE).fetchall()
        except psycopg.Error as error:
            raise self.explain(error) from error
        if closed and not there:
            # It would read as one that never held anything.
            raise LedgerReadOnly(
                f"ledger {self.name} may not be read by role {role}, who may not use schema {closed}; "
                f"`GRANT USAGE ON SCHEMA {closed} TO {role}` and `GRANT SELECT ON ALL TABLES IN SCHEMA {closed} TO {role}`"
            )
        return bool(there)

    def make_place(self) -> None:
        """Nothing to do: the database is made by whoever runs the server."""

    def engine(self, *, create: bool, patience: timedelta) -> sa.Engine:
        """Return an engine. Nothing is connected yet; the server itself has a writer wait up to ``patience``."""
        engine = sa.create_engine(
            "postgresql+psycopg://",
            creator=self._connect,
            poolclass=QueuePool,
            pool_size=2,
            max_overflow=8,
            use_native_hstore=False,
        )
        writing = _WRITE.format(
            patience=max(1, round(patience.total_seconds() * 1000)),
            idle=round(IDLE_AT_MOST.total_seconds() * 1000),
            lock=LOCK,
        )

        @event.listens_for(engine, "begin")
        def begin(connection: sa.Connection) -> None:
            write = connection.get_execution_options().get(WRITE, False)
            pipeline.begin(connection, writing if write else _READ)

        return pipeline.install(engine)

    def hurrying(self, connection: sa.Connection) -> AbstractContextManager[None]:
        """Let what is written go off without waiting for each answer."""
        return pipeline.unanswered(connection)

    def prepare(self, engine: sa.Engine) -> None:
        """Nothing stays with the database."""

    def recognise(self, connection: sa.Connection) -> None:
        """Raise :class:`NotALedger` unless the schema is a ledger's, or has no table: then nobody has used it yet."""
        tables = sorted(
            connection.scalars(
                sa.text("SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = current_schema()")
            )
        )
        if not tables:
            return
        about = sa.text("SELECT value FROM about WHERE name = 'format'")
        if "about" in tables and "alembic_version" in tables and connection.scalar(about) == FORMAT:
            return
        shown = ", ".join(tables[:4]) + (f" and {len(tables) - 4} more" if len(tables) > 4 else "")
        raise NotALedger(
            f"{self.name} has tables of another program ({shown}), so it is not a ledger; give the ledger a database of its "
            f"own (`createdb eas`), and {AT} it"
        )

    def mark(self, connection: sa.Connection) -> None:
        """Write whose tables these are."""
        connection.execute(
            sa.text("INSERT INTO about (name, value) VALUES ('format', :format)"), {"format": FORMAT}
        )

    def receipt(self, connection: sa.Connection, event: tuple[str, datetime] | None) -> Receipt | None:
        """Return what looks for the event as this transaction wrote it. A number alone may come again after a crash."""
        if event is None:
            return None
        number = pipeline.begun(connection)[1]
        wrote = {"subject": event[0], "at": event[1], "number": number}
        return lambda later: later.execute(_WROTE, wrote).first() is not None

    def time(self, connection: sa.Connection) -> datetime | None:
        """Return the server's time: of when a writer had the ledger for itself, not of when it began to wait for that."""
        at: datetime
        (at, *_) = pipeline.begun(connection) or connection.exec_driver_sql("SELECT clock_timestamp()").one()
        return at.astimezone(UTC)

    def copy(self, version: str | None) -> sa.Engine:
        """Return a copy of all rows in memory, in tables of the same version."""
        from components.ledger.database.migrate import upgrade
        from components.ledger.database.sqlite import engine_in_memory

        memory = engine_in_memory()
        tables = sa.MetaData()
        event.listen(tables, "column_reflect", _generic)
        engine = self.engine(create=False, patience=timedelta(seconds=1))
        with engine.connect() as there, memory.begin() as here:
            upgrade(here, version or "base")
            tables.reflect(there)
            for table in tables.sorted_tables:
                rows = [dict(row._mapping) for row in there.execute(sa.select(table))]
                if rows and table.name != "alembic_version":
                    here.execute(table.insert(), rows)
        engine.dispose()
        return memory

    def unwritable(self) -> bool:
        """No: a role that may only read reads as any other, and the server refuses what it writes."""
        return False

    def not_written(self) -> LedgerError:
        """Return the error for a write by a role that may only read, where it is known before the server says so."""
        return LedgerReadOnly(f"ledger {self.name} may not be written by this role")

    def missing(self) -> LedgerMissing:
        """Return the error for a write to a database that has no tables yet."""
        return LedgerMissing(
            f"ledger {self.name} has no tables yet, so nothing can be recorded in it; `pulumi up` makes them, "
            f"or {AT} the right database"
        )

    def explain(self, error: Exception) -> LedgerError:
        """Return what an exception of the driver means, as a sentence that names the ledger and what to do."""
        origin = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        state = getattr(origin, "sqlstate", None)
        said = _said(origin)
        if isinstance(error, sa.exc.TimeoutError):
            state, said = "53300", "this process has no connection left"
        kind, saying = _meaning(state, said)
        return kind(f"ledger {self.name} " + saying.format(error=said))

    def _connect(self) -> pipeline.Connection:
        # BEGIN is ours (see engine), so psycopg sends none.
        connection = pipeline.Connection.connect(
            self._location.url,
            autocommit=True,
            connect_timeout=CONNECT_WITHIN,
            fallback_application_name="eas",
        )
        connection.add_notice_handler(connection.hear)
        return connection


def _generic(_inspector: object, _table: object, column: Any) -> None:
    column["type"] = column["type"].as_generic()


def _said(error: BaseException | None) -> str:
    """Return the first line of what the server or the driver said; what follows repeats the statement."""
    if isinstance(error, psycopg.Error) and error.diag.message_primary:
        return error.diag.message_primary
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(". ") if lines else type(error).__name__


def _meaning(state: str | None, said: str) -> tuple[type[LedgerError], str]:
    if state is None:
        # A connection that fails has no code, only words.
        code = next((code for words, code in _WORDS if re.search(words, said)), "08")
        return _MEANINGS[code]
    return _MEANINGS.get(state) or _MEANINGS.get(state[:2]) or (Unusable, "cannot be used: {error}")


_UNREACHABLE: tuple[type[LedgerError], str] = (
    LedgerUnreachable,
    (
        "cannot be reached ({error}); see that the server runs and that the address is right. "
        "If this came in the middle of an `up`, run it again: it goes on from what is recorded"
    ),
)
_NOT_LET_IN: tuple[type[LedgerError], str] = (
    Unusable,
    (
        "does not let this user in ({error}); give the right user in the URL, and its password in PGPASSWORD, ~/.pgpass "
        "or the URL"
    ),
)
_IN_USE: tuple[type[LedgerError], str] = (
    LedgerLocked,
    (
        "is being written by another process ({error}); wait for the other `pulumi` or `eas` command to end, or find it "
        "with `SELECT pid, client_addr, state, xact_start FROM pg_stat_activity`"
    ),
)
_DISTURBED: tuple[type[LedgerError], str] = (
    LedgerDisturbed,
    (
        "undid this transaction for another program that writes its tables ({error}); run this again, and let nothing but "
        "`pulumi` and `eas` write there"
    ),
)
_READ_ONLY = "may not be written ({error})"
_MEANINGS: dict[str, tuple[type[LedgerError], str]] = {
    "55P03": _IN_USE,
    "40001": _DISTURBED,
    "40P01": _DISTURBED,
    "25006": (
        LedgerReadOnly,
        f"{_READ_ONLY}; it is a standby, or its transactions are read-only by default: {AT} the primary",
    ),
    "42501": (
        LedgerReadOnly,
        (
            f"{_READ_ONLY}; previews need a role that may SELECT, `up` one that owns the database "
            "(`ALTER DATABASE … OWNER TO …`) or may write its tables"
        ),
    ),
    "28": _NOT_LET_IN,
    "3D000": (Unusable, "is not there ({error}); make it with `createdb`, or " + AT + " the right database"),
    "3F000": (Unusable, "has no schema for its tables ({error}); see `search_path` of the role and the URL"),
    "42P01": (
        NotALedger,
        "is damaged ({error}); restore it from a backup, or use an empty database and run `eas ledger rebuild`",
    ),
    "XX": (
        NotALedger,
        "is damaged ({error}); restore it from a backup, or use an empty database and run `eas ledger rebuild`",
    ),
    "53100": (Unusable, "cannot grow ({error}); make room on the server's disk, then run this again"),
    "53300": (
        LedgerUnreachable,
        "has no connection free ({error}); raise `max_connections` there, or run this again when fewer are at work",
    ),
    "25P03": (
        LedgerUnreachable,
        (
            "heard nothing from this process within a transaction for too long and undid it ({error}); "
            "run this again: it goes on from what is recorded"
        ),
    ),
    "08": _UNREACHABLE,
    "57": _UNREACHABLE,
}
_WORDS = (
    (r"password authentication failed|no password supplied|no pg_hba\.conf entry", "28"),
    (r'role ".*" (does not exist|is not permitted)', "28"),
    (r'database ".*" does not exist', "3D000"),
    (r"too many clients|remaining connection slots|too many connections", "53300"),
)
"""What a refused connection says, and the code that it would have."""
