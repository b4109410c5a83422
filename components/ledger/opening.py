"""Opens the ledger: finds out what is at its place, makes or migrates it where that is wanted, and hands it out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from components.ledger import keys, schema, sqlite
from components.ledger.actor import Actor
from components.ledger.engine import PATIENCE, Database
from components.ledger.errors import KeyFault, LedgerError, LedgerReadOnly, NotALedger, Unusable
from components.ledger.keys import Vault
from components.ledger.leases import Alive
from components.ledger.location import Location, parse
from components.ledger.migrate import must_upgrade, upgrade
from components.ledger.processes import alive as process_alive
from components.ledger.store import Ledger


def open_ledger(
    url: str,
    *,
    home: Path,
    create: bool,
    key: bytes | None = None,
    patience: timedelta = PATIENCE,
    alive: Alive = process_alive,
    actor: Callable[[], Actor] = Actor,
) -> Ledger:
    """Return the ledger at ``url``; relative paths are read from ``home``.

    ``create``: make it, and its key, where it is missing, and bring old tables to this version. Otherwise nothing is
    written by opening: a missing ledger reads as one that never held anything, an old one is read through a copy in
    memory, and both refuse to be written. ``key``: 32 bytes from ``EAS_LEDGER_KEY``, else the file beside the ledger.
    ``patience``: how long to wait for another process's lock. ``actor``: who writes, for the events.
    Raises :class:`LedgerError`.
    """
    location = parse(url, home)
    there = sqlite.is_there(location.path)
    if create:
        database = _create(location, patience)
    elif there:
        database = _existing(location.path, patience)
    else:
        database = _nothing(location.path)
    try:
        vault = _vault(database, location, key, mint=create)
        if create:
            vault()
    except LedgerError:
        database.close()
        raise
    return Ledger(database, vault, url=location.url, alive=alive, actor=actor)


def _create(location: Location, patience: timedelta) -> Database:
    try:
        sqlite.make_private(location.path)
    except OSError as error:
        raise LedgerReadOnly(
            f"ledger {location.path} cannot be created or written ({error.strerror}); give this user write access to "
            f"{location.folder}, or name another place with --ledger, EAS_LEDGER or eas:ledger"
        ) from error
    database = Database(sqlite.engine_of(location.path, create=True), path=location.path, patience=patience)
    try:
        _migrate(database)
    except LedgerError:
        database.close()
        raise
    return database


def _migrate(database: Database) -> None:
    with database.read() as connection:
        _recognise(connection, database.path)
        old = must_upgrade(connection, database.path)
    database.patiently(lambda: sqlite.prepare(database.engine))
    if old:
        with database.write() as connection:
            # Another process may have done it while this one waited for the lock.
            if must_upgrade(connection, database.path):
                sqlite.mark(connection)
                upgrade(connection)


def _existing(path: Path, patience: timedelta) -> Database:
    database = Database(sqlite.engine_of(path, create=False), path=path, patience=patience)
    try:
        with database.read() as connection:
            _recognise(connection, path)
            old = must_upgrade(connection, path)
    except LedgerError:
        database.close()
        raise
    if not old:
        return database
    database.close()
    return _in_memory(path, copy_of=path, why=lambda: _outdated(path))


def _nothing(path: Path) -> Database:
    return _in_memory(path, copy_of=None, why=lambda: sqlite.missing(path))


def _in_memory(path: Path, copy_of: Path | None, why: Callable[[], LedgerError]) -> Database:
    database = Database(sqlite.engine_in_memory(copy_of), path=path, frozen=why)
    with database.engine.begin() as connection:
        if copy_of is None:
            schema.metadata.create_all(connection)
        else:
            upgrade(connection)
    return database


def _outdated(path: Path) -> Unusable:
    return Unusable(
        f"ledger {path} has tables of an older version; run `pulumi up` or `eas ledger migrate`, which renews them"
    )


def _recognise(connection: sa.Connection, path: Path) -> None:
    if not sqlite.is_ours(connection):
        raise NotALedger(
            f"{path} is an SQLite database of another program, not a ledger; "
            "point --ledger, EAS_LEDGER or eas:ledger at the right file"
        )


def _vault(database: Database, location: Location, key: bytes | None, *, mint: bool) -> Callable[[], Vault]:
    """Return what gives the ledger's vault, read once, when it is first needed."""
    lock = threading.Lock()
    found: list[Vault] = []

    def vault() -> Vault:
        with lock:
            if not found:
                found.append(_checked(database, location, key, mint=mint))
            return found[0]

    return vault


def _checked(database: Database, location: Location, key: bytes | None, *, mint: bool) -> Vault:
    """Return the vault of this ledger's own key. Raises :class:`KeyFault` for a missing key or another ledger's."""
    about = schema.about
    file = location.folder / keys.FILE
    with database.read() as connection:
        known = connection.scalar(sa.select(about.c.value).where(about.c.name == "key"))
    if key is not None:
        vault = Vault(key, keys.ENVIRONMENT)
    elif mint and known is None:
        vault = Vault(_minted(file), str(file))
    else:
        vault = Vault(keys.read_key_file(file), str(file))
    if known is None and mint:
        known = _remember(database, vault)
    if known is not None and known != vault.fingerprint:
        raise KeyFault(
            f"{vault.source} is not the key of ledger {location.path} (fingerprint {vault.fingerprint}, the ledger's is "
            f"{known}); put the ledger's own key into {file} or {keys.ENVIRONMENT}"
        )
    return vault


def _minted(file: Path) -> bytes:
    try:
        return keys.mint_key_file(file)
    except OSError as error:
        raise LedgerReadOnly(
            f"the ledger's key file {file} cannot be written ({error.strerror}); give this user write access to "
            f"{file.parent}, or set {keys.ENVIRONMENT}"
        ) from error


def _remember(database: Database, vault: Vault) -> str:
    about = schema.about
    with database.write() as connection:
        known = connection.scalar(sa.select(about.c.value).where(about.c.name == "key"))
        if known is None:
            connection.execute(about.insert().values(name="key", value=vault.fingerprint))
        return known or vault.fingerprint
