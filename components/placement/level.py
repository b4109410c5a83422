"""How full a card or node can get while plans are carried out, whatever the order in which their steps end.

Rows that replace one another are never there together, so their sizes must not be added up. Matching each unit of a
``pending`` row with a unit of a row that has to be gone before it covers the rows by chains of which one unit is there at
a time. The number of chains bounds what is ever taken at once, and with as many matched units as possible it is exactly
that (Dilworth). That is what planning, checking and committing all compare with the capacity. The planner's own books match
greedily, which never promises more than this does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise


def peak(rows: Sequence[tuple[str, int]], after: Mapping[str, Iterable[str]]) -> int:
    """Return the sum of sizes that can be there at once.

    ``rows`` are (id, size); ``after`` gives for a pending row the ids (transitively closed) that are gone before it counts.
    Ids that are not in ``rows`` are ignored. The order of rows does not matter.
    """
    sizes: dict[str, int] = {}
    for row, size in rows:
        sizes[row] = sizes.get(row, 0) + size
    total = sum(sizes.values())
    gone = {row: [other for other in after.get(row, ()) if sizes.get(other)] for row in sizes}
    waiting = {row: others for row, others in gone.items() if others and sizes[row]}
    return total - _matched(sizes, waiting) if waiting else total


_Path = list[tuple[str, str]]
"""(taker, giver) pairs; each taker after the first gets from the giver before it, and would change to its own."""


def _matched(sizes: Mapping[str, int], waiting: Mapping[str, list[str]]) -> int:
    """Return how many units of ``waiting`` rows can be matched with distinct units of rows that go before them."""
    spare = dict(sizes)
    given: dict[str, dict[str, int]] = {}
    matched = 0
    for taker in waiting:
        left = sizes[taker]
        while left and (path := _path(taker, waiting, spare, given)):
            rerouted = [given[giver][other] for (_, giver), (other, _) in pairwise(path)]
            part = min(left, spare[path[-1][1]], *rerouted)
            for (_, giver), (other, _) in pairwise(path):
                given[giver][other] -= part
            for other, giver in path:
                takers = given.setdefault(giver, {})
                takers[other] = takers.get(other, 0) + part
            spare[path[-1][1]] -= part
            left -= part
            matched += part
    return matched


def _path(
    taker: str,
    waiting: Mapping[str, list[str]],
    spare: Mapping[str, int],
    given: Mapping[str, Mapping[str, int]],
) -> _Path:
    """Return the shortest way to a giver with spare units, others changing theirs on the way; empty if there is none."""
    taker_before: dict[str, str] = {}
    giver_before: dict[str, str] = {}
    todo = deque([taker])
    while todo:
        current = todo.popleft()
        for giver in waiting[current]:
            if giver in taker_before:
                continue
            taker_before[giver] = current
            if spare[giver]:
                return _walk(taker, giver, taker_before, giver_before)
            for other, amount in given.get(giver, {}).items():
                if amount and other != taker and other not in giver_before:
                    giver_before[other] = giver
                    todo.append(other)
    return []


def _walk(taker: str, giver: str, taker_before: Mapping[str, str], giver_before: Mapping[str, str]) -> _Path:
    path = [(taker_before[giver], giver)]
    while path[-1][0] != taker:
        giver = giver_before[path[-1][0]]
        path.append((taker_before[giver], giver))
    return path[::-1]
