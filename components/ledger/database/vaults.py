"""Which key a ledger has now, where it is found, and how another takes its place.

The database says which key is its own (``about.key``, a fingerprint); ``EAS_LEDGER_KEY`` or the key file may hold several,
of which that one counts. So keys can be handed out before they are used, and a process that runs on while the key is
rotated reads it again.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from components.ledger import schema
from components.ledger.database import keys
from components.ledger.database.engine import Database
from components.ledger.database.keys import Vault
from components.ledger.declarations import about_spec, about_token
from components.ledger.errors import KeyFault, LedgerReadOnly

_KNOWN = sa.select(schema.about.c.value).where(schema.about.c.name == "key")
NEW_KEY = "openssl rand -base64 32"


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did: fingerprints of both keys, specs and tokens that were encrypted anew, and where the key is."""

    old: str
    new: str
    specs: int
    tokens: int
    source: str


class Vaults:
    """Gives the vault of the ledger's own key, read when it is first needed and when the key has changed."""

    def __init__(self, database: Database, given: bytes | None = None) -> None:
        """``given``: the key, instead of what environment and file say."""
        self._database = database
        self._given = given
        self._lock = threading.Lock()
        self._vault: Vault | None = None

    @property
    def file(self) -> Path:
        """Where the key is, unless the environment gives it."""
        return self._database.backend.key_file

    def of(self, connection: sa.Connection) -> Vault:
        """Return the vault of the key that the ledger has in this transaction. Raises :class:`KeyFault`."""
        known = connection.scalar(_KNOWN)
        with self._lock:
            if self._vault is None or known not in (None, self._vault.fingerprint):
                self._vault = self._matching(known)
            return self._vault

    def prepare(self) -> None:
        """Make a key for a ledger without one, and check that the one of any other is here. Raises :class:`KeyFault`."""
        with self._database.read() as connection:
            known = connection.scalar(_KNOWN)
        if known is None:
            with self._database.write() as connection:
                # Another process may have made a key meanwhile; then none is left behind here.
                known = connection.scalar(_KNOWN)
                if known is None:
                    vault = self._first()
                    connection.execute(schema.about.insert().values(name="key", value=vault.fingerprint))
                    self._vault = vault
                    return
        self._vault = self._matching(known)

    def _first(self) -> Vault:
        found, source = self._in_environment()
        return Vault(found[0], source) if found else Vault(_minted(self.file), str(self.file))

    def _in_environment(self) -> tuple[Sequence[bytes], str]:
        found = (self._given,) if self._given is not None else keys.all_from_environment(os.environ)
        return found, keys.ENVIRONMENT

    def _here(self) -> tuple[Sequence[bytes], str]:
        found, source = self._in_environment()
        return (found, source) if found else (keys.read_key_file(self.file), str(self.file))

    def _matching(self, known: str | None) -> Vault:
        found, source = self._here()
        vaults = [Vault(key, source) for key in found]
        if known is None:
            return vaults[0]
        if (own := next((vault for vault in vaults if vault.fingerprint == known), None)) is not None:
            return own
        what = "is not the key" if len(vaults) == 1 else "has several keys, none of them that"
        raise KeyFault(
            f"{source} {what} of ledger {self._database.backend.name} (fingerprint "
            f"{', '.join(vault.fingerprint for vault in vaults)}, the ledger's is {known}); put the ledger's own key into "
            f"{self.file} or {keys.ENVIRONMENT}. Where it was rotated, it is the new one that is missing here"
        )

    # ------------------------------------------------------------------------------------------ rotating

    @contextmanager
    def successor(self, known: str | None) -> Iterator[Vault]:
        """Yield the vault of the key that is to take the place of ``known``.

        From the environment it is the one that stands there beside the ledger's own. In a file it is made, and stands there
        with the old one before anything is encrypted with it, until the block has ended well: whatever dies in between, both
        are there. Raises :class:`KeyFault`.
        """
        found, source = self._in_environment()
        if found:
            yield self._other(found, source, known)
            return
        with _held(self.file.parent):
            before = keys.read_key_file(self.file)
            own = self._matching(known)
            new = next((key for key in before[:1] if Vault(key, source).fingerprint != own.fingerprint), None)
            if new is None:
                new = os.urandom(keys.SIZE)
                _write(self.file, (new, *before))
            yield Vault(new, str(self.file))
            _write(self.file, (new,))

    def _other(self, found: Sequence[bytes], source: str, known: str | None) -> Vault:
        own = self._matching(known)
        new = next((key for key in found if Vault(key, source).fingerprint != own.fingerprint), None)
        if new is None:
            raise KeyFault(
                f"{source} has the ledger's key alone; write a new one before it, with a comma between them (`{NEW_KEY}` "
                "makes one), wherever it is set, and then run this again"
            )
        return Vault(new, source)

    def rotated(self, vault: Vault) -> None:
        """Use this one from now on."""
        with self._lock:
            self._vault = vault


def encrypt_anew(connection: sa.Connection, old: Vault, new: Vault) -> tuple[int, int]:
    """Encrypt all that the ledger keeps sealed with another key; returns how many specs and tokens.

    What cannot be opened with the old key ends it, and nothing is changed. Raises :class:`KeyFault`.
    """
    specs = 0
    for table in (schema.spec, schema.past_spec):
        changes: list[dict[str, Any]] = []
        for row in connection.execute(sa.select(table)).all():
            place = {"owner": row.owner, "service": row.service, "revision": row.revision}
            content = old.open(row.sealed, about_spec(**place))
            changes.append({"b_id": row.id, "sealed": new.seal(content, about_spec(**place))})
            if "digest" in table.c:
                changes[-1]["digest"] = new.digest(content | place)
        if changes:
            connection.execute(table.update().where(table.c.id == sa.bindparam("b_id")), changes)
        specs += len(changes)
    wanted = schema.wanted
    query = sa.select(wanted.c.owner, wanted.c.service, wanted.c.token).where(wanted.c.token.is_not(None))
    tokens = [
        {
            "b_owner": row.owner,
            "b_service": row.service,
            "token": new.seal(
                old.open(row.token, about_token(row.owner, row.service)), about_token(row.owner, row.service)
            ),
        }
        for row in connection.execute(query).all()
    ]
    if tokens:
        change = wanted.update().where(
            wanted.c.owner == sa.bindparam("b_owner"), wanted.c.service == sa.bindparam("b_service")
        )
        connection.execute(change, tokens)
    about = schema.about
    connection.execute(about.update().where(about.c.name == "key").values(value=new.fingerprint))
    return specs, len(tokens)


def known_key(connection: sa.Connection) -> str | None:
    """Return the fingerprint of the ledger's key."""
    found: str | None = connection.scalar(_KNOWN)
    return found


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """One rotation at a time in this folder; the kernel lets go when the process dies."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write(file: Path, found: Sequence[bytes]) -> None:
    try:
        keys.write_key_file(file, found)
    except OSError as error:
        raise _unwritable(file, error) from error


def _minted(file: Path) -> bytes:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return keys.mint_key_file(file)
    except OSError as error:
        raise _unwritable(file, error) from error


def _unwritable(file: Path, error: OSError) -> LedgerReadOnly:
    return LedgerReadOnly(
        f"the ledger's key file {file} cannot be written ({error.strerror}); give this user write access to "
        f"{file.parent}, or set {keys.ENVIRONMENT}"
    )


def source_of(env: Mapping[str, str], file: Path) -> str:
    """Return where the key is looked for, for people."""
    return keys.ENVIRONMENT if env.get(keys.ENVIRONMENT, "").strip() else str(file)
