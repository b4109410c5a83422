"""How long planning takes: from empty, with nothing to do, rolling everything, and where most is refused.

    python -m bench.placement [--json]

``plan`` runs twice in every ``pulumi up``, so a no-op has to cost next to nothing. Each figure is the best of three.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace

from bench.figures import Figure, report
from components.placement.plan import plan
from components.placement.plan_types import Plan, PlanOptions
from components.placement.snapshot import Held, NodeView, Snapshot
from components.placement.usage import usage
from components.spec.claim import Claim, Wanted
from components.spec.node import Card, Node

OPTIONS = PlanOptions()
MEMORY = (4, 8, 10, 20, 40)
PERCENT = (5, 10, 20, 25)


def pool(nodes: int, cards: int, *, cpu_milli: int = 127_000) -> Snapshot:
    """Return an empty pool of like nodes."""
    return Snapshot(
        "bench/owner",
        tuple(
            NodeView(
                Node(
                    "gpus",
                    f"gpu-{node:04d}",
                    "ecs.gn7e",
                    cpu_milli,
                    900 * 1024,
                    tuple(Card(f"uuid-{node}-{card}", card, "A100", 81_251) for card in range(cards)),
                    zone=f"z{node % 3}",
                )
            )
            for node in range(nodes)
        ),
    )


def services(count: int, instances: int) -> list[Wanted]:
    """Return services of some forty different claims."""
    return [
        Wanted(
            f"service-{n:04d}",
            "gpus",
            Claim(
                gpu_memory=MEMORY[n % 5],
                gpu_core_percentage=PERCENT[n % 4] + n % 2,
                cpu_milli=2000,
                memory_mib=8192,
            ),
            instances=instances,
            revision="1",
        )
        for n in range(count)
    ]


def carried_out(snapshot: Snapshot, made: Plan) -> Snapshot:
    """Return the pool once a plan of starts alone is carried out."""
    rows = tuple(
        Held(
            f"{snapshot.owner}/{step.service}/{step.ordinal}/{step.n:08d}",
            snapshot.owner,
            step.service,
            step.ordinal,
            "steady",
            step.revision,
            step.place,
            "ready",
        )
        for step in made.steps
        if step.place is not None
    )
    return replace(snapshot, held=rows)


def timed(snapshot: Snapshot, wanted: Sequence[Wanted], options: PlanOptions = OPTIONS) -> tuple[float, Plan]:
    """Return the shortest of three times, in milliseconds, and the plan."""
    times: list[float] = []
    plans: list[Plan] = []
    for _ in range(3):
        begin = time.perf_counter()
        plans.append(plan(snapshot, wanted, options))
        times.append((time.perf_counter() - begin) * 1000)
    return min(times), plans[0]


def series(
    name: str, empty: Snapshot, wanted: list[Wanted], targets: tuple[float, float, float]
) -> list[Figure]:
    """Measure a pool from empty, at rest, and when everything rolls."""
    begin, made = timed(empty, wanted)
    full = carried_out(empty, made)
    rest, nothing = timed(full, wanted)
    roll, rolled = timed(full, [replace(want, revision="2") for want in wanted])
    if made.refusals or nothing.steps or rolled.refusals:
        raise AssertionError(
            f"{name}: a plan that should be plain is not: {made.refusals[:1]} {rolled.refusals[:1]}"
        )
    return [
        Figure(f"{name}: from empty", begin, "ms", targets[0]),
        Figure(f"{name}: nothing to do", rest, "ms", targets[1]),
        Figure(f"{name}: roll all ({len(rolled.steps):,} steps)", roll, "ms", targets[2]),
    ]


def figures() -> list[Figure]:
    """Measure everything."""
    found = series("1,000 services, 200 nodes x 8", pool(200, 8), services(1000, 1), (300, 50, 1000))
    found += series("8,000 instances, 1,240 nodes x 5", pool(1240, 5), services(1000, 8), (3000, 500, 5000))
    found += series("1 service of 1,500, 200 nodes x 8", pool(200, 8), services(1, 1500), (300, 100, 2000))
    overload, refused = timed(pool(20, 8), services(1000, 1), PlanOptions(on_insufficient="wait"))
    found.append(
        Figure(f"1,000 services, 20 nodes x 8: {len(refused.refusals)} refused", overload, "ms", 3000)
    )
    tight = pool(90, 4)
    packed = carried_out(tight, plan(tight, services(1000, 1), OPTIONS))
    few, shared = timed(
        packed, [replace(want, revision="2", max_unavailable=0) for want in services(1000, 1)]
    )
    queue = sum(step.role == "surge" and bool(step.after) and step.op == "start" for step in shared.steps)
    found.append(Figure(f"1,000 rolls, {queue} share surge places", few, "ms", 3000))
    begin = time.perf_counter()
    usage(packed, plan(packed, services(1000, 1), OPTIONS))
    found.append(
        Figure("plan and usage at rest, 90 nodes x 4", (time.perf_counter() - begin) * 1000, "ms", 200)
    )
    return found


if __name__ == "__main__":
    sys.exit(report(figures(), as_json="--json" in sys.argv[1:]))
