"""Where a test's ledger may be: a file, or a database of a real PostgreSQL server that one test process starts once."""

from __future__ import annotations

import itertools
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from components.ledger import Ledger, open_ledger
from tests.ledger.audit import Where, audit
from tools.postgres import Server

KEY = bytes(range(32))
PASSWORD = "pw-7Kq-of-tests"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Site:
    """A place for one ledger. ``where`` reads it past the ledger's code."""

    url: str
    home: Path
    where: Where

    def open(self, **more: Any) -> Ledger:
        """Open it for writing, unless told otherwise; the time that tests hand in counts on a server as well."""
        said: dict[str, Any] = {"home": self.home, "create": True, "key": KEY, "clock": _ours} | more
        return open_ledger(self.url, **said)

    def audit(self) -> list[str]:
        """Return what does not hold there."""
        return audit(self.where)


def _ours(now: datetime, servers: datetime | None) -> datetime:
    return now


def file_site(folder: Path) -> Site:
    """Return a place in a folder."""
    return Site(str(folder / "ledger.db"), folder, folder / "ledger.db")


@dataclass(frozen=True)
class Postgres:
    """The server of a test process. A database with tables takes half a second to make, so one is used again and again."""

    server: Server

    def site(self, home: Path, database: str = "used") -> Site:
        """Return the place in this database."""
        url = self.server.url(database)
        return Site(url, home, url)

    def emptied(self, home: Path) -> Site:
        """Return a ledger that has never held anything: tables and key are there."""
        self.server.sql(
            "DO $$ DECLARE name text; BEGIN "
            "FOR name IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' "
            "AND tablename NOT IN ('about', 'alembic_version') LOOP EXECUTE 'DELETE FROM ' || name; END LOOP; "
            "FOR name IN SELECT quote_ident(sequencename) FROM pg_sequences WHERE schemaname = 'public' "
            "LOOP EXECUTE 'ALTER SEQUENCE ' || name || ' RESTART'; END LOOP; "
            "IF to_regclass('about') IS NOT NULL THEN DELETE FROM about WHERE about.name LIKE 'machine/%'; END IF; END $$",
            database="used",
        )
        return self.site(home)

    def fresh(self, home: Path) -> Site:
        """Return a new database without any table."""
        name = f"fresh{next(_numbers)}"
        self.server.sql(f"CREATE DATABASE {name}")
        return self.site(home, name)


def _port() -> int:
    """Return a free port that no other process of this suite takes meanwhile: below those that the kernel hands out."""
    for port in range(15000 + os.getpid() % 5000, 20000):
        with socket.socket() as free:
            try:
                free.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no port from 15000 to 19999 is free")


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """Start a server, with a ledger in database ``used``; raises :class:`tools.postgres.NoServer`."""
    # A path of a socket has 107 characters at most, and root's temporary folders are closed to others.
    folder = Path(tempfile.mkdtemp(prefix="eas-pg-", dir="/tmp")).resolve()
    port = _port()
    quick = {"fsync": "off", "full_page_writes": "off", "jit": "off", "shared_buffers": "16MB"}
    with Server(folder, port, PASSWORD, quick).while_within() as server:
        server.sql("CREATE DATABASE used")
        made = Postgres(server)
        made.site(folder).open().close()
        yield made
