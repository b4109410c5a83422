"""How long it takes until all services serve, compared with what ``parallel`` alone allows.

Run as ``python -m bench.readiness [--json] [--services N] [--parallel N] [--ready-after S]``. Real processes of the local
runtime, a stub that serves after 2 s: with 40 at a time, 200 services cannot serve before 10 s are over; the target is at
most 1.5 times that.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.figures import Figure, calibration, peak_memory, report
from components.ledger import Ledger, open_ledger, this_process
from components.placement.plan_types import Step
from components.placement.snapshot import Place
from components.runtimes.local.runtime import LocalRuntime
from components.settle import Outcome, Progress, settle
from components.settle.loop import Conduct
from components.settle.teardown import teardown_owner
from components.spec.claim import Claim, Wanted
from components.spec.node import Card, Node

OWNER = "organization/bench/dev-1a2b3c"
STUB = Path(__file__).with_name("stub.py")
SLACK = 1.5
STUB_CPU_MS = 20.0
SLICES = 8
CARDS = 8


def main(arguments: list[str]) -> int:
    """Measure and print; return 1 if a target is missed."""
    asked = _parser().parse_args(arguments)
    speed = calibration()
    with tempfile.TemporaryDirectory(prefix="eas-bench-") as folder:
        home = Path(folder)
        ledger = open_ledger(str(home / "ledger.db"), home=home, create=True)
        runtime = LocalRuntime(home)
        try:
            _commit(ledger, asked.services, asked.parallel, asked.ready_after)
            seconds = _timed(ledger, runtime, asked.services)
        finally:
            teardown_owner(ledger, lambda _name: runtime, OWNER, because="bench", conduct=_conduct())
            ledger.close()
    floor = math.ceil(asked.services / asked.parallel) * asked.ready_after
    # Only when all are stopped and waited for does the kernel say what they took.
    figures = [
        Figure(f"{asked.services} services until all serve", seconds, "s", SLACK * floor),
        Figure(f"what {asked.parallel} at a time allow at best", floor, "s"),
        Figure("CPU time of one stub", _stub_cpu_ms(), "ms", STUB_CPU_MS),
        peak_memory(),
        speed,
    ]
    return report(figures, as_json=asked.json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.readiness", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON in the last line")
    parser.add_argument("--services", type=int, default=200)
    parser.add_argument("--parallel", type=int, default=40)
    parser.add_argument("--ready-after", type=float, default=2.0, metavar="S")
    return parser


def _nodes(services: int) -> list[Node]:
    count = math.ceil(services / (SLICES * CARDS))
    return [
        Node(
            "bench",
            f"gpu-{n}",
            "ecs.gn6e-c12g1.3xlarge",
            cpu_milli=96_000,
            memory_mib=786_432,
            cards=tuple(Card(f"GPU-bench-{n}-{index}", index, "V100", 32_768) for index in range(CARDS)),
        )
        for n in range(count)
    ]


def _commit(ledger: Ledger, services: int, parallel: int, ready_after: float) -> None:
    now = datetime.now(UTC)
    nodes = _nodes(services)
    command = [sys.executable, "-I", "-S", str(STUB), str(ready_after)]
    ledger.declare_pool(
        OWNER,
        "bench",
        holder="pool",
        resource="eas-r-bench",
        runtime="local",
        settings={"run": {"default": command}, "ports": [20000, 29999], "parallel": parallel},
        nodes=nodes,
        now=now,
        because="bench",
    )
    steps, wanted = [], []
    for number in range(services):
        name = f"s{number:04d}"
        ledger.declare_service(
            OWNER,
            name,
            holder=name,
            pool="bench",
            revision="r1",
            document={"metadata": {"name": name}},
            secrets={},
            now=now,
            because="bench",
        )
        node, slot = divmod(number, SLICES * CARDS)
        card = f"GPU-bench-{node}-{slot % CARDS}"
        place = Place("bench", f"gpu-{node}", (card,), memory_mib=4096, compute=12)
        steps.append(Step(number + 1, "start", "start", name, 0, revision="r1", place=place))
        wanted.append(Wanted(name, "bench", Claim(gpu_memory=4), revision="r1"))
    ledger.commit(
        OWNER,
        nodes=nodes,
        pools=["bench"],
        wanted=wanted,
        assignments={step.service: {0: step.place} for step in steps},
        steps=steps,
        mint=(f"i{n}" for n in itertools.count()).__next__,
        now=now,
        because="bench",
    )


def _timed(ledger: Ledger, runtime: LocalRuntime, services: int) -> float:
    began = time.perf_counter()
    outcome: Outcome = settle(
        ledger,
        lambda _name: runtime,
        OWNER,
        holder=this_process("bench"),
        token_for=lambda service, declared: declared or f"token-of-{service}",
        clock=lambda: datetime.now(UTC),
        sleep=time.sleep,
        report=_quiet,
    )
    seconds = time.perf_counter() - began
    if len(outcome.ready) != services:
        raise SystemExit(f"not all services serve, so nothing was measured: {outcome}")
    return seconds


def _conduct() -> Conduct:
    return Conduct(
        holder=this_process("bench"), clock=lambda: datetime.now(UTC), sleep=time.sleep, report=_quiet
    )


def _stub_cpu_ms() -> float:
    """Return what one stub takes, started and ended here, since those under the runtime's daemon are not our children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PORT": "0"}
    with subprocess.Popen([sys.executable, "-I", "-S", str(STUB), "0.2"], env=environment) as stub:
        time.sleep(0.6)
        stub.terminate()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def _quiet(_progress: Progress) -> None:
    """Print nothing: what is timed is not the terminal."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
