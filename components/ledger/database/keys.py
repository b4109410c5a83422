"""The ledger's key: specs and their secrets are encrypted with it. It is not ``eas:secret``, which programs hash with.

One key per ledger, 32 bytes: ``EAS_LEDGER_KEY``, else the file ``ledger.key`` (mode 600) beside the ledger, made with it.
Either may hold several, with commas or on lines: which one counts the ledger says (:mod:`.vaults`).
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import json
import os
import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from components.ledger.errors import KeyFault

ENVIRONMENT = "EAS_LEDGER_KEY"
FILE = "ledger.key"
SIZE = 32
_FORMAT = b"\x01"
_NONCE = 12


class Vault:
    """Seals and opens documents with one key. Holds no reference to where the key came from but its name, for sentences."""

    def __init__(self, key: bytes, source: str) -> None:
        """Derive what it works with. Raises :class:`KeyFault` unless the key has 32 bytes."""
        if len(key) != SIZE:
            raise KeyFault(f"{source} has {len(key)} bytes; a ledger's key has {SIZE}, written in base64")
        self.source = source
        self.fingerprint = _derive(key, b"fingerprint").hex()[:16]
        self._aes = AESGCM(_derive(key, b"seal"))
        self._mac = _derive(key, b"digest")

    def seal(self, content: Mapping[str, Any], about: str) -> bytes:
        """Return the content encrypted. ``about`` is not stored and must be given again: a blob cannot change places."""
        nonce = os.urandom(_NONCE)
        return _FORMAT + nonce + self._aes.encrypt(nonce, _canonical(content), about.encode())

    def open(self, sealed: bytes, about: str) -> dict[str, Any]:
        """Return what was sealed. Raises :class:`KeyFault` when this key, or this place, is not what it was sealed for."""
        nonce, body = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            content: dict[str, Any] = json.loads(self._aes.decrypt(nonce, body, about.encode()))
        except (InvalidTag, ValueError) as error:
            raise KeyFault(
                f"what the ledger keeps of {about} cannot be decrypted with {self.source}; "
                "put the ledger's own key back, or run `pulumi up` to record the service anew"
            ) from error
        return content

    def digest(self, content: Mapping[str, Any]) -> str:
        """Return a keyed hash of the content: tells same from changed, and a guess cannot be tried without the key."""
        return hmac.new(self._mac, _canonical(content), hashlib.sha256).hexdigest()


def from_environment(env: Mapping[str, str]) -> bytes | None:
    """Return the first key in ``EAS_LEDGER_KEY``, or None where it is unset. Raises :class:`KeyFault` when it is no key."""
    return next(iter(all_from_environment(env)), None)


def all_from_environment(env: Mapping[str, str]) -> tuple[bytes, ...]:
    """Return the keys in ``EAS_LEDGER_KEY``, none where it is unset. Raises :class:`KeyFault` when one is no key."""
    value = env.get(ENVIRONMENT, "").strip()
    return _each(value, ENVIRONMENT) if value else ()


def read_key_file(path: Path) -> tuple[bytes, ...]:
    """Return the keys in the file. Raises :class:`KeyFault` when it is missing, no key, or readable by other users."""
    try:
        mode = path.stat().st_mode
        text = path.read_text("ascii", errors="replace")
    except OSError as error:
        raise KeyFault(
            f"the ledger's key file {path} cannot be read ({error.strerror}); put it back, or set {ENVIRONMENT}"
        ) from error
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFault(
            f"the ledger's key file {path} has mode {stat.S_IMODE(mode):o}; run `chmod 600 {path}`"
        )
    return _each(text.strip(), str(path))


def write_key_file(path: Path, keys: Sequence[bytes]) -> None:
    """Put these keys into the file in the place of those that are there; it is durable when this returns."""
    draft = _draft(path, keys)
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def mint_key_file(path: Path) -> bytes:
    """Return the key in the file, making one (mode 600) if there is none. Two processes at once get the same key."""
    draft = _draft(path, (os.urandom(SIZE),))
    try:
        # A link appears whole or not at all, and never replaces a key that is already in use.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    return read_key_file(path)[0]


def _draft(path: Path, keys: Sequence[bytes]) -> Path:
    """Return a file beside ``path`` with these keys, this user's alone whatever the umask."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    file = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(file, "wb") as stream:
            stream.writelines(base64.b64encode(key) + b"\n" for key in keys)
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        draft.unlink()
        raise
    return draft


def _each(text: str, source: str) -> tuple[bytes, ...]:
    """Return the keys of a text; a blank where a key should be is none."""
    return tuple(_decoded(word, source) for word in re.split(r"[,\n]\s*", text))


def _decoded(text: str, source: str) -> bytes:
    try:
        key = base64.b64decode(text, altchars=b"-_" if set(text) & set("-_") else None, validate=True)
    except (binascii.Error, ValueError) as error:
        raise KeyFault(f"{source} is not base64; a ledger's key is {SIZE} bytes in base64") from error
    if len(key) != SIZE:
        raise KeyFault(f"{source} has {len(key)} bytes; a ledger's key has {SIZE}, written in base64")
    return key


def _derive(key: bytes, purpose: bytes) -> bytes:
    return hmac.new(key, b"eas-slices ledger " + purpose, hashlib.sha256).digest()


def _canonical(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
