"""Setup compiles the kernels, so that no preview has to."""

from __future__ import annotations

from typing import Any

from components.placement.value.compiled import compiled
from components.placement.value.warm import warm
from tests.placement.build import node, picture, planned, want


def variants() -> list[int]:
    """Return how many variants of each kernel are compiled."""
    kernels: tuple[Any, ...] = compiled()
    return [len(kernel.signatures) for kernel in kernels]


def test_what_setup_compiles_is_all_that_a_plan_calls() -> None:
    warm()
    assert set(variants()) == {1}
    views = [node(f"n{number:02d}", [20_480] * 4) for number in range(30)]
    wanted = [
        want("llm", 8, 10, instances=9, spread="host"),
        want("page", 5, instances=4),
        want("whole", gpu=2),
    ]
    assert planned(picture(views), *wanted).refusals == ()
    assert set(variants()) == {1}
