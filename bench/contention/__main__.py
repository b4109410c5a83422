"""Many processes commit random small plans against one crowded pool, on SQLite and on PostgreSQL; every write durable.

    python -m bench.contention [--attempts 1000] [--writers 8] [--timed 200] [--database sqlite|postgresql] [--json]

First all writers make their attempts, and after each commit its writer asks the database itself, in SQL of its own, whether
any card is over its capacity. Then each number of writers makes ``--timed`` attempts without asking. An attempt takes a
picture, commits one to three starts or stops as `pulumi up` does, and records them as carried out: three transactions, of
which the commit counts; processor time is that of all three. PostgreSQL is a server of this bench (tools/postgres.py),
synced as in earnest, on the same processors as the writers. Without a server its part is skipped, and said; a database that
is named must be had.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from bench.contention.race import race
from bench.contention.writer import NOW, crowded
from bench.figures import Figure, calibration, report
from components.ledger import open_ledger
from components.placement.plan_types import Step
from components.placement.snapshot import Place
from components.spec.claim import Claim, Wanted
from components.spec.node import Card, Node
from tools.postgres import NoServer, Server

DATABASES = ("sqlite", "postgresql")
STREAK = 100
LARGE = 1_000


def main() -> int:
    """Measure and print; return 1 when a target is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--attempts", type=int, default=1_000)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--timed", type=int, default=200)
    parser.add_argument("--database", choices=DATABASES)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    figures, skipped = [calibration()], []
    for database in (asked.database,) if asked.database else DATABASES:
        try:
            with _places(database) as (folder, urls, server):
                figures += _together(database, next(urls), folder, asked.writers, asked.attempts)
                for writers in sorted({1, 2, 4, asked.writers}):
                    figures += _timed(database, next(urls), folder, writers, asked.timed, server)
                figures += _large(database, next(urls), folder)
                if server is not None:
                    figures.append(Figure(f"{database}: deadlocks", server.deadlocks(), "", 0))
        except NoServer as error:
            if asked.database:
                print(f"error: --database {database} cannot be measured: {error}", file=sys.stderr)
                return 1
            skipped.append(f"{database}, all of it: {error}")
    return report(figures, as_json=asked.json, skipped=skipped)


def _together(database: str, url: str, folder: Path, writers: int, attempts: int) -> list[Figure]:
    crowded(url, folder)
    done = race(url, folder, writers, attempts, audited=True)
    for fault in done.faults[:10]:
        print(f"{database}: {fault}", file=sys.stderr)
    tried = done.committed + done.lost
    return [
        Figure(f"{database}: attempts of {writers} writers that were to be committed", tried, ""),
        Figure(f"{database}: cards too full, or losers without a reason", len(done.faults), "", 0),
        Figure(f"{database}: lost their place to another writer", 100 * done.lost / tried, "%"),
        Figure(f"{database}: most plans lost in a row by one writer", done.longest, "", STREAK),
    ]


def _timed(
    database: str, url: str, folder: Path, writers: int, attempts: int, server: Watched | None
) -> list[Figure]:
    crowded(url, folder)
    before = server.processor() if server else 0.0
    done = race(url, folder, writers, attempts, audited=False)
    after = server.processor() if server else 0.0
    wanted = 100.0 if database == "postgresql" and writers == 8 else None
    each = f"{database}, {writers} writer{'s' if writers > 1 else ''}"
    figures = [
        Figure(f"{each}: commits", done.per_second, "1/s", at_least=wanted),
        Figure(f"{each}: 99 of 100 commits within", 1000 * done.slowest(99), "ms"),
        Figure(
            f"{each}: processor time of a writer for each commit",
            1000 * done.processor / done.committed,
            "ms",
        ),
    ]
    if server:
        used = 1000 * (after - before) / done.committed
        figures.append(Figure(f"{each}: processor time of the server for each commit", used, "ms"))
    return figures


def _large(database: str, url: str, folder: Path) -> list[Figure]:
    """One commit of a thousand new assignments on a thousand cards; the target is for a machine that does nothing else."""
    nodes = tuple(
        Node("p", f"n{n}", "ecs.gn7i", 128_000, 1_048_576, tuple(_cards(n))) for n in range(LARGE // 8)
    )
    places = [Place("p", node.name, (card.uuid,), 5_120, 25, 1_000) for node in nodes for card in node.cards]
    steps = [
        Step(n, "start", "start", f"s{n}", 0, revision="r", place=place) for n, place in enumerate(places, 1)
    ]
    names = itertools.count()
    took = []
    for attempt in range(3):
        with open_ledger(url, home=folder, create=True) as ledger:
            owner = f"organization/large{attempt}/dev"
            began = time.perf_counter()
            ledger.commit(
                owner,
                nodes=nodes,
                pools=["p"],
                wanted=[Wanted(step.service, "p", Claim(gpu_memory=5), revision="r") for step in steps],
                assignments={step.service: {0: step.place} for step in steps},
                steps=steps,
                mint=lambda: f"{next(names):06x}",
                now=NOW,
                because="bench",
            )
            took.append(time.perf_counter() - began)
    each = f"{database}: commit of {LARGE} assignments"
    return [
        Figure(f"{each}, best of {len(took)}", min(took), "s", 0.5),
        Figure(f"{each}, median of {len(took)}", sorted(took)[len(took) // 2], "s"),
    ]


def _cards(node: int) -> Iterator[Card]:
    for index in range(8):
        yield Card(f"GPU-{node:03d}-{index}", index, "A10", 24_576)


class Watched:
    """The server of this bench, and what it has come to."""

    def __init__(self, server: Server) -> None:
        """``server`` runs."""
        self._server = server
        self._process = psutil.Process(server.pid())

    def processor(self) -> float:
        """Return the processor seconds of all its processes that ended or run."""
        own = self._process.cpu_times()
        used = own.user + own.system + own.children_user + own.children_system
        for child in self._process.children():
            with suppress(psutil.NoSuchProcess):
                used += sum(child.cpu_times()[:2])
        return used

    def deadlocks(self) -> int:
        """Return how many it found."""
        import psycopg

        with psycopg.connect(self._server.url("postgres")) as connection:
            found = connection.execute("SELECT sum(deadlocks) FROM pg_stat_database").fetchone()
        return int(found[0]) if found else 0


@contextmanager
def _places(database: str) -> Iterator[tuple[Path, Iterator[str], Watched | None]]:
    """Give a folder, the URLs of new ledgers, and the server."""
    folder = Path(tempfile.mkdtemp(prefix="eas-bench-", dir="/tmp")).resolve()
    try:
        if database == "sqlite":
            yield folder, (f"sqlite:///{folder}/{n}.db" for n in itertools.count()), None
            return
        folder.chmod(0o755)
        with Server(folder / "server").while_within() as server:
            yield folder, _databases(server), Watched(server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _databases(server: Server) -> Iterator[str]:
    for n in itertools.count():
        server.sql(f"CREATE DATABASE bench{n}")
        yield server.url(f"bench{n}")


if __name__ == "__main__":
    sys.exit(main())
