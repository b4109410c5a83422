"""Transactions over the ledger's database: short, durable, all or nothing, from any number of threads and processes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from typing import TypeVar

import sqlalchemy as sa
import tenacity

from components.ledger.database.backend import WRITE, Backend, Receipt
from components.ledger.errors import LedgerDisturbed, LedgerError, LedgerLocked, LedgerUnreachable

T = TypeVar("T")

CUT_OFF = (LedgerUnreachable, LedgerDisturbed)
"""After these nothing of a transaction is left, unless its COMMIT was under way."""
TRIES = 8
"""How often a transaction is begun that is cut off each time; the waits between them grow, by chance, to a second."""
PATIENCE = timedelta(seconds=30)
"""How long a writer waits for other processes. Every transaction of ours is far shorter."""


class Database:
    """One database. ``read()`` and ``write()`` give a connection inside a transaction.

    ``frozen``: the engine is a picture in memory, and this makes the error that every write raises instead.
    """

    def __init__(
        self,
        engine: sa.Engine,
        *,
        backend: Backend,
        patience: timedelta = PATIENCE,
        frozen: Callable[[], LedgerError] | None = None,
    ) -> None:
        """Take over the engine; :meth:`close` disposes of it."""
        self.engine = engine
        self.backend = backend
        self.patience = patience
        self.frozen = frozen
        # Threads of one process queue here, first come first served, instead of polling the file's lock.
        self._writers = threading.Lock()
        # A database in memory is one connection: whoever uses it has it alone.
        self._readers: AbstractContextManager[object] = self._writers if frozen else nullcontext()
        self._reached = False

    @property
    def exists(self) -> bool:
        """Whether it stands on disk or on a server; one that was not there may have been made since."""
        return self.frozen is None or self.backend.is_there()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def time(self, connection: sa.Connection) -> datetime | None:
        """Return the server's time; None where there is no server, or it is only a picture in memory."""
        return None if self.frozen is not None else self.backend.time(connection)

    def reading(self, work: Callable[[sa.Connection], T]) -> T:
        """Return what ``work`` reads of one moment; where it is cut off, of a later one. Raises :class:`LedgerError`."""

        def once() -> T:
            with self.read() as connection:
                return work(connection)

        return self._again(once)

    def writing(self, work: Callable[[sa.Connection], tuple[T, Receipt | None]]) -> T:
        """Return what ``work`` does in one transaction of its own; where that is cut off, it is done again from the start.

        Of one whose COMMIT was not answered, the next attempt, once it has the ledger for itself, first asks the receipt
        that ``work`` returned beside its result; without one it is what may be done twice. Raises :class:`LedgerError`.
        """
        unanswered: list[tuple[T, Receipt | None]] = []

        def once() -> T:
            with self.write() as connection:
                for result, receipt in unanswered:
                    if receipt is not None and receipt(connection):
                        return result
                done = work(connection)
                unanswered[:] = [done]
            return done[0]

        return self._again(once)

    def _again(self, once: Callable[[], T]) -> T:
        """Return what ``once`` returns, a few times over where what it did was undone by a fault that passes."""
        began = time.monotonic()
        try:
            return once()
        except CUT_OFF:
            if not self._reached:
                raise
        retry = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(CUT_OFF),
            wait=tenacity.wait_random_exponential(multiplier=0.02, max=1),
            stop=tenacity.stop_after_attempt(TRIES - 1)
            | tenacity.stop_after_delay(self.patience.total_seconds() - (time.monotonic() - began)),
            reraise=True,
        )
        return retry(once)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Give a connection whose reads all see one moment. Raises :class:`LedgerError`."""
        with self._readers, self._explained(), self._begun(write=False) as connection:
            yield connection
            # Nothing was written; psycopg forgets the statements that it has prepared with every rollback.
            connection.commit()

    @contextmanager
    def write(self, *, hurrying: bool = True) -> Iterator[sa.Connection]:
        """Give a connection that holds the write lock; commits on the way out, or undoes everything on an exception.

        ``hurrying``: statements that return no rows need not be waited for, nor their number of rows told.
        Raises :class:`LedgerLocked` after ``patience``, and other :class:`LedgerError`.
        """
        if self.frozen is not None:
            raise self.frozen()
        hurry = self.backend.hurrying if hurrying else nullcontext
        with self._writers, self._explained(), self._begun(write=True) as connection, hurry(connection):
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
        connection = self.engine.connect().execution_options(**{WRITE: write})
        try:
            connection.begin()
        except BaseException:
            connection.close()
            raise
        return connection

    def patiently(self, attempt: Callable[[], T]) -> T:
        """Return what ``attempt`` returns, trying again while another process has the lock, up to ``patience``.

        So also while the server is away, once it has been reached: it may be restarting.
        """

        def explained() -> T:
            with self._explained():
                result = attempt()
            self._reached = True
            return result

        began = time.monotonic()
        # Nearly always the lock is free, and making a retry costs as much as a small transaction.
        try:
            return explained()
        except (LedgerLocked, LedgerUnreachable) as error:
            left = self.patience.total_seconds() - (time.monotonic() - began)
            # A database whose server waits by itself has used the patience up already.
            if left <= 0 or (isinstance(error, LedgerUnreachable) and not self._reached):
                raise
        retry = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type((LedgerLocked, LedgerUnreachable)),
            wait=tenacity.wait_random(0.005, 0.05),
            stop=tenacity.stop_after_delay(left),
            reraise=True,
        )
        return retry(explained)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except self.backend.errors as error:
            raise self.backend.explain(error) from error
