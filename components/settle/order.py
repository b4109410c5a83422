"""Which steps may begin: the order by ``after`` alone. Pure bookkeeping, no table and no effects.

A step that comes after one that is not among these steps is free of it: that one was done by an earlier run.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping

from components.settle.table import After


class Order:
    """The steps of one run with what each waits for; every method takes time in the edges it touches, not in all steps."""

    def __init__(self, after: Mapping[int, Iterable[int]]) -> None:
        """Take step number -> the numbers that come first."""
        self._missing: dict[int, set[int]] = {
            n: {m for m in first if m in after} for n, first in after.items()
        }
        self._next: dict[int, list[int]] = {n: [] for n in after}
        for n, first in self._missing.items():
            for m in first:
                self._next[m].append(n)
        self._broken: set[int] = set()
        self._free = [n for n, first in self._missing.items() if not first]
        heapq.heapify(self._free)

    def standing(self, n: int) -> After:
        """Return whether ``n`` is held by open steps, free to begin, or behind one that will not be done in this run."""
        if n in self._broken:
            return "broken"
        return "held" if self._missing[n] else "free"

    def take(self) -> int | None:
        """Hand out the lowest-numbered free step, once; None when none is free."""
        return heapq.heappop(self._free) if self._free else None

    def done(self, n: int) -> None:
        """Free what waited for ``n`` alone."""
        for follower in self._next[n]:
            missing = self._missing[follower]
            missing.discard(n)
            if not missing and follower not in self._broken:
                heapq.heappush(self._free, follower)

    def failed(self, n: int) -> tuple[int, ...]:
        """Break everything behind ``n``; return the newly broken steps in ascending order."""
        fresh: set[int] = set()
        stack = list(self._next[n])
        while stack:
            follower = stack.pop()
            if follower not in self._broken:
                self._broken.add(follower)
                fresh.add(follower)
                stack.extend(self._next[follower])
        return tuple(sorted(fresh))
