"""From starts and stops to numbered steps: a valid serial order, service by service as far as dependencies allow."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from heapq import heapify, heappop, heappush
from typing import TypeVar

from components.placement.board import Board
from components.placement.jobs import Start, Stop
from components.placement.plan_types import Step

Job = Start | Stop
_AnyJob = TypeVar("_AnyJob", Start, Stop, Start | Stop)
LOOK = 256
"""At how many earlier jobs a look for superfluous dependencies stops: one too many costs a number in the plan."""
_Key = tuple[str, int, str, int, int, str]


class CircularPlan(AssertionError):
    """Steps wait for one another: a defect of the planner, never of the data."""


def steps_of(board: Board) -> tuple[Step, ...]:
    """Number all jobs and render them."""
    for start in board.starts:
        start.after = _needed(start.after)
    for stop in board.stops:
        stop.after = _needed(stop.after)
    numbered = _in_order([*board.starts, *board.stops])
    for n, job in enumerate(numbered, start=1):
        job.n = n
    return tuple(_start(job) if isinstance(job, Start) else _stop(job) for job in numbered)


def _key(job: Job) -> _Key:
    if isinstance(job, Start):
        return (job.service, job.wave, job.role, job.ordinal, 1, job.row.id if job.row else "")
    service, role, ordinal, name = job.key
    return (service, job.wave, role, ordinal, 0, name)


def _in_order(jobs: list[Job]) -> list[Job]:
    """Order jobs so that each comes after those it waits for; among those that may come next, by service and wave."""
    waiting: dict[Job, int] = {job: len(job.after) for job in jobs}
    followers: dict[Job, list[Job]] = {}
    for job in jobs:
        for first in job.after:
            followers.setdefault(first, []).append(job)
    keys = [_key(job) for job in jobs]
    place = {job: index for index, job in enumerate(jobs)}
    ready = [(keys[index], index) for index, job in enumerate(jobs) if not waiting[job]]
    heapify(ready)
    ordered: list[Job] = []
    while ready:
        _, index = heappop(ready)
        job = jobs[index]
        ordered.append(job)
        for follower in followers.get(job, ()):
            waiting[follower] -= 1
            if not waiting[follower]:
                heappush(ready, (keys[place[follower]], place[follower]))
    if len(ordered) < len(jobs):
        stuck = sorted(str(_key(job)) for job in jobs if waiting[job])
        raise CircularPlan(f"steps wait for one another: {', '.join(stuck[:6])}")
    return ordered


def _needed(after: list[_AnyJob]) -> list[_AnyJob]:
    """Leave out what another of them waits for anyway, as far as a short look shows."""
    if len(after) < 2:
        return after
    wanted: set[Job] = set(after)
    implied: set[Job] = set()
    seen: set[Job] = set()
    todo: deque[Job] = deque(first for job in after for first in job.after)
    while todo and len(seen) < LOOK:
        job = todo.popleft()
        if job not in seen:
            seen.add(job)
            if job in wanted:
                implied.add(job)
            todo += job.after
    return [job for job in after if job not in implied]


def _numbers(jobs: Iterable[Job]) -> tuple[int, ...]:
    return tuple(sorted({job.n for job in jobs}))


def _start(job: Start) -> Step:
    return Step(
        n=job.n,
        op=job.op,
        how=job.how,
        service=job.service,
        ordinal=job.ordinal,
        role=job.role,
        instance=job.row.id if job.row is not None else "",
        revision=job.revision or job.wanted.revision,
        place=job.place,
        mode=job.mode,
        wave=job.wave,
        after=_numbers(job.after),
        reason=job.reason,
    )


def _stop(job: Stop) -> Step:
    service, role, ordinal, name = job.key
    begun = job.begun
    return Step(
        n=job.n,
        op="stop",
        how=job.how,
        service=service,
        ordinal=ordinal,
        role="surge" if role == "surge" else "steady",
        instance=name,
        revision=job.row.revision if job.row is not None else begun.revision if begun is not None else "",
        place=begun.place if begun is not None else None,
        mode=job.mode,
        wave=job.wave,
        after=_numbers(job.after),
        reason=job.reason,
    )
