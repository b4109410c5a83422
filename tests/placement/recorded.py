"""Plans of fixed scenes as text, kept in ``recorded.jsonl``: another machine has to make the same ones, byte for byte.

    python -m tests.placement.recorded        # after a change that is meant to plan otherwise: records them again

Each line is one scene: its name, and of each of its plans the assignments, the steps, the refusals and the warnings.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bench.placement import carried_out
from components.placement.plan import plan
from components.placement.plan_types import Plan, PlanOptions
from components.placement.snapshot import NodeView, Snapshot
from components.spec.claim import Claim, Wanted
from components.spec.node import Card, Node
from tests.properties import scenes

FILE = Path(__file__).parent / "recorded.jsonl"
OWNER = "org/project/stack-1"
SMALL_SCENES = 24


def recorded() -> Iterator[str]:
    """Yield the lines of the file as this machine would write them."""
    for seed in range(SMALL_SCENES):
        yield _line(f"small {seed}", _small(seed))
    yield _line("fleet", _fleet())


def _line(name: str, plans: list[Plan]) -> str:
    return json.dumps(
        {"scene": name, "plans": [_told(made) for made in plans]}, sort_keys=True, separators=(",", ":")
    )


def _told(made: Plan) -> dict[str, object]:
    return {
        "assignments": {
            service: {
                str(ordinal): "waiting" if place is None else f"{place.node} {'+'.join(place.cards)}".strip()
                for ordinal, place in places.items()
            }
            for service, places in made.assignments.items()
        },
        "change": made.change(),
        "refusals": [str(refusal) for refusal in made.refusals],
        "warnings": list(made.warnings),
    }


def _small(seed: int) -> list[Plan]:
    """Plan a busy little pool from empty, then after edits and a disturbance."""
    rng = random.Random(f"recorded/{seed}")
    views, wanted, options = scenes.nodes(rng), scenes.services(rng), scenes.options(rng)
    empty = Snapshot(OWNER, tuple(views))
    first = plan(empty, wanted, replace(options, on_insufficient="wait"))
    after = replace(carried_out(empty, first), nodes=tuple(scenes.disturbed(rng, views)))
    return [first, plan(after, scenes.changed(rng, wanted), options)]


def _fleet() -> list[Plan]:
    """Plan three hundred services of forty claims on two models from empty, then one service more."""
    views = tuple(
        NodeView(
            Node(
                "p",
                f"{model.lower()}-{n:02d}",
                f"ecs.{model.lower()}",
                95_000,
                900 * 1024,
                tuple(Card(f"{model}-{n:02d}-{card}", card, model, mib) for card in range(cards)),
                zone=f"z{n % 3}",
            )
        )
        for model, count, cards, mib in (("A100", 8, 8, 81_251), ("A10", 6, 4, 22_731))
        for n in range(count)
    )
    wanted = [
        Wanted(
            f"service-{n:03d}",
            "p",
            Claim(
                gpu_memory=(4, 8, 10, 20, 36)[n % 5],
                gpu_core_percentage=(5, 10, 0, 25)[n % 4] + n % 2,
                cpu_milli=1000 * (1 + n % 3),
                memory_mib=8192,
            )
            if n % 17
            else Claim(gpu=1 + n % 2, cpu_milli=8000, memory_mib=32_768),
            instances=1 + n % 2,
            revision="1",
            spread="host" if n % 11 == 0 else "default",
        )
        for n in range(150)
    ]
    empty = Snapshot(OWNER, views)
    first = plan(empty, wanted, PlanOptions(on_insufficient="wait"))
    more = Wanted("one-more", "p", Claim(gpu_memory=18, gpu_core_percentage=20), revision="1")
    return [first, plan(carried_out(empty, first), [*wanted, more], PlanOptions(on_insufficient="wait"))]


if __name__ == "__main__":
    FILE.write_text("".join(f"{line}\n" for line in recorded()))
