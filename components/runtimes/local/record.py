"""What is kept of one instance: one JSON file, written whole, without secrets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from components.runtimes.local.folder import Folder, slug, write
from components.runtimes.local.wish import DEFAULT_GRACE

NAME = "record.json"


@dataclass(frozen=True, slots=True)
class Record:
    """One instance.

    ``port`` is that of its endpoint, where the gateway listens, and ``inner`` its own (0: it was started by an earlier
    version, and listens at ``port`` itself). ``stopping`` is when its stop was asked for (seconds since the epoch, 0: not),
    ``signalled`` the processes that have had their SIGTERM: a second one makes many servers drop what they still do.
    """

    id: str
    owner: str = ""
    service: str = ""
    ordinal: int = 0
    pool: str = ""
    node: str = ""
    cards: tuple[str, ...] = ()
    port: int = 0
    inner: int = 0
    declared_port: int = 0
    path: str = ""
    timeout: float = 1.0
    grace: int = DEFAULT_GRACE
    stopping: float = 0.0
    signalled: tuple[int, ...] = ()
    revision: str = ""

    @property
    def slug(self) -> str:
        """Its name in files and programs."""
        return slug(self.id)

    @property
    def serving(self) -> int:
        """The port that its process was told to listen at."""
        return self.inner or self.port

    @property
    def endpoint(self) -> str:
        """Where it serves, once it does."""
        return f"http://127.0.0.1:{self.port}" if self.port else ""


def path_of(folder: Folder, name: str) -> Path:
    """Return where the record of that slug lies."""
    return folder.of(name) / NAME


def save(folder: Folder, record: Record) -> None:
    """Write the record."""
    write(path_of(folder, record.slug), json.dumps(asdict(record), ensure_ascii=True, indent=1))


def load(folder: Folder, name: str) -> Record | None:
    """Return the record of that slug; None if there is none."""
    try:
        data = json.loads(path_of(folder, name).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    known = {key: data[key] for key in Record.__slots__ if key in data}
    return Record(**{**known, "cards": tuple(data["cards"]), "signalled": tuple(data["signalled"])})


def every(folder: Folder) -> Iterator[Record]:
    """Yield all records, in the order of their slugs."""
    if not folder.instances.is_dir():
        return
    for entry in sorted(folder.instances.iterdir()):
        record = load(folder, entry.name)
        if record is not None:
            yield record
