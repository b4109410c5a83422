"""What the placement engine adds to a small preview: its imports, its start and its plan, in processes of their own.

    python -m bench.small [--json]

Two programs read and judge ``pool.yaml`` and ``services/`` as a preview does; one of them then imports the engine and
plans the services on the empty pool. The second is also run on a pool of 160 cards, which is large enough for the
compiled kernels to be loaded. What they differ by is processor time of the whole process, the start of Python included:
that is the time on the clock where nothing else runs. The best of several runs counts.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.figures import Figure, calibration, report

ROOT = Path(__file__).resolve().parents[1]
RUNS = 7
TARGET = 300
"""Milliseconds that the engine may add to a small preview."""
COPIES = 40
"""How often the sample's first node is there in the larger pool."""
STAGES = ("judge", "import", "plan", "large")
"""What a program does, each all that stands before it and more."""


def program(stage: str) -> None:
    """Do what a preview does, up to a stage."""
    from components.rules import judge_project
    from components.spec.project import load_project
    from components.spec.revision import wanted_of

    project = load_project(ROOT)
    faults = [*project.faults, *judge_project(project)]
    assert not any(fault.level == "invalid" for fault in faults), "the sample is sound"
    wanted = [
        wanted_of(service, project.pool_of(service), secret=b"bench.small") for service in project.services
    ]
    nodes = [node for pool in project.pools for node in pool.nodes]
    if stage == "judge":
        return
    from components.placement.plan import plan
    from components.placement.plan_types import PlanOptions
    from components.placement.snapshot import NodeView, Snapshot

    if stage == "import":
        return
    if stage == "large":
        first = nodes[0]
        nodes += [
            replace(
                first,
                name=f"more-{n}",
                cards=tuple(replace(card, uuid=f"{card.uuid}-{n}") for card in first.cards),
            )
            for n in range(COPIES)
        ]
    made = plan(Snapshot("bench/small", tuple(map(NodeView, nodes))), wanted, PlanOptions())
    assert not made.refusals, "the sample fits"


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds of one process: of its processor, and on the clock."""

    core: float
    clock: float


def alone(stage: str) -> Took:
    """Run a program in a process of its own."""
    begin = time.perf_counter()
    child = os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "bench.small", "--stage", stage],
        {**os.environ, "PYTHONPATH": str(ROOT)},
    )
    _, status, used = os.wait4(child, 0)
    if status:
        raise RuntimeError(
            f"the program up to {stage!r} ended with status {os.waitstatus_to_exitcode(status)}"
        )
    return Took(1000 * (used.ru_utime + used.ru_stime), 1000 * (time.perf_counter() - begin))


def figures() -> list[Figure]:
    """Run every program in turn, several times, so that a busy moment meets all of them alike."""
    runs: dict[str, list[Took]] = {stage: [] for stage in STAGES}
    for _ in range(RUNS):
        for stage in STAGES:
            runs[stage].append(alone(stage))
    core = {stage: min(took.core for took in runs[stage]) for stage in STAGES}
    clock = {stage: min(took.clock for took in runs[stage]) for stage in STAGES}
    return [
        calibration(),
        Figure("start, read and judge the sample, without the engine", core["judge"], "ms"),
        Figure("what imports of the engine add", core["import"] - core["judge"], "ms"),
        Figure("what imports and the plan of the sample add", core["plan"] - core["judge"], "ms", TARGET),
        Figure("the same on the clock", clock["plan"] - clock["judge"], "ms"),
        Figure(f"the same with {COPIES} nodes of 4 cards more", core["large"] - core["judge"], "ms"),
    ]


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.small",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON in the last line")
    options = parser.parse_args(arguments)
    if options.stage:
        program(options.stage)
        return 0
    return report(figures(), as_json=options.json)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
