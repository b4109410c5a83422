"""A migration that is killed half-way: the next start does it from the beginning, on either database; nothing is lost."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from components.ledger.database.backend import WRITE
from components.ledger.database.location import parse
from components.ledger.database.migrate import VERSIONS, upgrade, version_of
from components.ledger.opening import backend_of
from tests.ledger.sites import KEY, Site

CHANGES = re.compile(r"\s*(CREATE|ALTER|DROP|INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
EVERY = 3
"""One in so many statements is tried by each test process, the last always."""


def made_at(site: Site, version: str) -> None:
    """Make the ledger as an earlier version left it, with a pool in it; a new one where there is no version."""
    backend = backend_of(parse(site.url, site.home))
    backend.make_place()
    engine = backend.engine(create=True, patience=timedelta(seconds=5))
    with engine.connect().execution_options(**{WRITE: True}) as connection:
        upgrade(connection, version)
        backend.mark(connection)
        connection.exec_driver_sql(
            "INSERT INTO pool VALUES ('p', 'o', 'h', 'eas-r-1', 'local', '{}', '[]', true, '2026-03-01 00:00:00')"
        )
        connection.commit()
    engine.dispose()


def emptied(site: Site) -> None:
    """Take away what is there."""
    if isinstance(site.where, str):
        import psycopg

        with psycopg.connect(site.where) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
            connection.execute("GRANT USAGE ON SCHEMA public TO public")  # As it is in every new database.
        return
    for file in site.home.glob("ledger.db*"):
        file.unlink()


def opened_until(site: Site, number: int) -> int:
    """Open the ledger for writing in another process that kills itself after this many changes; return its exit status.

    Without ever coming to it, the process says how many changes there were.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        done = 0

        def count(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
            nonlocal done
            if CHANGES.match(statement):
                done += 1
                if done == number:
                    os.kill(os.getpid(), signal.SIGKILL)

        try:
            sa.event.listen(sa.engine.Engine, "after_cursor_execute", count)
            site.open(key=KEY).close()
            os.write(writing, str(done).encode())
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as said:
        text = said.read()
    os.waitpid(child, 0)
    return int(text) if text else -1


@pytest.fixture
def place(site: Site) -> Iterator[Site]:
    """A place that is empty to begin with, and holds a ledger of today in the end."""
    emptied(site)
    yield site
    emptied(site)
    site.open(key=KEY).close()


@pytest.mark.parametrize("version", ["", VERSIONS[0]], ids=["new", "oldest"])
def test_the_next_start_after_a_kill_at_any_statement_completes_it(place: Site, version: str) -> None:
    """All versions between are one transaction, so a kill in any of them is a kill in this."""

    def made() -> None:
        emptied(place)
        if version:
            made_at(place, version)

    made()
    old = shape(place)
    changes = opened_until(place, 0)
    assert changes > len(VERSIONS)
    whole = shape(place)
    for number in sorted({*range(1, changes, EVERY), changes}):
        made()
        assert opened_until(place, number) == -1, "it was killed"
        assert shape(place) in (old, whole), "all of it, or nothing"
        with place.open(key=KEY) as ledger:
            assert [pool.name for pool in ledger.pools()] == (["p"] if version else [])
        assert shape(place) == whole


def shape(site: Site) -> object:
    """Return the version and what every table is like; None where there is none."""
    backend = backend_of(parse(site.url, site.home))
    if not backend.is_there():
        return None
    engine = backend.engine(create=False, patience=timedelta(seconds=5))
    with engine.connect() as connection:
        inspector = sa.inspect(connection)
        tables = {
            name: (
                [
                    (column["name"], str(column["type"]), column["nullable"])
                    for column in inspector.get_columns(name)
                ],
                sorted(str(index["name"]) for index in inspector.get_indexes(name)),
            )
            for name in sorted(inspector.get_table_names())
        }
        found = version_of(connection)
    engine.dispose()
    return (found, tables) if tables else None
