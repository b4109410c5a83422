"""A whole fleet planned at once, in a process of its own: 10,000 services over 1,213 nodes from nothing, then one change.

    python -m bench.joint [--services 10000] [--json]

The time from nothing includes the start of Python, all imports and the loading of compiled kernels; a first run, which
compiles them where that was not done, is printed apart. The change is ``plan`` on the running fleet in a process that is up;
its target is for the time of one core, which is what passes where nothing else runs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.figures import Figure, calibration, report
from bench.placement import carried_out
from components.placement.plan import plan
from components.placement.plan_types import PlanOptions
from components.placement.snapshot import NodeView, Snapshot
from components.spec.claim import Claim, Wanted
from components.spec.node import Card, Node

ROOT = Path(__file__).resolve().parents[1]
NODES = 1213
KINDS = (("A100", 8, 81_251, 127_000, 900), ("A10", 4, 22_731, 63_000, 250), ("V100", 4, 32_510, 63_000, 350))
"""Model, cards, MiB of one, thousandths of a core and GiB of a node."""


def fleet() -> Snapshot:
    """Return 1,213 empty nodes of three kinds."""
    return Snapshot(
        "bench/owner",
        tuple(
            NodeView(
                Node(
                    "gpus",
                    f"gpu-{n:04d}",
                    f"ecs.{model.lower()}",
                    cpu,
                    gib * 1024,
                    tuple(Card(f"{n}-{card}", card, model, mib) for card in range(cards)),
                )
            )
            for n, (model, cards, mib, cpu, gib) in ((n, KINDS[n % len(KINDS)]) for n in range(NODES))
        ),
    )


def services(count: int) -> list[Wanted]:
    """Return services of one instance each, of some forty claims: slices with and without a percentage, whole cards."""
    claims = [
        Claim(gpu=1 + n % 2, cpu_milli=8000, memory_mib=32_768)
        if n % 20 == 0
        else Claim(
            gpu_memory=(4, 6, 10, 16, 20, 30)[n % 6],
            gpu_core_percentage=(5, 10, 20, 0)[n % 4],
            cpu_milli=1000 * (1 + n % 4),
            memory_mib=8192,
        )
        for n in range(count)
    ]
    return [Wanted(f"service-{n:05d}", "gpus", claim, revision="1") for n, claim in enumerate(claims)]


def once(count: int) -> dict[str, float]:
    """Plan from nothing, then one service more; return seconds and how many were refused."""
    empty, wanted = fleet(), services(count)
    begin = time.perf_counter()
    made = plan(empty, wanted, PlanOptions(on_insufficient="wait"))
    first = time.perf_counter() - begin
    running = carried_out(empty, made)
    more = [*wanted, Wanted("one-more", "gpus", Claim(gpu_memory=12, gpu_core_percentage=10), revision="1")]
    begin, core = time.perf_counter(), time.process_time()
    after = plan(running, more, PlanOptions(on_insufficient="wait"))
    change, core = time.perf_counter() - begin, time.process_time() - core
    assert len(after.steps) == 1, "one service more is one step"
    return {"first": first, "change": change, "core": core, "refused": float(len(made.refusals))}


def alone(count: int) -> tuple[float, dict[str, float]]:
    """Run in a process of its own; return its seconds, less those after the first plan, and what it found."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", "bench.joint", "--services", str(count), "--once"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - begin
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return seconds - found["change"], found


def main(arguments: Sequence[str]) -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.joint",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--services", type=int, default=10_000, help="how many services (10,000)")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON in the last line")
    options = parser.parse_args(arguments)
    if options.once:
        print(json.dumps(once(options.services)))
        return 0
    cold, _ = alone(options.services)
    runs = [alone(options.services) for _ in range(3)]
    name = f"{options.services:,} services, {NODES:,} nodes"
    figures = [
        calibration(),
        Figure(f"{name}: first run of all, compiling where needed", cold, "s"),
        Figure(f"{name}: from nothing, with the process", min(seconds for seconds, _ in runs), "s", 3.0),
        Figure(f"{name}: plan alone", min(found["first"] for _, found in runs), "s"),
        Figure(f"{name}: refused", runs[0][1]["refused"], "instances"),
        Figure(f"{name}: one service more, of one core", min(found["core"] for _, found in runs), "s", 0.3),
        Figure(f"{name}: one service more, on the clock", min(found["change"] for _, found in runs), "s"),
    ]
    return report(figures, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
