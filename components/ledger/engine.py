"""Transactions over the ledger's database: short, durable, all or nothing, from any number of threads and processes."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
import tenacity

from components.ledger import sqlite
from components.ledger.errors import LedgerError, LedgerLocked

T = TypeVar("T")

PATIENCE = timedelta(seconds=30)
"""How long a writer waits for other processes. Every transaction of ours is far shorter."""


class Database:
    """One database. ``read()`` and ``write()`` give a connection inside a transaction.

    ``frozen`` makes the error that every write raises instead; ``path`` is named in sentences.
    """

    def __init__(
        self,
        engine: sa.Engine,
        *,
        path: Path,
        patience: timedelta = PATIENCE,
        frozen: Callable[[], LedgerError] | None = None,
    ) -> None:
        """Take over the engine; :meth:`close` disposes of it."""
        self.engine = engine
        self.path = path
        self.patience = patience
        self.frozen = frozen
        # Threads of one process queue here, first come first served, instead of polling the file's lock.
        self._writers = threading.Lock()
        # A database in memory is one connection: whoever uses it has it alone.
        self._readers: AbstractContextManager[object] = self._writers if frozen else nullcontext()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Give a connection whose reads all see one moment. Raises :class:`LedgerError`."""
        with self._readers, self._explained(), self._begun(write=False) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Give a connection that holds the write lock; commits on the way out, or undoes everything on an exception.

        Raises :class:`LedgerLocked` after ``patience``, and other :class:`LedgerError`.
        """
        if self.frozen is not None:
            raise self.frozen()
        with self._writers, self._explained(), self._begun(write=True) as connection:
            yield connection
            connection.commit()

    @contextmanager
    def _begun(self, *, write: bool) -> Iterator[sa.Connection]:
        connection = self.patiently(lambda: self._begin(write=write))
        try:
            yield connection
        finally:
            # Rolls back whatever was not committed.
            connection.close()

    def _begin(self, *, write: bool) -> sa.Connection:
        connection = self.engine.connect().execution_options(**{sqlite.WRITE: write})
        try:
            connection.begin()
        except BaseException:
            connection.close()
            raise
        return connection

    def patiently(self, attempt: Callable[[], T]) -> T:
        """Return what ``attempt`` returns, trying again while another process has the lock, up to ``patience``."""

        def explained() -> T:
            with self._explained():
                return attempt()

        # Nearly always the lock is free, and making a retry costs as much as a small transaction.
        try:
            return explained()
        except LedgerLocked:
            pass
        retry = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(LedgerLocked),
            wait=tenacity.wait_random(0.005, 0.05),
            stop=tenacity.stop_after_delay(self.patience.total_seconds()),
            reraise=True,
        )
        return retry(explained)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sa.exc.DBAPIError, sqlite3.Error) as error:
            raise sqlite.explain(error, self.path) from error
