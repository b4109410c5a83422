"""The policies that the rule is measured against: Random, BestFit and Fragmentation Gradient Descent (ATC'23).

Our own implementations. Each scores every node that can take a pod and takes the highest score; equal ones go by the fixed
order of the nodes. Scores are remembered until the node changes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

from bench.openb.trace import Host, Pod, Trace

Decision = tuple[int, int]
"""Number of a node and its GPUs as bits; node -1 where the pod is dropped."""
RANDOM, BEST_FIT, FGD = "Random", "BestFit", "FGD"
POPULAR = 0.95
"""The most frequent classes that together are this part of a trace are typical."""
Array = np.ndarray
"""Of integers, but for the shares of classes."""
_GPUS = 8
_NO = -(1 << 60)


class Hosts(NamedTuple):
    """What is free of every node: CPU, memory, and per GPU thousandths (-1 for one that does not exist)."""

    cpu: Array
    memory: Array
    model: Array
    room: Array


class Typical(NamedTuple):
    """The typical classes (cpu, GPUs, milli), their shares, and on which models each may be."""

    classes: Array
    share: Array
    may: Array


def run(policy: str, trace: Trace, hosts: Sequence[Host], stream: Sequence[Pod], seed: int) -> list[Decision]:
    """Return what a policy decides for each pod of a stream on hosts in this order."""
    keys = sorted(set(stream))
    number = {pod: i for i, pod in enumerate(keys)}
    models = sorted({host.model for host in hosts})
    found = np.zeros((len(stream), 2), dtype=np.int64)
    _replay(
        (RANDOM, BEST_FIT, FGD).index(policy),
        Hosts(
            np.array([host.cpu for host in hosts]),
            np.array([host.memory for host in hosts]),
            np.array([models.index(host.model) for host in hosts]),
            np.array([[1000 if gpu < host.gpus else -1 for gpu in range(_GPUS)] for host in hosts]),
        ),
        np.array([[pod.cpu, pod.memory, pod.gpus, pod.milli] for pod in keys]),
        np.array([[pod.may(name) for name in models] for pod in keys]),
        np.array([number[pod] for pod in stream]),
        typical(trace, models),
        np.random.default_rng(seed).random((len(stream), 2)),
        found,
    )
    return [(int(node), int(bits)) for node, bits in found]


def typical(trace: Trace, models: Sequence[str]) -> Typical:
    """Return the most frequent classes that together are :data:`POPULAR` of a trace."""
    counts = Counter((pod.cpu, pod.gpus, pod.milli, pod.spec) for pod in trace.pods)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    chosen, covered = [], 0
    for key, count in ranked:
        if covered >= POPULAR * len(trace.pods):
            break
        chosen.append((key, count))
        covered += count
    return Typical(
        np.array([key[:3] for key, _ in chosen]),
        np.array([count / covered for _, count in chosen]),
        np.array([[not key[3] or name in key[3].split("|") for name in models] for key, _ in chosen]),
    )


@njit(cache=True)
def fragmentation(cpu: int, model: int, room: Array, classes: Array, share: Array, class_may: Array) -> float:
    """Return what of a node's GPUs typical pods could not use: the expected sum of the remainders that are too small."""
    total = 0.0
    free = 0
    for gpu in range(_GPUS):
        free += max(room[gpu], 0)
    if free == 0:
        return 0.0
    for m in range(len(share)):
        number, milli = classes[m, 1], classes[m, 2]
        enough = lost = 0
        for gpu in range(_GPUS):
            if room[gpu] >= milli:
                enough += 1
            else:
                lost += max(room[gpu], 0)
        if number == 0 or not class_may[m, model] or cpu < classes[m, 0] or enough < number:
            lost = free
        total += share[m] * lost
    return total


@njit(cache=True)
def gradient_score(before: float, after: float) -> int:
    """Return FGD's integer score of a change of fragmentation."""
    return int(100.0 / (1.0 + math.exp(-(before - after) / 1000.0)))


@njit(cache=True)
def _fgd(
    cpu: int, model: int, room: Array, pod: Array, classes: Array, share: Array, class_may: Array
) -> tuple[int, int]:
    """Return (score, GPUs as bits) of a pod on a node that can take it."""
    before = fragmentation(cpu, model, room, classes, share, class_may)
    rest = cpu - pod[0]
    if pod[2] == 1 and pod[3] < 1000:
        best, chosen = _NO, 0
        for gpu in range(_GPUS):
            if room[gpu] >= pod[3]:
                room[gpu] -= pod[3]
                after = fragmentation(rest, model, room, classes, share, class_may)
                room[gpu] += pod[3]
                score = gradient_score(before, after)
                if score > best:
                    best, chosen = score, 1 << gpu
        return best, chosen
    bits = _first(room, pod)
    for gpu in range(_GPUS):
        if bits >> gpu & 1:
            room[gpu] -= pod[3]
    after = fragmentation(rest, model, room, classes, share, class_may)
    for gpu in range(_GPUS):
        if bits >> gpu & 1:
            room[gpu] += pod[3]
    return gradient_score(before, after), bits


@njit(cache=True)
def _first(room: Array, pod: Array) -> int:
    """Return the lowest GPUs that can take the pod, as bits."""
    bits = left = 0
    left = pod[2]
    for gpu in range(_GPUS):
        if left and room[gpu] >= pod[3]:
            bits |= 1 << gpu
            left -= 1
    return bits


@njit(cache=True)
def _best_fit(cpu: int, room: Array, pod: Array) -> tuple[int, int]:
    """Return (score, GPUs as bits): the least that is left of a node scores highest, on it the fullest GPU."""
    left = 0
    for gpu in range(_GPUS):
        left += max(room[gpu], 0)
    score = -((cpu - pod[0]) * 8000 + (left - pod[2] * pod[3]) * 128000)
    if pod[2] != 1:
        return score, _first(room, pod)
    chosen = -1
    for gpu in range(_GPUS):
        if room[gpu] >= pod[3] and (chosen < 0 or room[gpu] < room[chosen]):
            chosen = gpu
    return score, 1 << chosen


@njit(cache=True)
def _fits(cpu: int, memory: int, model: int, room: Array, pod: Array, may: Array) -> bool:
    if cpu < pod[0] or memory < pod[1] or not may[model]:
        return False
    enough = 0
    for gpu in range(_GPUS):
        enough += room[gpu] >= pod[3]
    return pod[2] == 0 or enough >= pod[2]


@njit(cache=True)
def _score(kind: int, hosts: Hosts, node: int, pod: Array, may: Array, typical: Typical) -> tuple[int, int]:
    """Return (score, GPUs as bits) of a pod on a node, ``_NO`` where it does not fit."""
    cpu, model, room = hosts.cpu[node], hosts.model[node], hosts.room[node]
    if not _fits(cpu, hosts.memory[node], model, room, pod, may):
        return _NO, 0
    if kind == 2:
        return _fgd(cpu, model, room, pod, typical.classes, typical.share, typical.may)
    return _best_fit(cpu, room, pod)


@njit(cache=True)
def _replay(
    kind: int,
    hosts: Hosts,
    pods: Array,
    may: Array,
    ids: Array,
    typical: Typical,
    chance: Array,
    found: Array,
) -> None:
    nodes, many = len(hosts.cpu), len(pods)
    version = np.zeros(nodes, dtype=np.int64)
    known = np.full((many, nodes), -1, dtype=np.int64)
    score = np.zeros((many, nodes), dtype=np.int64)
    where = np.zeros((many, nodes), dtype=np.int64)
    for turn in range(len(ids)):
        i = ids[turn]
        pod = pods[i]
        best, chosen, able = _NO, -1, 0
        for node in range(nodes):
            if known[i, node] != version[node]:
                known[i, node] = version[node]
                score[i, node], where[i, node] = _score(kind, hosts, node, pod, may[i], typical)
            able += score[i, node] > _NO
            if score[i, node] > best:
                best, chosen = score[i, node], node
        bits = where[i, chosen] if chosen >= 0 else 0
        if kind == 0 and able:
            chosen = _pick(score[i], int(chance[turn, 0] * able))
            bits = _pick_gpu(hosts.room[chosen], pod, chance[turn, 1])
        found[turn, 0], found[turn, 1] = chosen, bits
        if chosen >= 0:
            version[chosen] += 1
            _take(hosts, chosen, pod, bits)


@njit(cache=True)
def _take(hosts: Hosts, node: int, pod: Array, bits: int) -> None:
    hosts.cpu[node] -= pod[0]
    hosts.memory[node] -= pod[1]
    for gpu in range(_GPUS):
        if bits >> gpu & 1:
            hosts.room[node, gpu] -= pod[3]


@njit(cache=True)
def _pick(score: Array, which: int) -> int:
    for node in range(len(score)):
        if score[node] > _NO:
            if which == 0:
                return node
            which -= 1
    return -1


@njit(cache=True)
def _pick_gpu(room: Array, pod: Array, chance: float) -> int:
    """Return any GPU of those that can take the pod; several whole ones are as good as each other."""
    if pod[2] != 1:
        return _first(room, pod)
    able = 0
    for gpu in range(_GPUS):
        able += room[gpu] >= pod[3]
    which = int(chance * able)
    for gpu in range(_GPUS):
        if room[gpu] >= pod[3]:
            if which == 0:
                return 1 << gpu
            which -= 1
    return 0
