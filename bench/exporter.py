"""How long a scrape of ``eas exporter`` takes: 1,213 nodes with 6,212 cards, 10,000 services, on both databases.

    python -m bench.exporter [--services 10000] [--database sqlite|postgresql ...] [--json]

The first scrape counts every event from the beginning; the next ones read what is new. Every instance is ready, and has
the events of that. The text is what Prometheus is sent.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bench.figures import Figure, calibration, peak_memory, report
from components.exporter.catalogue import Detail
from components.exporter.scrape import Scraper
from components.exporter.server import text_of
from components.ledger import Transition, open_ledger, this_process
from components.placement.plan_types import Step
from components.placement.snapshot import Place
from components.spec.claim import Claim, Wanted
from components.spec.node import Card, Node
from tools.postgres import Server

NODES, CARDS = 1_213, 6_212
"""Of the openb trace: nodes with GPUs, and their cards."""
OWNERS = 10
SLICES = 2
TARGET = 1.0
BATCH = 1_000


def main() -> int:
    """Measure and print; return 1 when a target is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--services", type=int, default=10_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), nargs="*")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    figures = [calibration()]
    for database in asked.database or ("sqlite", "postgresql"):
        with _place(database) as (folder, url):
            _fill(url, folder, asked.services)
            figures += _measure(database, url, folder)
    return report([*figures, peak_memory()], as_json=asked.json)


def _measure(database: str, url: str, folder: Path) -> Iterator[Figure]:
    scraper = Scraper(
        lambda: open_ledger(url, home=folder, create=False),
        clock=lambda: datetime.now(UTC),
        monotonic=time.monotonic,
        complain=lambda sentence: print(sentence, file=sys.stderr),
        detail=Detail.NODE,
        hold=0.0,
    )
    took, worked = [], []
    text = ""
    for _ in range(6):
        began, before = time.perf_counter(), time.process_time()
        text = text_of(scraper)
        took.append(time.perf_counter() - began)
        worked.append(time.process_time() - before)
    yield Figure(f"{database}: first scrape, which counts all events", took[0], "s")
    yield Figure(f"{database}: a later scrape, best of 5", min(took[1:]), "s", TARGET)
    yield Figure(f"{database}: a later scrape, CPU of this process", min(worked[1:]), "s")
    yield Figure(f"{database}: series", sum(not line.startswith("#") for line in text.splitlines()), "")


def _fill(url: str, folder: Path, services: int) -> None:
    nodes = tuple(_nodes())
    places = _places(nodes)
    names = itertools.count()
    now = datetime.now(UTC)
    with open_ledger(url, home=folder, create=True) as ledger:
        ledger.declare_pool(
            "organization/bench/team0",
            "p",
            holder="h",
            resource="eas-r-bench",
            runtime="local",
            settings={},
            nodes=nodes,
            now=now,
            because="bench",
        )
        for number in range(OWNERS):
            owner = f"organization/bench/team{number}"
            chosen = [
                (f"s{number}-{n}", place)
                for n, place in enumerate(itertools.islice(places, services // OWNERS))
            ]
            done = ledger.commit(
                owner,
                nodes=nodes if not number else (),
                pools=["p"],
                wanted=[Wanted(name, "p", Claim(gpu_memory=5), revision="r") for name, _ in chosen],
                assignments={name: {0: place} for name, place in chosen},
                steps=[
                    Step(n, "start", "start", name, 0, revision="r", place=place)
                    for n, (name, place) in enumerate(chosen, 1)
                ],
                mint=lambda: f"{next(names):06x}",
                now=now,
                because="bench",
            )
            fences = ledger.lease(owner, [name for name, _ in chosen], holder=this_process("bench"), now=now)
            for to in ("starting", "ready"):
                moves = [Transition(id_, to, fences[id_.split("/")[-3]]) for id_ in done.ids.values()]
                for start in range(0, len(moves), BATCH):
                    ledger.record(moves[start : start + BATCH], now=now, because="bench")
            ledger.release(owner, fences, now=now)


def _nodes() -> Iterator[Node]:
    for number in range(NODES):
        cards = (CARDS * (number + 1)) // NODES - (CARDS * number) // NODES
        yield Node(
            "p",
            f"n{number:04d}",
            "ecs.gn7i",
            128_000,
            1_048_576,
            tuple(Card(f"GPU-{number:04d}-{index}", index, "A10", 24_576) for index in range(cards)),
        )


def _places(nodes: tuple[Node, ...]) -> Iterator[Place]:
    """Yield places of a dozen kinds, two on each card."""
    kinds = itertools.cycle(
        (memory * 1024, compute, cpu)
        for memory in (2, 5, 8, 11)
        for compute, cpu in ((0, 500), (20, 1000), (40, 2000))
    )
    for node in nodes:
        for card in node.cards:
            for _ in range(SLICES):
                memory, compute, cpu = next(kinds)
                yield Place("p", node.name, (card.uuid,), memory, compute, cpu, 4_096)


@contextmanager
def _place(database: str) -> Iterator[tuple[Path, str]]:
    """Give a folder and the URL of a new ledger."""
    folder = Path(tempfile.mkdtemp(prefix="eas-bench-", dir="/tmp")).resolve()
    server = Server(folder / "server")
    try:
        if database == "sqlite":
            yield folder, f"sqlite:///{folder}/ledger.db"
            return
        folder.chmod(0o755)
        server.start()
        server.sql("CREATE DATABASE bench")
        yield folder, server.url("bench")
    finally:
        if server.runs():
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
