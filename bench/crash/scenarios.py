"""What is applied when the kill comes: each scenario is a project up to that apply, and the change that it makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.e2e.project import Project

A, B = "gpu-a", "gpu-b"


@dataclass(frozen=True, slots=True)
class Scenario:
    """``before`` writes what is applied undisturbed first (None: nothing), ``change`` what is applied under the fault.

    ``verb``: the command that is killed, and given again.
    """

    name: str
    before: Callable[[Project], None] | None
    change: Callable[[Project], None]
    verb: str = "up"


def fleet(lab: Project) -> None:
    """Two instances that share a card, one that needs more, and one without a card."""
    lab.service("page", gpu_memory=20, gpu_core_percentage=10, instance=2)
    lab.service("llm", gpu_memory=48, token="a-token-of-its-own")
    lab.service("tool", cpu=2)


def _scale(lab: Project) -> None:
    """One more, one less, and a new token without a restart."""
    lab.service("page", gpu_memory=20, gpu_core_percentage=10, instance=3)
    lab.service("llm", gpu_memory=48, token="another-token")
    lab.service("tool", cpu=2, instance=2)


def _roll(lab: Project) -> None:
    """A new revision of two instances, with one surge place."""
    strategy = {"max_surge": 1, "max_unavailable": 0}
    lab.service("page", gpu_memory=24, gpu_core_percentage=10, instance=2, rolling_strategy=strategy)


def _drain(lab: Project) -> None:
    """All that is on a node leaves it."""
    lab.pool(f"{A}=draining", B)


def _full(lab: Project) -> None:
    """One that has a node to itself, beside others."""
    fleet(lab)
    lab.service("llm", gpu=2)


def _remove(lab: Project) -> None:
    """A service goes, and a new one comes that fits nowhere else."""
    lab.remove("llm")
    lab.service("video", gpu=2)


def _nothing(_lab: Project) -> None:
    return


SCENARIOS = (
    Scenario("first up", None, fleet),
    Scenario("scale", fleet, _scale),
    Scenario("roll", fleet, _roll),
    Scenario("move", fleet, _drain),
    Scenario("remove", _full, _remove),
    Scenario("destroy", fleet, _nothing, "destroy"),
)
