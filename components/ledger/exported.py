"""A picture of the ledger in a file, for reviews where a runner cannot or must not reach the ledger itself.

It is a ledger of its own that can only be read: places, states and plans, but no spec, token, log or event, so that nothing
in it is secret. For the owner whose stack is reviewed it says which public part of a declaration each committed revision
had, so that a review needs not the stack's secret either.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from components.ledger import schema
from components.ledger.database.engine import PATIENCE, Database
from components.ledger.database.migrate import make_tables
from components.ledger.database.sqlite import SqliteFile
from components.ledger.errors import LedgerReadOnly

NAME = "picture"
"""The row of ``about`` that says of a file that it is one."""

TAKEN: Mapping[str, Mapping[str, Any]] = {
    "owner": {},
    "pool": {},
    "node": {},
    "card": {},
    "node_state": {},
    "service": {},
    "spec": {"digest": "", "sealed": b""},
    "wanted": {"token": None},
    "waiting": {},
    "instance": {"endpoint": "", "detail": ""},
    "occupied": {},
    "plan": {},
    "step": {},
}
"""Table -> what stands in the place of columns that are not for others."""

LEFT = frozenset({"about", "past_spec", "lease", "event"})
"""Tables that a picture goes without."""


class Hashes(NamedTuple):
    """Of one committed service: the digest of its public part, and its revision and token hash."""

    public: str
    revision: str
    token_hash: str


@dataclass(frozen=True, slots=True)
class Picture:
    """What a picture says of itself. ``config``: the stack's plain configuration, ``hashes``: by service of ``owner``."""

    at: datetime
    of: str
    owner: str
    stack: str
    config: Mapping[str, Any] = field(default_factory=dict)
    hashes: Mapping[str, Hashes] = field(default_factory=dict)

    def age(self, now: datetime) -> timedelta:
        """Return how old it is."""
        return now - self.at

    def to_json(self) -> str:
        """Return it as ``about`` keeps it."""
        return json.dumps({**asdict(self), "at": self.at.isoformat()})


def not_applied_by(name: str, picture: Picture) -> LedgerReadOnly:
    """Return the error of whoever would apply by the picture ``name``."""
    return LedgerReadOnly(
        f"{name} is a picture of ledger {picture.of}, taken {picture.at:%Y-%m-%d %H:%M} UTC for reviews, and nothing is "
        "applied by it; point --ledger, EAS_LEDGER or eas:ledger at the ledger itself"
    )


def picture_in(connection: sa.Connection) -> Picture | None:
    """Return what the ledger says of itself, None where it is an ordinary one."""
    about = schema.about
    text = connection.scalar(sa.select(about.c.value).where(about.c.name == NAME))
    if text is None:
        return None
    data = json.loads(text)
    hashes = {service: Hashes(*each) for service, each in data["hashes"].items()}
    return Picture(
        datetime.fromisoformat(data["at"]), data["of"], data["owner"], data["stack"], data["config"], hashes
    )


def export(source: sa.Connection, file: Path, picture: Picture) -> None:
    """Write a picture of what ``source`` sees into a new ``file`` (mode 600). Raises FileExistsError where it is there."""
    if file.exists():
        raise FileExistsError(str(file))
    backend = SqliteFile(file.absolute())
    backend.make_place()
    target = Database(backend.engine(create=True, patience=PATIENCE), backend=backend)
    try:
        with target.write(hurrying=False) as connection:
            make_tables(connection)
            backend.mark(connection)
            connection.execute(schema.about.insert().values(name=NAME, value=picture.to_json()))
            for name, blanks in TAKEN.items():
                table = schema.metadata.tables[name]
                rows = [{**row._mapping, **blanks} for row in source.execute(sa.select(table))]
                if rows:
                    connection.execute(table.insert(), rows)
    finally:
        target.close()
