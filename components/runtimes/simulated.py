"""Runtime ``simulated``: records and nothing else, for planning, large tests and benchmarks.

One SQLite file ``<home>/simulated/instances.db`` that every process of the project sees. What becomes of an instance is
said by the pool's section ``simulated`` or by labels of the service, labels winning:

=================== ==================================== ================================================
section             label                                meaning
=================== ==================================== ================================================
``ready_after_s``   ``simulated/ready-after-s``          seconds from start to ready, default 0
``stop_after_s``    ``simulated/stop-after-s``           seconds from stop to absent, default 0
``fail: [NAME]``    ``simulated/fail`` (its last words)  fails at each start; NAME is a service or an id
``silent: [NAME]``  ``simulated/silent``                 runs and never answers
=================== ==================================== ================================================
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from components.runtimes.port import Capabilities, Launch, Observation, RuntimeFault
from components.spec.node import Node

_SCHEMA = """
CREATE TABLE IF NOT EXISTS instance (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    node TEXT NOT NULL,
    cards TEXT NOT NULL,
    started REAL NOT NULL,
    ready_after REAL NOT NULL,
    stop_after REAL NOT NULL,
    stopped REAL,
    failure TEXT NOT NULL,
    token TEXT NOT NULL,
    starts INTEGER NOT NULL,
    revision TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID
"""

_UPSERT = """
INSERT INTO instance (id, owner, node, cards, started, ready_after, stop_after, stopped, failure, token, starts, revision)
VALUES (?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, 1, ?)
ON CONFLICT (id) DO UPDATE SET node = excluded.node, cards = excluded.cards, started = excluded.started,
    ready_after = excluded.ready_after, stop_after = excluded.stop_after, stopped = NULL, failure = excluded.failure,
    token = excluded.token, starts = instance.starts + 1, revision = excluded.revision
"""

_NEVER = 1e18
_LABEL = "simulated/"
_AT_ONCE = 500
"""Ids of one question: SQLite takes 999 parameters and more, depending on how it was built."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of an instance: seconds to ready, seconds from stop to gone, its last words if it fails."""

    ready_after: float = 0.0
    stop_after: float = 0.0
    failure: str = ""

    @classmethod
    def of(cls, launch: Launch) -> Fate:
        """Read the pool's section and the service's labels; raises :class:`RuntimeFault` for what is not a number."""
        told: dict[str, Any] = dict(launch.settings)
        for key in ("fail", "silent"):
            names = told.get(key) or ()
            told[key] = f"simulated: fails as it was told, {launch.service}" if _named(launch, names) else ""
        labels = launch.spec.get("labels")
        for label, value in labels.items() if isinstance(labels, Mapping) else ():
            if str(label).startswith(_LABEL):
                told[str(label).removeprefix(_LABEL).replace("-", "_")] = value
        ready = _NEVER if told["silent"] else _seconds(launch, "ready_after_s", told)
        return cls(ready, _seconds(launch, "stop_after_s", told), str(told["fail"] or ""))


def _named(launch: Launch, names: Iterable[str]) -> bool:
    return any(name in (launch.service, launch.id) for name in names)


def _seconds(launch: Launch, key: str, told: Mapping[str, Any]) -> float:
    try:
        seconds = float(told.get(key) or 0)
    except (TypeError, ValueError):
        seconds = -1.0
    if not 0 <= seconds < _NEVER:
        raise RuntimeFault(
            f"service {launch.service!r}: simulated {key} is {told.get(key)!r}; write seconds, 0 or more."
        )
    return seconds


class SimulatedRuntime:
    """Instances that exist as rows. ``clock`` counts seconds since the epoch; tests may bring their own."""

    name = "simulated"

    def __init__(self, home: Path, *, clock: Callable[[], float] = time.time) -> None:
        """Keep where the rows are; nothing is created before the first start."""
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._file = home.absolute() / "simulated" / "instances.db"
        self._clock = clock

    def capabilities(self) -> Capabilities:
        """Return that everything holds, for nothing is there that could break it."""
        return Capabilities(
            pin_card=True,
            pin_node=True,
            move=True,
            enforce_memory=True,
            enforce_compute=True,
            reconfigure=True,
            instant=True,
            enforced="simulated: nothing is started, and no process holds any card",
        )

    def inventory(self) -> tuple[Node, ...] | None:
        """Return None: it only knows what is declared."""
        return None

    def start(self, launch: Launch) -> None:
        """Start the instance, or do nothing if it runs."""
        with self._rows(create=True) as rows:
            self._forget(rows, (launch.id,))
            found = rows.execute(
                "SELECT stopped, failure FROM instance WHERE id = ?", (launch.id,)
            ).fetchone()
            if found is not None and found[0] is not None:
                raise RuntimeFault(
                    f"instance {launch.id} is still stopping; wait until it is gone.", retriable=True
                )
            if found is None or found[1]:
                self._put(rows, launch)

    def restart(self, launch: Launch) -> None:
        """Start the instance anew, in its place."""
        with self._rows(create=True) as rows:
            self._put(rows, launch)

    def reconfigure(self, launch: Launch) -> None:
        """Hand the instance its new token."""
        with self._rows() as rows:
            token = launch.secrets.get("token", "")
            changed = rows.execute("UPDATE instance SET token = ? WHERE id = ?", (token, launch.id)).rowcount
        if not changed:
            raise RuntimeFault(
                f"instance {launch.id} is not there, so it cannot be given a new token; start it."
            )

    def stop(self, instance_id: str) -> None:
        """Begin a stop, or do nothing if the instance is gone or stopping."""
        with self._rows() as rows:
            rows.execute(
                "UPDATE instance SET stopped = ? WHERE id = ? AND stopped IS NULL",
                (self._clock(), instance_id),
            )

    def observe(self, instance_ids: Iterable[str]) -> dict[str, Observation]:
        """Return what is seen of each instance now; forgets those whose stop is over."""
        asked = tuple(instance_ids)
        seen = {instance_id: Observation(instance_id, "absent") for instance_id in asked}
        with self._rows() as rows:
            for first in range(0, len(asked), _AT_ONCE):
                some = asked[first : first + _AT_ONCE]
                self._forget(rows, some)
                found = rows.execute(
                    f"SELECT id, node, cards, started, ready_after, stopped, failure, starts, revision "
                    f"FROM instance WHERE id IN ({_marks(some)})",
                    some,
                )
                seen |= {row[0]: _observation(row, self._clock()) for row in found}
        return seen

    def listing(self, owner: str | None = None) -> tuple[str, ...]:
        """Return the ids of all instances, of one owner or of all, sorted."""
        with self._rows() as rows:
            found = rows.execute(
                "SELECT id FROM instance WHERE ? IS NULL OR owner = ? ORDER BY id", (owner, owner)
            )
            return tuple(row[0] for row in found)

    def logs(self, instance_id: str, lines: int = 40) -> str:
        """Return what a failed instance said last; others say nothing."""
        with self._rows() as rows:
            found = rows.execute("SELECT failure FROM instance WHERE id = ?", (instance_id,)).fetchone()
        return "\n".join(found[0].splitlines()[-lines:]) if found and lines > 0 else ""

    def kill(self, instance_id: str, words: str = "simulated: killed") -> None:
        """Let an instance die as a process dies: it is failed until somebody starts it anew. For tests of drift."""
        with self._rows() as rows:
            rows.execute("UPDATE instance SET failure = ? WHERE id = ?", (words, instance_id))

    def lose(self, instance_id: str) -> None:
        """Let an instance vanish, as if its machine had been reset. For tests of drift."""
        with self._rows() as rows:
            rows.execute("DELETE FROM instance WHERE id = ?", (instance_id,))

    def move(self, instance_id: str, node: str, cards: Iterable[str]) -> None:
        """Let an instance run elsewhere than it was told to, as if somebody had moved it by hand. For tests of drift."""
        with self._rows() as rows:
            told = (node, json.dumps(list(cards)), instance_id)
            rows.execute("UPDATE instance SET node = ?, cards = ? WHERE id = ?", told)

    def shutdown_if_idle(self) -> bool:
        """Answer whether no instance is left; there is nothing to shut down."""
        return not self.listing()

    def __del__(self) -> None:
        """Close the file with the last reference."""
        self.close()

    def close(self) -> None:
        """Close the file; the next verb opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _forget(self, rows: sqlite3.Connection, ids: tuple[str, ...]) -> None:
        """Delete those whose stop is over."""
        over = f"DELETE FROM instance WHERE id IN ({_marks(ids)}) AND stopped + stop_after <= ?"
        rows.execute(over, (*ids, self._clock()))

    def _put(self, rows: sqlite3.Connection, launch: Launch) -> None:
        fate = Fate.of(launch)
        cards = json.dumps([card.uuid for card in launch.cards])
        times = (self._clock(), fate.ready_after, fate.stop_after)
        token = launch.secrets.get("token", "")
        rows.execute(
            _UPSERT,
            (launch.id, launch.owner, launch.node, cards, *times, fate.failure, token, launch.revision),
        )

    @contextlib.contextmanager
    def _rows(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        """One transaction at a time, of all threads; other processes wait for it up to 30 s."""
        with self._lock:
            if self._connection is None and not create and not self._file.exists():
                # Looking creates nothing: a preview asks too.
                with contextlib.closing(_opened(":memory:")) as nothing:
                    yield nothing
                return
            if self._connection is None:
                self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._connection = _opened(str(self._file))
            connection = self._connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")


def _marks(ids: tuple[str, ...]) -> str:
    return ",".join("?" * len(ids))


def _opened(file: str) -> sqlite3.Connection:
    if file != ":memory:":
        # It holds tokens: for its owner only, whatever the umask.
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite3.connect(file, timeout=30, isolation_level=None, check_same_thread=False)
    # Rows of a simulation may be lost with the machine; a commit need not wait for the disk.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute(_SCHEMA)
    if "revision" not in {row[1] for row in connection.execute("PRAGMA table_info(instance)")}:
        # Another process may be adding it just now to what an earlier version wrote.
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute("ALTER TABLE instance ADD COLUMN revision TEXT NOT NULL DEFAULT ''")
    return connection


def _observation(row: tuple[Any, ...], now: float) -> Observation:
    instance_id, node, cards, started, ready_after, stopped, failure, starts, revision = row
    common = {"cards": tuple(json.loads(cards)), "node": node, "revision": revision}
    if stopped is not None:
        return Observation(instance_id, "failed", detail="stopping", **common)
    if failure:
        return Observation(instance_id, "failed", detail=f"{failure} (start {starts})", **common)
    if now < started + ready_after:
        return Observation(instance_id, "starting", detail="simulated: not ready yet", **common)
    return Observation(instance_id, "ready", f"http://simulated.invalid/{quote(instance_id)}", **common)
