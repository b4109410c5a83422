"""The independent replay: every decision of a policy is carried out again on other books, and nothing is taken on trust.

It shares no code with the engine. A placement that the node cannot take, and a pod that is dropped although some node
could take it, fail the run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.openb.trace import Host, Pod


class FoulPlay(Exception):
    """A policy broke the protocol; the message says how."""


@dataclass(slots=True)
class Result:
    """Allocated GPU thousandths at each mark, and how many pods of each group had been dropped by then."""

    allocated: list[int] = field(default_factory=list)
    dropped: list[Counter[str]] = field(default_factory=list)


def judge(
    hosts: Sequence[Host],
    stream: Sequence[Pod],
    decisions: Sequence[tuple[int, int]],
    marks: Sequence[float] = (1.0, 1.3),
) -> Result:
    """Replay decisions; ``marks`` are parts of the capacity that have been asked for. Raises :class:`FoulPlay`."""
    if len(decisions) != len(stream):
        raise FoulPlay(f"{len(stream)} pods arrived and {len(decisions)} were decided on")
    gpus = max(host.gpus for host in hosts)
    free = np.array([[1000] * host.gpus + [0] * (gpus - host.gpus) for host in hosts])
    there = np.array([[True] * host.gpus + [False] * (gpus - host.gpus) for host in hosts])
    cores = np.array([host.cpu for host in hosts])
    memory = np.array([host.memory for host in hosts])
    models = np.array([host.model for host in hosts])
    capacity = 1000 * int(there.sum())
    result, dropped, hopeless = Result(), Counter[str](), set[Pod]()
    allocated = asked = 0
    for pod, (node, bits) in zip(stream, decisions, strict=True):
        asked += pod.gpus * pod.milli
        if node < 0:
            # Nothing departs, so what fits nowhere once never fits again.
            if pod not in hopeless:
                room = (there & (free >= pod.milli)).sum(axis=1) >= pod.gpus
                named = np.isin(models, pod.spec.split("|")) if pod.spec else np.full(len(hosts), True)
                able = room & named & (cores >= pod.cpu) & (memory >= pod.memory)
                if able.any():
                    raise FoulPlay(f"{pod} was dropped, and node {int(np.argmax(able))} could take it")
                hopeless.add(pod)
            dropped[pod.group] += 1
        else:
            chosen = [gpu for gpu in range(gpus) if bits >> gpu & 1]
            cores[node] -= pod.cpu
            memory[node] -= pod.memory
            free[node, chosen] -= pod.milli
            allocated += pod.gpus * pod.milli
            wrong = (
                (len(chosen) != pod.gpus and "gets another number of GPUs")
                or (bits >> gpus and "gets GPUs that do not exist")
                or (not there[node, chosen].all() and "gets GPUs that do not exist")
                or (cores[node] < 0 and "lacks CPU")
                or (memory[node] < 0 and "lacks memory")
                or (bool((free[node] < 0).any()) and "lacks room on a GPU")
                or (
                    pod.spec and models[node] not in pod.spec.split("|") and "is on a model that it rules out"
                )
            )
            if wrong:
                raise FoulPlay(f"{pod} on node {node} {wrong}")
        while len(result.allocated) < len(marks) and asked >= marks[len(result.allocated)] * capacity:
            result.allocated.append(allocated)
            result.dropped.append(Counter(dropped))
    return result
