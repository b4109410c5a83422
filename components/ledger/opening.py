"""Opens the ledger: finds out what is at its place, makes or migrates it where that is wanted, and hands it out."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from components.ledger import schema
from components.ledger.actor import Actor
from components.ledger.database.backend import Backend
from components.ledger.database.engine import PATIENCE, Database
from components.ledger.database.location import Location, parse
from components.ledger.database.migrate import make_tables, must_upgrade, upgrade, version_of
from components.ledger.database.sqlite import SqliteFile, engine_in_memory
from components.ledger.database.vaults import Vaults
from components.ledger.errors import Unusable
from components.ledger.exported import not_applied_by, picture_in
from components.ledger.leases import Alive
from components.ledger.machines import identify, identity
from components.ledger.processes import alive as process_alive
from components.ledger.store import Clock, Ledger, servers_or_own


def open_ledger(  # noqa: PLR0913 - all but the first are given by name
    url: str,
    *,
    home: Path,
    create: bool,
    key: bytes | None = None,
    patience: timedelta = PATIENCE,
    alive: Alive = process_alive,
    actor: Callable[[], Actor] = Actor,
    clock: Clock = servers_or_own,
) -> Ledger:
    """Return the ledger at ``url``; relative paths are read from ``home``.

    ``create``: make it, and its key, where it is missing, and bring old tables to this version. Otherwise nothing is
    written by opening: a missing ledger reads as one that never held anything, an old one is read through a copy in
    memory, and both refuse to be written. ``key``: 32 bytes; None takes ``EAS_LEDGER_KEY``, else the file beside the
    ledger. ``patience``: how long to wait for another process's lock. ``actor``: who writes, for the events.
    ``clock``: which time counts.
    Raises :class:`LedgerError`.
    """
    location = parse(url, home)
    backend = backend_of(location)
    if create:
        database = _create(backend, patience)
    elif backend.is_there():
        database = _existing(backend, patience)
    else:
        database = _nothing(backend)
    try:
        vaults = Vaults(database, key)
        if create:
            vaults.prepare()
    except BaseException:
        database.close()
        raise
    return Ledger(database, vaults, url=location.shown, alive=alive, actor=actor, clock=clock)


def backend_of(location: Location) -> Backend:
    """Return what opens the ledger at that place."""
    if location.path is not None:
        return SqliteFile(location.path)
    from components.ledger.database.postgres import PostgresDatabase

    return PostgresDatabase(location)


def _create(backend: Backend, patience: timedelta) -> Database:
    backend.make_place()
    database = Database(backend.engine(create=True, patience=patience), backend=backend, patience=patience)
    try:
        _migrate(database)
        _identify(database)
    except BaseException:
        database.close()
        raise
    return database


def _identify(database: Database) -> None:
    """Give a database on a server a name of its own, which it has whatever URL reaches it."""
    if not database.backend.on_server:
        return
    with database.read() as connection:
        known = identity(connection)
    if known is None:
        with database.write(hurrying=False) as connection:
            identify(connection, uuid.uuid4().hex)


def _migrate(database: Database) -> None:
    backend = database.backend
    with database.read() as connection:
        backend.recognise(connection)
        old = must_upgrade(connection, backend.name)
        if not old and (picture := picture_in(connection)):
            raise not_applied_by(backend.name, picture)
    database.patiently(lambda: backend.prepare(database.engine))
    if old:
        with database.write(hurrying=False) as connection:
            # Another process may have done it while this one waited for the lock.
            if must_upgrade(connection, backend.name):
                if version_of(connection) is None:
                    make_tables(connection)
                    backend.mark(connection)
                else:
                    upgrade(connection)


def _existing(backend: Backend, patience: timedelta) -> Database:
    if backend.unwritable():
        return _only_read(backend)
    database = Database(backend.engine(create=False, patience=patience), backend=backend, patience=patience)
    try:
        with database.read() as connection:
            backend.recognise(connection)
            old = must_upgrade(connection, backend.name)
            version = version_of(connection) if old else None
            picture = None if old else picture_in(connection)
    except BaseException:
        database.close()
        raise
    if picture is not None:
        database.frozen = lambda: not_applied_by(backend.name, picture)
    if not old:
        return database
    database.close()
    copied = Database(backend.copy(version), backend=backend, frozen=lambda: _outdated(backend))
    with copied.engine.begin() as connection:
        upgrade(connection)
    return copied


def _only_read(backend: Backend) -> Database:
    """Return a picture of what is there, brought to this version."""
    database = Database(backend.copy(None), backend=backend, frozen=backend.not_written)
    try:
        with database.read() as connection:
            backend.recognise(connection)
            old = must_upgrade(connection, backend.name)
        if old:
            with database.engine.begin() as connection:
                upgrade(connection)
    except BaseException:
        database.close()
        raise
    return database


def _nothing(backend: Backend) -> Database:
    database = Database(engine_in_memory(), backend=backend, frozen=backend.missing)
    with database.engine.begin() as connection:
        schema.metadata.create_all(connection)
    return database


def _outdated(backend: Backend) -> Unusable:
    return Unusable(
        f"ledger {backend.name} has tables of an older version; run `pulumi up` or `eas ledger migrate`, which renews them"
    )
