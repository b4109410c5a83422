"""The independent replay of moves: every step is done again on other books, and the state after each has to be valid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bench.openb.cluster import GPUs, Step
from bench.openb.trace import Host, Pod


class Invalid(Exception):
    """A step led to a state that cannot be; the message says how."""


def audit(
    hosts: Sequence[Host],
    stream: Sequence[Pod],
    began: Mapping[int, tuple[int, GPUs]],
    steps: Sequence[Step],
) -> int:
    """Carry out all steps from where pods ran at first; return the GPU thousandths allocated then.

    Raises :class:`Invalid` where a pod does not fit, stops where it does not run, runs twice but while it moves, or ran at
    first and does not in the end.
    """
    widest = max(host.gpus for host in hosts)
    room = np.array([[1000] * host.gpus + [-1] * (widest - host.gpus) for host in hosts])
    rest = np.array([(host.cpu, host.memory) for host in hosts])
    runs: dict[int, list[tuple[int, GPUs]]] = {}
    doubled: set[int] = set()
    for starts, number, node, gpus in [*((True, n, *place) for n, place in began.items()), *steps]:
        pod, at = stream[number], list(gpus)
        sign = -1 if starts else 1
        places = runs.setdefault(number, [])
        if doubled - {number}:
            raise Invalid(f"pods {sorted(doubled)} run twice, and pod {number} is next")
        if starts:
            places.append((node, gpus))
        elif (node, gpus) not in places:
            raise Invalid(f"pod {number} stops on node {node}, GPUs {gpus}, where it does not run")
        else:
            places.remove((node, gpus))
        doubled = {number} if len(places) > 1 else set()
        room[node, at] += sign * pod.milli
        rest[node] += sign * np.array([pod.cpu, pod.memory])
        if len(set(gpus)) != pod.gpus or len(places) > 2 or (pod.gpus and not pod.may(hosts[node].model)):
            raise Invalid(f"pod {number} {pod} on node {node}, GPUs {gpus}")
        if (room[node, at] < 0).any() or (rest[node] < 0).any():
            raise Invalid(f"node {node} holds more than it has once pod {number} {pod} is there")
    lost = [number for number in began if len(runs[number]) != 1]
    if lost or doubled:
        raise Invalid(f"pods {lost[:5] or sorted(doubled)} ran and do not run once in the end")
    return sum(stream[number].asks for number, places in runs.items() if places)
