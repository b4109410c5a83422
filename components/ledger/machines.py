"""Where what runs for a ledger is kept: in which folder of this machine, and for each pool on which machine.

The folder goes by the ledger and not by the project: projects that share one act for each other (reconcile, release), and
what one of them starts the others must find. The machine: only there can a pool's processes be seen and told.

Machines are asked of for ledgers on a server only; a file is used on one. And for the runtimes that start processes or keep
records on the machine itself; what an engine somewhere else runs, every machine can ask.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from components.ledger import schema

OF_A_MACHINE = frozenset({"local", "simulated"})
"""Runtimes whose instances are on one machine."""

_PREFIX = "machine/"
_IDENTITY = "identity"
_about, _instance = schema.about, schema.instance


class Machine(NamedTuple):
    """``id`` tells machines apart, ``host`` is how people know it."""

    id: str
    host: str


def identity(connection: sa.Connection) -> str | None:
    """Return the ledger's own name, None where nobody has written by it yet: one database is reached by several URLs."""
    return connection.scalar(sa.select(_about.c.value).where(_about.c.name == _IDENTITY))


def identify(connection: sa.Connection, name: str) -> None:
    """Give the ledger the name, unless it has one."""
    if identity(connection) is None:
        connection.execute(_about.insert().values(name=_IDENTITY, value=name))


def state_folder(env: Mapping[str, str]) -> Path:
    """Return where this user keeps what outlives a session (XDG Base Directory Specification)."""
    told = Path(env.get("XDG_STATE_HOME", ""))
    return (told if told.is_absolute() else Path.home() / ".local" / "state") / "eas-slices"


def machines(connection: sa.Connection) -> dict[str, Machine]:
    """Return pool -> the machine that has taken it up."""
    query = sa.select(_about.c.name, _about.c.value).where(_about.c.name.startswith(_PREFIX, autoescape=True))
    return {
        name.removeprefix(_PREFIX): Machine(*json.loads(value)) for name, value in connection.execute(query)
    }


def take_up(connection: sa.Connection, pools: Iterable[str], here: Machine) -> None:
    """Note that these pools are on this machine, unless another has them and something was started there."""
    known = machines(connection)
    started = set(
        connection.scalars(
            sa.select(_instance.c.pool).where(_instance.c.state.not_in(("pending", "reserved"))).distinct()
        )
    )
    for pool in sorted(set(pools)):
        if known.get(pool) == here or (pool in known and pool in started):
            continue
        connection.execute(_about.delete().where(_about.c.name == _PREFIX + pool))
        connection.execute(_about.insert().values(name=_PREFIX + pool, value=json.dumps(here)))
