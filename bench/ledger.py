"""How long the ledger takes: declarations from four threads, one commit, transitions, snapshots; every write durable.

    python -m bench.ledger [--services 1000] [--folder FOLDER] [--json]

Each service has one instance. ``--folder`` puts the ledger on another disk, for what syncing costs there.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.figures import Figure, calibration, peak_memory, report
from components.ledger import Ledger, Transition, open_ledger, this_process
from components.placement.plan_types import Step
from components.placement.snapshot import Place
from components.spec.claim import Claim, Wanted
from components.spec.node import Card, Node

OWNER = "organization/bench/dev-1a2b"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
CARDS = 8
SLICES = 4
BATCH = 40


Clock = list[Figure]
"""The figures so far."""


def main() -> int:
    """Measure and print; return 1 when a target is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--services", type=int, default=1_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder, prefix="eas-bench-") as made:
        figures = measure(asked.services, Path(made))
    return report([calibration(), *figures, peak_memory()], as_json=asked.json)


def measure(services: int, folder: Path) -> Clock:
    """Return the figures of a new ledger in ``folder``. Targets are those of a thousand services, and grow with more."""
    clock: Clock = []
    scale = services / 1_000
    nodes = _nodes(services)
    file = folder / "ledger.db"
    with _timed(clock, "open, making the file, its key and its tables"):
        ledger = open_ledger(str(file), home=folder, create=True)
    with _timed(clock, "open a ledger that is there"):
        open_ledger(str(file), home=folder, create=False).close()
    _declare(clock, ledger, nodes, services, 2.0 * scale)
    plan_id, ids = _commit(clock, ledger, nodes, services, 1.0 * scale)
    _carry_out(clock, ledger, plan_id, ids)
    _read(clock, ledger, nodes)
    ledger.close()
    return [*clock, Figure("the file afterwards", file.stat().st_size / 2**20, "MiB")]


def _declare(clock: Clock, ledger: Ledger, nodes: tuple[Node, ...], services: int, target: float) -> None:
    because: dict[str, Any] = {"now": NOW, "because": "bench"}
    with _timed(clock, f"pool of {len(nodes)} nodes, {len(nodes) * CARDS} cards"):
        ledger.declare_pool(
            OWNER,
            "p",
            holder="h",
            resource="eas-r-bench",
            runtime="local",
            settings={},
            nodes=nodes,
            **because,
        )

    def declare(number: int) -> None:
        ledger.declare_service(
            OWNER,
            f"s{number}",
            holder=f"h{number}",
            pool="p",
            revision="r1",
            document={"metadata": {"name": f"s{number}"}, "containers": [{"image": "x" * 200}]},
            secrets={"token": f"secret {number}"},
            **because,
        )

    with (
        _timed(clock, f"declare {services} services, 4 threads, one by one", target),
        ThreadPoolExecutor(4) as pool,
    ):
        list(pool.map(declare, range(services)))


def _commit(
    clock: Clock, ledger: Ledger, nodes: tuple[Node, ...], services: int, target: float
) -> tuple[int, dict[int, str]]:
    steps, assignments, wanted = [], {}, []
    places = _places(nodes)
    for number in range(services):
        place = next(places)
        name = f"s{number}"
        steps.append(Step(number + 1, "start", "start", name, 0, revision="r1", place=place))
        assignments[name] = {0: place}
        wanted.append(Wanted(name, "p", Claim(gpu_memory=5, gpu_core_percentage=25), revision="r1"))
    counter = itertools.count()
    with _timed(clock, f"commit {services} starts", target):
        done = ledger.commit(
            OWNER,
            nodes=nodes,
            pools=["p"],
            wanted=wanted,
            assignments=assignments,
            steps=steps,
            mint=lambda: f"{next(counter):06x}",
            now=NOW,
            because="bench",
        )
    return done.plan_id, dict(done.ids)


def _carry_out(clock: Clock, ledger: Ledger, plan_id: int, ids: dict[int, str]) -> None:
    services = [instance.split("/")[-3] for instance in ids.values()]
    with _timed(clock, f"lease {len(services)} services"):
        fences = ledger.lease(OWNER, services, holder=this_process("bench"), now=NOW)
    batches: tuple[tuple[str, Callable[[int], dict[str, Any]], int], ...] = (
        ("starting", lambda n: {}, len(ids)),
        ("ready", lambda n: {"step": (plan_id, n), "endpoint": f"http://127.0.0.1:{n}"}, len(ids)),
        ("stopping", lambda n: {}, len(ids) // 2),
        ("gone", lambda n: {}, len(ids) // 2),
    )
    for to, more, count in batches:
        batch: list[Transition] = []
        for n, instance in list(ids.items())[:count]:
            fence = fences[instance.split("/")[-3]]
            batch.append(Transition(instance, to, fence, **more(n)))  # type: ignore[arg-type]
        with _timed(clock, f"record {count} x {to}, {BATCH} in a transaction"):
            for start in range(0, count, BATCH):
                ledger.record(batch[start : start + BATCH], now=NOW, because="bench")
    rest = list(ids.items())[len(ids) // 2 :]
    with _timed(clock, f"record {len(rest)} x failed, one in a transaction"):
        for _, instance in rest:
            ledger.failed(instance, fences[instance.split("/")[-3]], "it died", NOW, "bench")


def _read(clock: Clock, ledger: Ledger, nodes: tuple[Node, ...]) -> None:
    with _timed(clock, "snapshot"):
        ledger.snapshot(OWNER, nodes, ["p"])
    with _timed(clock, "services, cards and the last 100 events"):
        ledger.services(OWNER)
        ledger.cards()
        ledger.events()


def _nodes(services: int) -> tuple[Node, ...]:
    return tuple(
        Node("p", f"n{number:04d}", "ecs.gn7i", 128_000, 1_048_576, tuple(_cards(number)))
        for number in range(-(-services // (CARDS * SLICES)))
    )


def _cards(number: int) -> Iterator[Card]:
    for index in range(CARDS):
        yield Card(f"GPU-{number:04d}-{index}", index, "A10", 24_576)


def _places(nodes: tuple[Node, ...]) -> Iterator[Place]:
    for node in nodes:
        for card in node.cards:
            for _ in range(SLICES):
                yield Place("p", node.name, (card.uuid,), 5_120, 25, 1_000, 4_096)


@contextmanager
def _timed(clock: Clock, what: str, target: float | None = None) -> Iterator[None]:
    start = time.perf_counter()
    yield
    clock.append(Figure(what, time.perf_counter() - start, "s", target))


if __name__ == "__main__":
    sys.exit(main())
