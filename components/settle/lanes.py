"""Who may begin now: free steps in the plan's order, as many of each pool as its runtime is to handle at once."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

from components.settle.order import Order
from components.settle.task import Task

PARALLEL = 40
"""Instances of one pool in flight: begun, and not ready or gone yet."""
INSTANT = 200
"""So many where the runtime is instant: each tick is a transaction, and one that is asked to end ends after these."""


class Lanes:
    """One lane for each pool, so that a slow pool never holds up another."""

    def __init__(self, order: Order, limit: Callable[[str], int]) -> None:
        """Take the order of steps, and how many of a pool may be in flight."""
        self._order = order
        self._limit = limit
        self._waiting: dict[str, list[int]] = defaultdict(list)
        self._parked: set[int] = set()
        self._running: Counter[str] = Counter()

    def admit(self, tasks: dict[int, Task]) -> Iterator[Task]:
        """Yield the steps that begin now.

        A start whose place is not handed on yet is parked until :meth:`unpark`; it takes no room.
        """
        while (n := self._order.take()) is not None:
            heapq.heappush(self._waiting[tasks[n].pool], n)
        for pool, queue in self._waiting.items():
            while queue and self._running[pool] < self._limit(pool):
                task = tasks[heapq.heappop(queue)]
                if task.recorded == "pending" and task.verb != "stop":
                    self._parked.add(task.n)
                    continue
                self._running[pool] += 1
                yield task

    def leave(self, task: Task) -> None:
        """Make room: the step is done or failed."""
        self._running[task.pool] -= 1

    def unpark(self, task: Task) -> None:
        """Offer a parked step again: its place was handed on."""
        if task.n in self._parked:
            self._parked.discard(task.n)
            heapq.heappush(self._waiting[task.pool], task.n)

    @property
    def parked(self) -> frozenset[int]:
        """The steps whose place is still somebody else's."""
        return frozenset(self._parked)
