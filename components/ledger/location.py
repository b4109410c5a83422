"""Where the ledger is: one rule for the providers and the command line, which says where its answer comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from components.ledger.errors import BadLocation

ENVIRONMENT = "EAS_LEDGER"
CONFIG = "eas:ledger"
DEFAULT = Path(".eas") / "ledger.db"


@dataclass(frozen=True, slots=True)
class Location:
    """A ledger's place. ``path`` is the SQLite file (absolute) and ``url`` its one canonical spelling."""

    url: str
    path: Path

    @property
    def folder(self) -> Path:
        """The folder that also holds its key."""
        return self.path.parent


def resolve_url(
    flag: str | None, env: Mapping[str, str], config: str | None, project: Path
) -> tuple[str, str]:
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
            return parse(value.strip(), project, source).url, source
    return parse(str(DEFAULT), project, "default").url, "the project's default"


def parse(value: str, home: Path, source: str = "the ledger's URL") -> Location:
    """Return the location that ``value`` names: ``sqlite:////abs/path``, ``sqlite:///relative`` or a plain path.

    Relative paths are read from ``home``. Raises :class:`BadLocation`, naming the value and ``source``.
    """
    scheme, colon, rest = value.partition("://")
    if not colon:
        return _file(value, home, source, value)
    if scheme == "sqlite" and rest.startswith("/"):
        return _file(unquote(rest[1:]), home, source, value)
    raise BadLocation(
        f"{source} is {value!r}, which is not a ledger's place; write a path, or sqlite:////absolute/path/ledger.db"
    )


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
    return Location(f"sqlite:///{path}", path)
