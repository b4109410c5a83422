"""All that is particular to SQLite: opening, transactions, what its errors mean. Nothing else here knows of it.

Another database is a second module with the same functions.
"""

from __future__ import annotations

import os
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import QueuePool, StaticPool

from components.ledger.errors import (
    LedgerError,
    LedgerLocked,
    LedgerMissing,
    LedgerReadOnly,
    NotALedger,
    Unusable,
)

APPLICATION_ID = 0x45415347
"""``EASG`` in the file's header: tells a ledger from any other SQLite database."""
MAGIC = b"SQLite format 3\0"
WRITE = "ledger_write"
"""Execution option of a connection whose next transaction writes."""
NAP = timedelta(milliseconds=200)
"""How long SQLite itself waits for a lock before the caller's own limited retry takes over."""


def is_there(path: Path) -> bool:
    """Return whether the file exists and holds anything; a file of no bytes reads as none.

    Raises :class:`NotALedger` when its first bytes are not those of an SQLite database, :class:`LedgerReadOnly` when it
    cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(len(MAGIC))
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise LedgerReadOnly(
            f"ledger {path} cannot be read ({error.strerror}); give this user access to it"
        ) from error
    if head and head != MAGIC:
        raise NotALedger(
            f"{path} is not a ledger: it begins with {head!r}, not as an SQLite database does; "
            "point --ledger, EAS_LEDGER or eas:ledger at the right file, or move this one away"
        )
    return bool(head)


def engine_of(path: Path, *, create: bool) -> sa.Engine:
    """Return an engine over the file. Nothing is opened yet.

    ``create``: make the file (mode 600) where it is missing.
    """
    uri = f"file:{quote(str(path))}?mode={'rwc' if create else 'rw'}"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            uri, uri=True, isolation_level=None, timeout=NAP.total_seconds(), check_same_thread=False
        )

    engine = sa.create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=4, max_overflow=60)
    event.listen(engine, "connect", _set_up)
    _explicit_transactions(engine)
    return engine


def engine_in_memory(copy_of: Path | None = None) -> sa.Engine:
    """Return an engine over a private database in memory: an empty one, or a copy of a file's committed content."""
    memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    if copy_of is not None:
        source = sqlite3.connect(f"file:{quote(str(copy_of))}?mode=ro", uri=True, timeout=NAP.total_seconds())
        try:
            source.backup(memory)
        finally:
            source.close()
    engine = sa.create_engine("sqlite://", creator=lambda: memory, poolclass=StaticPool)
    _explicit_transactions(engine)
    return engine


def make_private(path: Path) -> None:
    """Create the file with mode 600 unless it is there: specs are encrypted, names and endpoints are not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def prepare(engine: sa.Engine) -> None:
    """Switch the file to write-ahead logging: readers then never wait for a writer, nor a writer for them."""
    with engine.connect() as connection:
        raw = _raw(connection)
        if raw.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            raw.execute("PRAGMA journal_mode = WAL")


def mark(connection: sa.Connection) -> None:
    """Write who made the file, inside the transaction that makes the tables."""
    _raw(connection).execute(f"PRAGMA application_id = {APPLICATION_ID}")


def is_ours(connection: sa.Connection) -> bool:
    """Return whether the database is a ledger. One without any table is: nobody has used it yet."""
    raw = _raw(connection)
    if raw.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID:
        return True
    return bool(raw.execute("SELECT count(*) = 0 FROM sqlite_master").fetchone()[0])


def explain(error: sa.exc.DBAPIError | sqlite3.Error, path: Path | None) -> LedgerError:
    """Return what an exception of the driver means, as a sentence that names the file and what to do."""
    origin = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    code = getattr(origin, "sqlite_errorcode", None)
    kind, saying = _MEANINGS.get(
        code & 0xFF if code is not None else None, (Unusable, "cannot be used: {error}")
    )
    return kind(
        f"ledger {path or 'in memory'} " + saying.format(error=origin, path=path, folder=path and path.parent)
    )


_MEANINGS: dict[int | None, tuple[type[LedgerError], str]] = {
    sqlite3.SQLITE_BUSY: (
        LedgerLocked,
        (
            "is locked by another process ({error}); wait for the other `pulumi` or `eas` command to end, "
            "or find what holds it with `fuser {path}`"
        ),
    ),
    sqlite3.SQLITE_LOCKED: (LedgerLocked, "is locked by this process ({error}); try again"),
    sqlite3.SQLITE_READONLY: (
        LedgerReadOnly,
        "may not be written ({error}); give this user write access to the file and to {folder}",
    ),
    sqlite3.SQLITE_PERM: (LedgerReadOnly, "may not be opened ({error}); give this user access to it"),
    sqlite3.SQLITE_CANTOPEN: (
        LedgerReadOnly,
        "cannot be opened ({error}); this user needs to read the file and to write into {folder}",
    ),
    sqlite3.SQLITE_NOTADB: (
        NotALedger,
        "is not an SQLite database ({error}); point --ledger, EAS_LEDGER or eas:ledger at the right file",
    ),
    sqlite3.SQLITE_CORRUPT: (
        NotALedger,
        "is damaged ({error}); restore it from a copy, or move it away and run `eas ledger rebuild`",
    ),
    sqlite3.SQLITE_FULL: (
        Unusable,
        "cannot grow ({error}); make room on the disk of {folder}, then run this again",
    ),
    sqlite3.SQLITE_IOERR: (Unusable, "could not be read or written ({error}); check the disk of {folder}"),
}


def missing(path: Path) -> LedgerMissing:
    """Return the error for a write to a ledger that is not there."""
    return LedgerMissing(
        f"ledger {path} does not exist, so nothing can be recorded in it; `pulumi up` creates it, "
        "or point --ledger, EAS_LEDGER or eas:ledger at the right file"
    )


def _raw(connection: sa.Connection) -> Any:
    return connection.connection.dbapi_connection


def _set_up(connection: Any, _record: Any) -> None:
    # FULL: what was recorded survives a power cut; WAL without it may lose the last transactions, and with them an
    # instance that has been started.
    for pragma in ("synchronous = FULL", "fullfsync = 1", "trusted_schema = 0", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _explicit_transactions(engine: sa.Engine) -> None:
    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # A writer takes the lock at once: what it reads then stays true until it commits, so that re-judging a plan and
        # writing it are one thing.
        immediate = connection.get_execution_options().get(WRITE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
        if not immediate:
            # BEGIN alone promises nothing yet. The first read fixes the moment that all reads see, and if it has to
            # wait for a lock, it does so here, where waiting is tried again.
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
