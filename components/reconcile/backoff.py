"""How long to leave an instance alone that failed again and again, from the times of its failures. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from components.ledger import OpenStep

WINDOW = timedelta(hours=1)
"""Failures older than this no longer count: whoever served for an hour starts with a clean slate."""
FIRST = timedelta(seconds=10)
LONGEST = timedelta(minutes=5)
"""The second failure is followed by 10 s of rest, each further one by twice as much, 5 min at most: what kubelet does
(kubernetes.io, "Pod Lifecycle", container restart policy). The first is repaired at once."""
LOOP = 3
"""From this many failures within :data:`WINDOW` on, an instance is said to be crash-looping."""

Slot = tuple[str, int]
"""(service, ordinal): an instance that is started again is another one, and fails for the same reason."""


@dataclass(frozen=True, slots=True)
class Loop:
    """An instance that failed ``failures`` times within the hour, and is left alone until ``until``."""

    slot: Slot
    failures: int
    until: datetime

    @property
    def label(self) -> str:
        """``service/ordinal``."""
        return f"{self.slot[0]}/{self.slot[1]}"


def loop_of(slot: Slot, failures: Sequence[datetime], now: datetime) -> Loop | None:
    """Return how this instance stands; None for one that has not failed lately."""
    recent = sorted(at for at in failures if now - WINDOW < at <= now)
    if not recent:
        return None
    return Loop(slot, len(recent), recent[-1] + rest_after(len(recent)))


def rest_after(failures: int) -> timedelta:
    """Return the rest that follows the n-th failure in a row."""
    if failures < 2:
        return timedelta()
    # The power is bounded before it is taken: a long loop must not make a number of a thousand digits.
    doubled: int = 2 ** min(failures - 2, 16)
    return min(FIRST * doubled, LONGEST)


def resting(failures: Mapping[Slot, Sequence[datetime]], now: datetime) -> dict[Slot, Loop]:
    """Return those that are to be left alone now."""
    loops = {slot: loop_of(slot, times, now) for slot, times in failures.items()}
    return {slot: loop for slot, loop in loops.items() if loop is not None and loop.until > now}


def without(
    steps: Iterable[OpenStep], resting_slots: Iterable[Slot], later: Iterable[Slot] = ()
) -> tuple[OpenStep, ...]:
    """Return the steps that may be carried out now: no start of one that rests, nothing of one whose turn comes ``later``,
    and nothing that comes after one of those.

    What comes after a start may be the stop of the instance that serves meanwhile, so it must not look as if that start
    had been done.
    """
    rest, waits = set(resting_slots), set(later)
    left: list[OpenStep] = []
    held_back: set[int] = set()
    for found in sorted(steps, key=lambda each: each.step.n):
        step = found.step
        slot = (step.service, step.ordinal)
        starts = step.op in ("start", "restart") and slot in rest
        if starts or slot in waits or not held_back.isdisjoint(step.after):
            held_back.add(step.n)
        else:
            left.append(found)
    return tuple(left)
