"""Where the ledger of a case is: in its project, or in a database that is copied on the server."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from components.ledger.database.location import parse
from tests.ledger.audit import Where
from tools.postgres import Server

_numbers = itertools.count(1)


class Place(Protocol):
    """One ledger, and how a copy of another one is made there."""

    @property
    def url(self) -> str:
        """The ledger."""

    @property
    def where(self) -> Where:
        """The same past the ledger's code."""

    @property
    def environment(self) -> Mapping[str, str]:
        """What a project needs to find it."""

    @property
    def made(self) -> bool:
        """Whether it has tables."""

    def copied(self, root: Path) -> Place:
        """Return a copy of it, for the copied project in ``root``."""

    def drop(self) -> None:
        """Forget it."""


@dataclass(frozen=True)
class InProject:
    """A file in the project's own folder, which is copied with it."""

    root: Path

    @property
    def where(self) -> Path:
        """The file."""
        return self.root / ".eas" / "ledger.db"

    @property
    def url(self) -> str:
        """The file."""
        return str(self.where)

    @property
    def environment(self) -> Mapping[str, str]:
        """Nothing: it is the default."""
        return {}

    @property
    def made(self) -> bool:
        """Whether the file is there."""
        return self.where.exists()

    def copied(self, root: Path) -> Place:
        """Return the file in the copied folder."""
        return InProject(root)

    def drop(self) -> None:
        """Nothing: the folder is removed."""


@dataclass(frozen=True)
class OnServer:
    """A database of a server. ``root``: the project that has its key."""

    server: Server
    root: Path
    database: str = field(default_factory=lambda: f"crash{next(_numbers)}")

    @property
    def url(self) -> str:
        """The database."""
        return self.server.url(self.database)

    @property
    def where(self) -> str:
        """The database."""
        return self.url

    @property
    def environment(self) -> Mapping[str, str]:
        """Its URL."""
        return {"EAS_LEDGER": self.url}

    @property
    def key_file(self) -> Path:
        """Where its key is."""
        return parse(self.url, self.root / ".eas").key_file

    @property
    def made(self) -> bool:
        """Whether its key has been made, which comes after the tables."""
        return self.key_file.exists()

    def create(self) -> None:
        """Make the empty database."""
        self.server.sql(f"CREATE DATABASE {self.database}")

    def copied(self, root: Path) -> Place:
        """Return a database with the same rows, and the key under its name."""
        there = OnServer(self.server, root)
        self.server.sql(f"CREATE DATABASE {there.database} TEMPLATE {self.database} STRATEGY FILE_COPY")
        if self.made:
            shutil.move(root / ".eas" / self.key_file.name, there.key_file)
        return there

    def drop(self) -> None:
        """Drop the database."""
        self.server.sql(f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)")
