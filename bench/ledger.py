"""How long the ledger takes: declarations from four threads, one commit, transitions, snapshots.

Run as ``python -m bench.ledger [services] [folder]``. Prints seconds; the tests assert ratios only.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from components.ledger import Ledger, Transition, open_ledger, this_process
from components.placement.plan_types import Step
from components.placement.snapshot import Place
from components.spec.claim import Claim, Wanted
from components.spec.node import Card, Node

OWNER = "organization/bench/dev-1a2b"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
CARDS = 8
SLICES = 4


def main(services: int, folder: Path) -> None:
    """Measure with this many services of one instance each, in a new ledger in ``folder``."""
    nodes = _nodes(services)
    with _timed("open, creating the file, its key and its tables"):
        ledger = open_ledger(str(folder / "ledger.db"), home=folder, create=True)
    with _timed("open an existing ledger"):
        open_ledger(str(folder / "ledger.db"), home=folder, create=False).close()
    _declare(ledger, nodes, services)
    plan_id, ids = _commit(ledger, nodes, services)
    _carry_out(ledger, plan_id, ids)
    _read(ledger, nodes)
    ledger.close()
    size = (folder / "ledger.db").stat().st_size
    print(f"{'the file afterwards':<62} {size / 2**20:8.1f} MiB")


def _declare(ledger: Ledger, nodes: tuple[Node, ...], services: int) -> None:
    because = {"now": NOW, "because": "bench"}
    with _timed(f"declare a pool of {len(nodes)} nodes, {len(nodes) * CARDS} cards"):
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
        _timed(f"declare {services} services from 4 threads, a transaction each"),
        ThreadPoolExecutor(4) as pool,
    ):
        list(pool.map(declare, range(services)))


def _commit(ledger: Ledger, nodes: tuple[Node, ...], services: int) -> tuple[int, dict[int, str]]:
    steps, assignments, wanted = [], {}, []
    places = _places(nodes)
    for number in range(services):
        place = next(places)
        name = f"s{number}"
        steps.append(Step(number + 1, "start", "start", name, 0, revision="r1", place=place))
        assignments[name] = {0: place}
        wanted.append(Wanted(name, "p", Claim(gpu_memory=5, gpu_core_percentage=25), revision="r1"))
    counter = itertools.count()
    with _timed(f"commit {services} starts"):
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


def _carry_out(ledger: Ledger, plan_id: int, ids: dict[int, str]) -> None:
    services = [instance.split("/")[-3] for instance in ids.values()]
    with _timed(f"lease {len(services)} services"):
        fences = ledger.lease(OWNER, services, holder=this_process("bench"), now=NOW)
    batches = {
        "starting": lambda n: {},
        "ready": lambda n: {"step": (plan_id, n), "endpoint": f"http://127.0.0.1:{n}"},
        "stopping": lambda n: {},
        "gone": lambda n: {},
    }
    for to, more in batches.items():
        batch = [
            Transition(instance, to, fences[instance.split("/")[-3]], **more(n))
            for n, instance in ids.items()
        ]
        half = batch if to in ("starting", "ready") else batch[: len(batch) // 2]
        with _timed(f"record {len(half)} x {to}, 40 in a transaction"):
            for start in range(0, len(half), 40):
                ledger.record(half[start : start + 40], now=NOW, because="bench")
    rest = list(ids.items())[len(ids) // 2 :]
    with _timed(f"record {len(rest)} x failed, one in a transaction"):
        for _, instance in rest:
            ledger.failed(instance, fences[instance.split("/")[-3]], "it died", NOW, "bench")


def _read(ledger: Ledger, nodes: tuple[Node, ...]) -> None:
    with _timed("snapshot"):
        ledger.snapshot(OWNER, nodes, ["p"])
    with _timed("services, cards and the last 100 events"):
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
def _timed(what: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    print(f"{what:<62} {time.perf_counter() - start:8.3f} s", flush=True)


if __name__ == "__main__":
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    if len(sys.argv) > 2:
        main(asked, Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as made:
            main(asked, Path(made))
