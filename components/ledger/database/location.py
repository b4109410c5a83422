"""Where the ledger is: one rule for the providers and the command line, which says where its answer comes from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from components.ledger.errors import BadLocation

ENVIRONMENT = "EAS_LEDGER"
CONFIG = "eas:ledger"
DEFAULT = Path(".eas") / "ledger.db"
_SERVERS = ("postgresql", "postgres")
_SECRETS = ("password", "passfile", "sslpassword")
"""Parameters of a URL that do not belong into any sentence."""


@dataclass(frozen=True, slots=True)
class Location:
    """A ledger's place. ``url`` is its one canonical spelling, and ``shown`` the same without a password.

    ``path``: the SQLite file (absolute), or None for a database on a server; then ``key_file`` is in the project.
    """

    url: str
    shown: str
    key_file: Path
    path: Path | None = None


class Place(NamedTuple):
    """A ledger's URL and who said so. The URL may hold a password: print :attr:`shown`."""

    url: str
    source: str

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return without_password(self.url)


def resolve_url(flag: str | None, env: Mapping[str, str], config: str | None, project: Path) -> Place:
    """Return the ledger's URL and who said so: ``--ledger``, ``EAS_LEDGER``, ``eas:ledger``, or the project's default.

    An empty value counts as unset. Relative paths are read from the project's folder, whoever gives them, because a
    provider and a command run in different folders and must find the same file. Raises :class:`BadLocation`.
    """
    for value, source in (
        (flag, "--ledger"),
        (env.get(ENVIRONMENT), ENVIRONMENT),
        (config, f"{CONFIG} of the stack"),
    ):
        if value and value.strip():
            location = parse(value.strip(), project, source)
            if value == config and location.url != location.shown:
                raise BadLocation(
                    f"{source} is {location.shown} with a password in it, and stack files are read by many; leave it out "
                    f"there, and give it in PGPASSWORD or ~/.pgpass, or the whole URL as {ENVIRONMENT}"
                )
            return Place(location.url, source)
    return Place(parse(str(DEFAULT), project, "default").url, "the project's default")


def parse(value: str, home: Path, source: str = "the ledger's URL") -> Location:
    """Return the location that ``value`` names.

    ``postgresql://user@host:port/database``, ``sqlite:////abs/path``, ``sqlite:///relative`` or a plain path. Relative
    paths are read from ``home``. Raises :class:`BadLocation`, naming the value (without a password) and ``source``.
    """
    scheme, colon, rest = value.partition("://")
    if not colon:
        return _file(value, home, source, value)
    if scheme == "sqlite" and rest.startswith("/"):
        return _file(unquote(rest[1:]), home, source, value)
    if scheme in _SERVERS:
        return _server(value, home, source)
    raise BadLocation(
        f"{source} is {without_password(value)!r}, which is not a ledger's place; write a path, "
        "sqlite:////absolute/path/ledger.db or postgresql://user@host:5432/database"
    )


def without_password(url: str) -> str:
    """Return a URL as it may be printed: ``***`` stands for a password, wherever it is written."""
    scheme, colon, rest = url.partition("://")
    if not colon:
        return url
    # From the last @ on, so that a password in which / or ? was not encoded is not shown either.
    user, at, tail = rest.rpartition("@")
    name, given, _ = user.partition(":")
    shown = f"{name}:***@{tail}" if at and given else rest
    return f"{scheme}://" + re.sub(rf"\b({'|'.join(_SECRETS)})=[^&]*", r"\1=***", shown)


def _file(text: str, home: Path, source: str, value: str) -> Location:
    if not text or "\0" in text or text.endswith("/") or text == ":memory:":
        raise BadLocation(f"{source} is {value!r}, which names no file; write for example {home / DEFAULT}")
    path = Path(text).expanduser()
    path = path if path.is_absolute() else home.absolute() / path
    if path.is_dir():
        raise BadLocation(
            f"{source} is {value!r}, which is a folder; name the file in it, for example {path / DEFAULT.name}"
        )
    # Links in the folder are followed, so that two spellings of one file share its key and its lock.
    path = path.parent.resolve() / path.name
    url = f"sqlite:///{path}"
    return Location(url, url, path.parent / "ledger.key", path)


def _server(value: str, home: Path, source: str) -> Location:
    shown = without_password(value)
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        # The error would tell of what it tripped over, which may be a password.
        raise BadLocation(
            f"{source} is {shown!r}, which is no URL: a port is a number, and what is special in a password is written "
            "with percent signs (%2F for /)"
        ) from None
    database = unquote(parts.path.lstrip("/"))
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    database = database or given.get("dbname", "")
    if not database or "\0" in unquote(value) or parts.fragment:
        raise BadLocation(
            f"{source} is {shown!r}, which names no database; write postgresql://user@host:5432/database "
            "(percent signs for what is special: %23 for #)"
        )
    url = f"postgresql://{parts.netloc}/{quote(database)}" + (f"?{parts.query}" if parts.query else "")
    # One ledger has one key, whoever the user is; so the user is no part of the key's name.
    host = parts.hostname or given.get("host") or "local"
    names = (host, str(port or given.get("port") or 5432), database, given.get("options", ""))
    key = "-".join(re.sub(r"[^A-Za-z0-9_.]+", "-", name).strip("-") for name in names if name)
    return Location(url, without_password(url), home.absolute() / f"{key}.key")
