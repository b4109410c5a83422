"""What the ledger and the simulated runtime hold, read from their SQLite files with queries of our own."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One instance as the ledger has it; MiB and percent on each card."""

    id: str
    owner: str
    service: str
    ordinal: int
    role: str
    revision: str
    node: str
    cards: tuple[str, ...]
    memory: int
    compute: int
    exclusive: bool
    state: str

    @property
    def label(self) -> str:
        """``service/ordinal``."""
        return f"{self.service}/{self.ordinal}"


@dataclass(frozen=True, slots=True)
class Run:
    """One instance as the runtime has it. ``trouble``: empty where it serves."""

    id: str
    owner: str
    node: str
    cards: tuple[str, ...]
    starts: int
    trouble: str


@dataclass(frozen=True, slots=True)
class Card:
    """One card as the ledger has it."""

    uuid: str
    node: str
    position: int
    memory: int

    @property
    def address(self) -> str:
        """``node/position``."""
        return f"{self.node}/{self.position}"


@dataclass(frozen=True)
class Seen:
    """Both at one moment."""

    rows: Mapping[str, Row]
    runs: Mapping[str, Run]
    cards: Mapping[str, Card]
    drained: frozenset[str] = frozenset()

    def of(self, owner: str) -> dict[str, Row]:
        """Return the rows of one owner."""
        return {id_: row for id_, row in self.rows.items() if row.owner == owner}

    def runs_of(self, owner: str) -> dict[str, Run]:
        """Return what the runtime keeps for one owner."""
        return {id_: run for id_, run in self.runs.items() if run.owner == owner}

    def address(self, node: str, cards: Iterable[str]) -> str:
        """Return a place as assignments spell it."""
        positions = "+".join(str(n) for n in sorted(self.cards[uuid].position for uuid in cards))
        return f"{node}/{positions}" if positions else node

    def taken(self, rows: Iterable[tuple[tuple[str, ...], int, int, bool]]) -> list[str]:
        """Return a sentence for each card of which these (cards, MiB, percent, exclusive) take more than there is."""
        memory: Counter[str] = Counter()
        compute: Counter[str] = Counter()
        for cards, mib, percent, exclusive in rows:
            for uuid in cards:
                memory[uuid] += self.cards[uuid].memory if exclusive else mib
                compute[uuid] += 100 if exclusive else percent
        return [
            f"card {card.address} has {card.memory} MiB and {memory[uuid]} MiB, {compute[uuid]} % are taken"
            for uuid, card in sorted(self.cards.items())
            if memory[uuid] > card.memory or compute[uuid] > 100
        ]

    def faults(self) -> list[str]:
        """Return how ledger and runtime differ, and which card is too full, in a moment in which nothing is under way."""
        found = [f"{row.id} is {row.state}" for row in self.rows.values() if row.state != "ready"]
        found += [f"{row.id} is a surge instance" for row in self.rows.values() if row.role != "steady"]
        found += [f"{id_} is in the ledger and does not run" for id_ in self.rows.keys() - self.runs.keys()]
        found += [f"{id_} runs and is not in the ledger" for id_ in self.runs.keys() - self.rows.keys()]
        for id_ in sorted(self.rows.keys() & self.runs.keys()):
            row, run = self.rows[id_], self.runs[id_]
            if (run.node, sorted(run.cards)) != (row.node, sorted(row.cards)):
                found.append(f"{id_} runs on {run.node} {run.cards}, recorded on {row.node} {row.cards}")
            if run.trouble:
                found.append(f"{id_} does not serve: {run.trouble}")
        twice = Counter((row.owner, row.service, row.ordinal) for row in self.rows.values())
        found += [
            f"{'/'.join(map(str, name))} is there {count} times" for name, count in twice.items() if count > 1
        ]
        return sorted(found) + self.taken(
            (row.cards, row.memory, row.compute, row.exclusive) for row in self.rows.values()
        )


def look(home: Path) -> Seen:
    """Read both files below a project's ``.eas``."""
    ledger = home / "ledger.db"
    if not ledger.exists():
        return Seen({}, {}, {})
    rows = [
        Row(**{**row, "cards": tuple(json.loads(row["cards"])), "exclusive": bool(row["exclusive"])})
        for row in _ask(
            ledger,
            "SELECT id, owner, service, ordinal, role, revision, node, cards, memory_mib AS memory, compute, exclusive, "
            "state FROM instance",
        )
    ]
    cards = [
        Card(**row) for row in _ask(ledger, "SELECT uuid, node, position, memory_mib AS memory FROM card")
    ]
    told = _ask(ledger, "SELECT node FROM node_state WHERE card = '' AND state <> 'ready'")
    return Seen(
        {row.id: row for row in sorted(rows, key=lambda row: row.id)},
        {run.id: run for run in _runs(home / "simulated" / "instances.db")},
        {card.uuid: card for card in cards},
        frozenset(row["node"] for row in told),
    )


def last_pass(home: Path) -> str:
    """Return when a reconciler last came through, as the ledger has it; empty where none ever did."""
    found = _ask(
        home / "ledger.db", "SELECT value FROM about WHERE name LIKE 'last pass over pool %' ORDER BY value"
    )
    return str(found[-1]["value"]) if found else ""


def _runs(file: Path) -> list[Run]:
    if not file.exists():
        return []
    return [
        Run(
            row["id"],
            row["owner"],
            row["node"],
            tuple(json.loads(row["cards"])),
            row["starts"],
            "it is being stopped" if row["stopped"] is not None else row["failure"],
        )
        for row in _ask(file, "SELECT * FROM instance ORDER BY id")
    ]


REPEATED: Counter[str] = Counter()
"""Reads that had to be repeated, by SQLite's own name for why: told among the figures of the soak."""
TRIES = 5


def _ask(file: Path, query: str) -> list[dict[str, Any]]:
    for left in reversed(range(TRIES)):
        try:
            return _asked(file, query)
        except sqlite3.OperationalError as error:
            # Seen now and then where this process has the file open several times while others die with it.
            REPEATED[error.sqlite_errorname] += 1
            if not left:
                raise
            time.sleep(0.1)
    raise AssertionError("unreachable: the last try returns or raises")


def _asked(file: Path, query: str) -> list[dict[str, Any]]:
    # Opened for writing, and not written: a reader that may not make the files beside it can meet them half-made.
    with closing(sqlite3.connect(file, timeout=30)) as connection:
        connection.execute("PRAGMA query_only = ON")
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query)]
