"""Few messages to a PostgreSQL server: what is written goes off without waiting, and many questions are one message.

A round trip costs two processes their turn on a processor, several times what a small statement takes; and all others wait
while a writer holds the ledger. Used by :mod:`.postgres` only.
"""

from __future__ import annotations

import logging
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import event

from components.ledger.database.asking import ASK, Answer, Question

MANY = 20
"""From so many rows on a COPY is worth messages of its own."""

# What goes wrong is raised; psycopg also logs what it finds out while it tidies up after that.
logging.getLogger("psycopg").setLevel(logging.ERROR)


class Connection(psycopg.Connection[tuple[Any, ...]]):
    """One to the server. ``hurry`` while statements go off unanswered: the pipeline, and what ends it.

    ``farewell``: why the server ended it, if it said so while nothing was asked of it. ``begun``: what the statements that
    began the transaction answered last.
    """

    hurry: tuple[psycopg.Pipeline, ExitStack] | None = None
    farewell: psycopg.Error | None = None
    begun: Any = None

    def hear(self, notice: psycopg.errors.Diagnostic) -> None:
        """Remember a farewell, which comes as a notice."""
        if notice.severity_nonlocalized == "FATAL" and notice.sqlstate:
            self.farewell = psycopg.errors.lookup(notice.sqlstate)(notice.message_primary or notice.sqlstate)


def install(engine: sa.Engine) -> sa.Engine:
    """Return the engine, its transactions able to do without most answers."""
    event.listen(engine, "do_execute", _executed)
    event.listen(engine, "do_executemany", _copied)
    return engine.execution_options(**{ASK: _Asking(engine.dialect)})


def begin(connection: sa.Connection, statements: str) -> None:
    """Send the statements that begin a transaction as one message, and keep the last row that they answer."""
    driver = _driver(connection)
    driver.begun = None
    with _discarding(connection, driver):
        cursor = driver.execute(statements.encode())
        while cursor.nextset():
            pass
    if cursor.description is not None:
        driver.begun = cursor.fetchall()[-1]


def begun(connection: sa.Connection) -> Any:
    """Return that row; None where they answered none."""
    return _driver(connection).begun


@contextmanager
def unanswered(connection: sa.Connection) -> Iterator[None]:
    """Let statements that return no rows go off without waiting, up to the next that does, or the COMMIT.

    What the server says against one of them is raised then.
    """
    driver = _driver(connection)
    with ExitStack() as leaving:
        leaving.callback(setattr, driver, "hurry", None)
        driver.hurry = leaving.enter_context(driver.pipeline()), leaving
        try:
            yield
        except (psycopg.Error, sa.exc.DBAPIError) as error:
            if driver.closed and driver.farewell is not None:
                raise driver.farewell from error
            raise


@contextmanager
def _discarding(connection: sa.Connection, driver: Connection) -> Iterator[None]:
    """Let a connection that is found cut not be used again."""
    try:
        yield
    except psycopg.Error:
        if driver.closed:
            connection.invalidate()
        raise


class _Asking:
    """Puts questions past SQLAlchemy, which can wait for one at a time only."""

    def __init__(self, dialect: sa.Dialect) -> None:
        self._dialect = dialect
        self._known: dict[sa.Select[Any], _Compiled] = {}

    def __call__(self, connection: sa.Connection, questions: Sequence[Question]) -> list[Answer]:
        driver = _driver(connection)
        compiled = [self._compiled(query) for query, _ in questions]
        texts = [each.text(asked[1]) for each, asked in zip(compiled, questions, strict=True)]
        with _discarding(connection, driver):
            # Leaving a pipeline waits for all its answers; within one that goes on, the first that is read does.
            with driver.pipeline() if driver.hurry is None else nullcontext():
                cursors = [driver.execute(*text) for text in texts]
            pairs = zip(compiled, cursors, strict=True)
            return [each.rows(cursor.fetchall(), cursor) for each, cursor in pairs]

    def _compiled(self, query: sa.Select[Any]) -> _Compiled:
        if query not in self._known:
            self._known[query] = _Compiled(query, self._dialect)
        return self._known[query]


class _Compiled:
    def __init__(self, query: sa.Select[Any], dialect: sa.Dialect) -> None:
        self._dialect = dialect
        self._sql: Any = query.compile(dialect=dialect)
        self._columns = list(query.selected_columns)
        self._row: Any = _row_type(self._columns)
        self._readers: list[Callable[[Any], Any]] | None = None

    def text(self, parameters: Mapping[str, Any]) -> tuple[bytes, Mapping[str, Any]]:
        """Return the statement and what is sent with it."""
        state = self._sql.construct_expanded_state(dict(parameters))
        return state.statement.encode(), state.parameters

    def rows(self, answer: Sequence[tuple[Any, ...]], cursor: psycopg.Cursor[Any]) -> Answer:
        """Return the rows with Python's values."""
        if self._readers is None:
            self._readers = [self._reader(*pair) for pair in zip(self._columns, _types(cursor), strict=True)]
        make = self._row._make
        if all(reader is _as_it_is for reader in self._readers):
            return [make(values) for values in answer]
        return [
            make([read(value) for read, value in zip(self._readers, values, strict=True)])
            for values in answer
        ]

    def _reader(self, column: sa.ColumnElement[Any], type_code: int) -> Callable[[Any], Any]:
        implementation = column.type.dialect_impl(self._dialect)
        return implementation.result_processor(self._dialect, type_code) or _as_it_is


def _row_type(columns: Sequence[sa.ColumnElement[Any]]) -> Any:
    return namedtuple("Row", [str(column.key) for column in columns])


def _types(cursor: psycopg.Cursor[Any]) -> list[int]:
    return [column.type_code for column in cursor.description or ()]


def _as_it_is(value: Any) -> Any:
    return value


def _executed(cursor: Any, statement: str, parameters: Any, context: Any) -> bool | None:
    """Wait for the answer to what has one."""
    hurry = cursor.connection.hurry
    if hurry is None:
        return None
    cursor.execute(statement, parameters)
    writes = context.isinsert or context.isupdate or context.isdelete
    if not writes or context.compiled.effective_returning:
        hurry[0].sync()
    return True


def _copied(cursor: Any, _statement: str, rows: Sequence[Mapping[str, Any]], context: Any) -> bool | None:
    """Send the rows of a large INSERT as one COPY: the same rows for a fraction of the work, here and on the server."""
    if len(rows) < MANY or not context.isinsert:
        return None
    table, names = context.compiled.statement.table, list(rows[0])
    if not set(names) <= set(table.columns.keys()):
        return None
    if hurry := cursor.connection.hurry:
        # A COPY cannot go off unanswered. The rest of a large transaction gains nothing by it either.
        hurry[1].close()
    quoted = context.dialect.identifier_preparer.quote
    columns = ", ".join(quoted(name) for name in names)
    with cursor.copy(f"COPY {quoted(table.name)} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([row[name] for name in names])
    return True


def _driver(connection: sa.Connection) -> Connection:
    driver = connection.connection.dbapi_connection
    assert isinstance(driver, Connection)
    return driver
