"""What every benchmark prints: figures with their targets, a calibration of the machine, and the peak of memory."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

CALIBRATION_LOOPS = 3_000_000


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. ``target`` is the most it may be, ``at_least`` the least; without both it only informs."""

    name: str
    value: float
    unit: str
    target: float | None = None
    at_least: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the value is within its target."""
        return (self.target is None or self.value <= self.target) and (
            self.at_least is None or self.value >= self.at_least
        )

    def __str__(self) -> str:
        """One line: name, value, and for a target whether it holds."""
        line = f"{self.name:<52} {self.value:10.2f} {self.unit}"
        wanted = [f"at most {self.target:.2f}"] if self.target is not None else []
        wanted += [f"at least {self.at_least:.2f}"] if self.at_least is not None else []
        if not wanted:
            return line
        return f"{line}  (target {' and '.join(wanted)}: {'holds' if self.holds else 'MISSED'})"

    def to_dict(self) -> dict[str, str | float | bool | None]:
        """Return the figure as ``--json`` prints it; a target that is a least value reads ``>= N``."""
        target = self.target if self.at_least is None else f">= {self.at_least:g}"
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "target": target,
            "holds": self.holds,
        }


def calibration() -> Figure:
    """Return how long this machine takes for a fixed loop of one thread, so that other figures can be compared with it."""
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        total = 0
        for number in range(CALIBRATION_LOOPS):
            total += number & 7
        best = min(best, time.perf_counter() - began)
    return Figure(f"calibration: {CALIBRATION_LOOPS} rounds of a loop", best * 1000, "ms")


def timed(run: Callable[[], object]) -> tuple[float, float]:
    """Do it; return the seconds it took, and those that the processes that it started and ended spent on the CPU."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run()
    seconds, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def peak_memory(name: str = "peak memory of this process", target: float | None = None) -> Figure:
    """Return the largest resident size of this process so far."""
    return Figure(name, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MiB", target)


def report(figures: Sequence[Figure], *, as_json: bool, skipped: Sequence[str] = ()) -> int:
    """Print the figures, with ``as_json`` also as the last line; return 1 if a target is missed, else 0.

    ``skipped``: what was not measured, and why; it is said wherever the figures are.
    """
    for figure in figures:
        print(figure)
    for part in skipped:
        print(f"skipped: {part}")
    if as_json:
        print(json.dumps({"figures": [figure.to_dict() for figure in figures], "skipped": list(skipped)}))
    return 0 if all(figure.holds for figure in figures) else 1
