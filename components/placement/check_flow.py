"""The worst moment: of all sets of things that may have happened so far, the one in which a sum is largest.

A set of events is possible when it holds, with each event, all that have to come before it. The largest sum over
possible sets is a maximum closure, found as a minimum cut. Part of the checker: shares no code with the planner.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

_SOURCE: Hashable = ("source",)
_SINK: Hashable = ("sink",)
_Graph = dict[Hashable, dict[Hashable, int]]


def largest_sum(weights: Mapping[Any, int], needs: Mapping[Any, Iterable[Any]]) -> int:
    """Return the largest sum of ``weights`` over sets that hold, with each event, all that it ``needs``."""
    endless = sum(abs(weight) for weight in weights.values()) + 1
    graph: _Graph = {_SOURCE: {}, _SINK: {}}
    for event, weight in weights.items():
        graph.setdefault(event, {})
        if weight > 0:
            graph[_SOURCE][event] = weight
            graph[event].setdefault(_SOURCE, 0)
        elif weight < 0:
            graph[event][_SINK] = -weight
            graph[_SINK][event] = 0
    for event, others in needs.items():
        for other in others:
            graph.setdefault(event, {})[other] = endless
            graph.setdefault(other, {}).setdefault(event, 0)
    return sum(weight for weight in weights.values() if weight > 0) - _cut(graph)


def _cut(graph: _Graph) -> int:
    total = 0
    while True:
        came: dict[Hashable, Hashable] = {_SOURCE: _SOURCE}
        todo = deque([_SOURCE])
        while todo and _SINK not in came:
            current = todo.popleft()
            for other, room in graph[current].items():
                if room > 0 and other not in came:
                    came[other] = current
                    todo.append(other)
        if _SINK not in came:
            return total
        path = [_SINK]
        while path[-1] != _SOURCE:
            path.append(came[path[-1]])
        pairs = list(zip(path[1:], path, strict=False))
        part = min(graph[one][other] for one, other in pairs)
        for one, other in pairs:
            graph[one][other] -= part
            graph[other][one] = graph[other].get(one, 0) + part
        total += part
