"""All that is particular to SQLite: opening, transactions, what its errors mean. Nothing else here knows of it."""

from __future__ import annotations

import errno
import os
import random
import sqlite3
import stat
import time
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import QueuePool, StaticPool

from components.ledger.database import kept, keys
from components.ledger.database.backend import AT, WRITE, Receipt
from components.ledger.errors import (
    LedgerError,
    LedgerExposed,
    LedgerLocked,
    LedgerMissing,
    LedgerReadOnly,
    NotALedger,
    Unusable,
)

APPLICATION_ID = 0x45415347
"""``EASG`` in the file's header: tells a ledger from any other SQLite database."""
MAGIC = b"SQLite format 3\0"
_HEADER = 100
_ID = slice(68 - len(MAGIC), 72 - len(MAGIC))
"""Bytes of the header (https://www.sqlite.org/fileformat.html), and where in what follows the first ones the id stands."""
NAP = timedelta(milliseconds=200)
"""How long one attempt waits for a lock before the caller's own limited retry takes over."""
GLANCES = (0.0005, 0.002)
"""Seconds between two looks whether the ledger is free, by chance. SQLite itself soon looks every 50 ms only, many times
longer than a small transaction takes."""
_GLANCES = 5
"""How often a file is read that changes meanwhile."""


class SqliteFile:
    """A ledger in one file; see :class:`components.ledger.database.backend.Backend`."""

    errors: tuple[type[Exception], ...] = (sa.exc.DBAPIError, sqlite3.Error)
    on_server = False

    def __init__(self, path: Path) -> None:
        """``path`` is absolute. Opens nothing."""
        self.path = path

    @property
    def name(self) -> str:
        """The file."""
        return str(self.path)

    @property
    def key_file(self) -> Path:
        """Beside the file."""
        return self.path.parent / keys.FILE

    def is_there(self) -> bool:
        """Return whether the file exists and holds anything; a file of no bytes reads as none.

        Raises :class:`NotALedger` when its first bytes are not those of an SQLite database, :class:`LedgerReadOnly` when
        it cannot be read, :class:`LedgerExposed` when every user of the machine can.
        """
        try:
            header = os.pread(kept.descriptor(self.path), _HEADER, 0)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise LedgerReadOnly(
                f"ledger {self.path} cannot be read ({error.strerror}); give this user access to it"
            ) from error
        head, rest = header[: len(MAGIC)], header[len(MAGIC) :]
        if head and head != MAGIC:
            raise NotALedger(
                f"{self.path} is not a ledger: it begins with {head!r}, not as an SQLite database does; "
                f"{AT} the right file, or move this one away"
            )
        # Before SQLite makes files of the same modes beside it; :meth:`recognise` sees what is not in the file itself yet.
        if rest[_ID] == APPLICATION_ID.to_bytes(4, "big"):
            self._refuse_exposed()
        return bool(head)

    def _refuse_exposed(self) -> None:
        """Raise :class:`LedgerExposed` where others than user and group may open the file or what SQLite keeps beside it.

        A group is a choice: it is how users of one machine share a ledger. Everybody is nearly always an accident.
        """
        files = [self.path, *(self._beside(ending) for ending in ("-wal", "-shm"))]
        open_to_all = [file for file in files if _mode(file) & stat.S_IRWXO]
        if open_to_all:
            names = " ".join(str(file) for file in open_to_all)
            raise LedgerExposed(
                f"ledger {self.path} is open to every user of this machine (mode {_mode(open_to_all[0]):o} of "
                f"{open_to_all[0].name}), and it has the names, places and endpoints of all services; run `chmod o= {names}`"
            )

    def _beside(self, ending: str) -> Path:
        return self.path.with_name(self.path.name + ending)

    def make_place(self) -> None:
        """Create the file with mode 600 unless it is there: specs are encrypted, names and endpoints are not."""
        self.is_there()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            kept.create(self.path, 0o600)
            file = kept.descriptor(self.path)
            if not os.access(self.path, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self.path))
            if not (found := os.fstat(file)).st_size:
                # Somebody made the file empty before us, with the modes of any file.
                os.fchmod(file, stat.S_IMODE(found.st_mode) & ~stat.S_IRWXO)
        except OSError as error:
            raise LedgerReadOnly(
                f"ledger {self.path} cannot be created or written ({error.strerror}); give this user write access to "
                f"{self.path.parent}, or name another place with --ledger, EAS_LEDGER or eas:ledger"
            ) from error

    def engine(self, *, create: bool, patience: timedelta) -> sa.Engine:
        """Return an engine over the file. Nothing is opened yet; the caller's own retry has the patience."""
        uri = f"file:{quote(str(self.path))}?mode={'rwc' if create else 'rw'}"
        wait = min(NAP, patience).total_seconds()

        def connect() -> sqlite3.Connection:
            return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=wait, check_same_thread=False)

        engine = sa.create_engine(
            "sqlite://", creator=connect, poolclass=QueuePool, pool_size=4, max_overflow=60
        )
        event.listen(engine, "connect", _set_up)
        _explicit_transactions(engine)
        return engine

    def hurrying(self, connection: sa.Connection) -> AbstractContextManager[None]:
        """There is nobody to wait for."""
        return nullcontext()

    def prepare(self, engine: sa.Engine) -> None:
        """Switch the file to write-ahead logging: readers then never wait for a writer, nor a writer for them."""
        with engine.connect() as connection:
            raw = _raw(connection)
            if raw.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                raw.execute("PRAGMA journal_mode = WAL")

    def mark(self, connection: sa.Connection) -> None:
        """Write who made the file into its header."""
        _raw(connection).execute(f"PRAGMA application_id = {APPLICATION_ID}")

    def recognise(self, connection: sa.Connection) -> None:
        """Raise :class:`NotALedger` unless the file is ours, or has no table: then nobody has used it yet.

        Raises :class:`LedgerExposed` where it is ours, and every user of the machine may open it.
        """
        raw = _raw(connection)
        if raw.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID:
            self._refuse_exposed()
            return
        if not raw.execute("SELECT count(*) = 0 FROM sqlite_master").fetchone()[0]:
            raise NotALedger(
                f"{self.path} is an SQLite database of another program, not a ledger; {AT} the right file"
            )

    def receipt(self, connection: sa.Connection, event: tuple[str, datetime] | None) -> Receipt | None:
        """None: whoever writes into a file is told what came of it."""
        return None

    def time(self, connection: sa.Connection) -> datetime | None:
        """None: a file is used on one machine, which has one clock."""
        return None

    def unwritable(self) -> bool:
        """Return whether this user may only read the file, and SQLite cannot: it needs a file of its own beside it."""
        able = all(os.access(place, os.W_OK) for place in (self.path, self.path.parent))
        return not able and not all(os.access(self._beside(ending), os.R_OK) for ending in ("-wal", "-shm"))

    def not_written(self) -> LedgerReadOnly:
        """Return the error for a write to a file that this user may only read."""
        return LedgerReadOnly(
            f"ledger {self.path} may not be written by this user, who can preview and not apply; give this user write "
            f"access to the file and to {self.path.parent}"
        )

    def _picture(self, memory: sqlite3.Connection) -> None:
        """Read the file as it lies there: nobody has it open, or there would be a log beside it."""
        for _ in range(_GLANCES):
            before = self.path.stat()
            content = bytearray(self.path.read_bytes())
            log = self._beside("-wal")
            after = self.path.stat()
            if not (log.exists() and log.stat().st_size) and (before.st_mtime_ns, before.st_size) == (
                after.st_mtime_ns,
                after.st_size,
            ):
                # A database in memory keeps no log; the header says which kind it is (bytes 18 and 19).
                content[18:20] = b"\1\1"
                memory.deserialize(bytes(content))
                return
        raise LedgerLocked(
            f"ledger {self.path} is being written just now, and this user may only read it; try again in a moment"
        )

    def copy(self, version: str | None) -> sa.Engine:
        """Return an engine over a copy in memory of what is committed in the file."""
        memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        if self.unwritable():
            self._picture(memory)
            return _engine_over(memory)
        source = sqlite3.connect(
            f"file:{quote(str(self.path))}?mode=ro", uri=True, timeout=NAP.total_seconds()
        )
        try:
            source.backup(memory)
        finally:
            source.close()
        return _engine_over(memory)

    def missing(self) -> LedgerMissing:
        """Return the error for a write to a ledger that is not there."""
        return LedgerMissing(
            f"ledger {self.path} does not exist, so nothing can be recorded in it; `pulumi up` creates it, "
            f"or {AT} the right file"
        )

    def explain(self, error: Exception) -> LedgerError:
        """Return what an exception of the driver means, as a sentence that names the file and what to do."""
        origin = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        code = getattr(origin, "sqlite_errorcode", None)
        kind, saying = _MEANINGS.get(
            code & 0xFF if code is not None else None, (Unusable, "cannot be used: {error}")
        )
        return kind(
            f"ledger {self.path} " + saying.format(error=origin, path=self.path, folder=self.path.parent)
        )


def engine_in_memory() -> sa.Engine:
    """Return an engine over a private and empty database in memory."""
    return _engine_over(sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False))


def _engine_over(memory: sqlite3.Connection) -> sa.Engine:
    engine = sa.create_engine("sqlite://", creator=lambda: memory, poolclass=StaticPool)
    _explicit_transactions(engine)
    return engine


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


def _mode(file: Path) -> int:
    """Return the permissions of a file, 0 where there is none."""
    try:
        return stat.S_IMODE(file.stat().st_mode)
    except FileNotFoundError:
        return 0


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
        if connection.get_execution_options().get(WRITE, False):
            _begin_immediate(_raw(connection))
            return
        connection.exec_driver_sql("BEGIN")
        # BEGIN alone promises nothing yet. The first read fixes the moment that all reads see, and if it has to
        # wait for a lock, it does so here, where waiting is tried again.
        connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")


def _begin_immediate(raw: sqlite3.Connection) -> None:
    (patience,) = raw.execute("PRAGMA busy_timeout").fetchone()
    until = time.monotonic() + patience / 1000
    raw.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                raw.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() >= until:
                    raise
            time.sleep(random.uniform(*GLANCES))
    finally:
        raw.execute(f"PRAGMA busy_timeout = {patience}")
