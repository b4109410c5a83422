"""The engine that the product uses, driven through a stream of arrivals. Prices are its only memory of the mix."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from bench.openb.trace import Host, Pod, Trace
from components.placement.value.claims import Book, Claimed
from components.placement.value.compiled import compiled
from components.placement.value.engine import ADJUST, SOLVE, Engine, Free

EVERY = 0.035
"""Whenever this part of the capacity has been asked for, prices are adjusted."""
HORIZON, FLOOR = 1.1, 0.1
"""Expected are the arrivals until this part of the capacity is asked for, and at least this part of it."""
Mix = Literal["given", "learned", "running"]
EARLY = (0.0025, 0.005, 0.01, 0.02)
"""While the mix is still being learned, prices are adjusted sooner."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of this process for placing, and for prices and what follows from them; how many times the latter."""

    placing: float
    pricing: float
    solved: int


def open_engine(hosts: Sequence[Host], keys: Sequence[Pod], counts: Counter[Pod]) -> Engine:
    """Return the engine on empty hosts: GPU thousandths are card memory, a pod asks for no compute."""
    models = sorted({host.model for host in hosts})
    kinds = [models.index(host.model) for host in hosts]
    cards = Counter[int]()
    for host, kind in zip(hosts, kinds, strict=True):
        cards[kind] += host.gpus
    claims = [
        Claimed(
            pod.gpus if pod.gpus > 1 else 0,
            tuple(
                (0 if pod.gpus > 1 else pod.milli) if pod.gpus and pod.may(model) else -1 for model in models
            ),
            0,
            pod.cpu,
            pod.memory,
            tuple(pod.may(model) for model in models),
        )
        for pod in keys
    ]
    book = Book(
        [1000] * len(models),
        [cards[kind] for kind in range(len(models))],
        claims,
        [counts[pod] for pod in keys],
        max(host.gpus for host in hosts),
    )
    free = [
        Free(kind, host.cpu, host.memory, ((kind, 1000, 100),) * host.gpus)
        for host, kind in zip(hosts, kinds, strict=True)
    ]
    return Engine(book, len(models), free, [[1000] * host.gpus for host in hosts], interpreted=False)


def run(
    trace: Trace, hosts: Sequence[Host], stream: Sequence[Pod], *, mix: Mix
) -> tuple[list[tuple[int, int]], Timing]:
    """Return what the rule decides for each pod, and how long that took.

    ``mix``: the one of the trace is given, or it is counted, from nothing: from all that has arrived, or from what runs.
    """
    counts = Counter(trace.pods)
    keys = sorted(counts)
    number = {pod: i for i, pod in enumerate(keys)}
    engine = open_engine(hosts, keys, counts)
    capacity = 1000 * sum(host.gpus for host in hosts)
    asked_per_mix = sum(pod.asks for pod in trace.pods)
    given = [counts[pod] / asked_per_mix for pod in keys]
    known = mix == "given"
    seen = [0] * len(keys)
    seen_asks = 0
    stops = _stops(stream, capacity, () if known else EARLY)
    asked = solved = 0
    placing = pricing = 0.0
    decisions: list[tuple[int, int]] = []
    for begin, end in pairwise(stops):
        left = max(HORIZON * capacity - asked, FLOOR * capacity)
        rates = given if known else [count / max(seen_asks, 1) for count in seen]
        part = stream[begin:end]
        asks = [number[pod] for pod in part]
        began = time.process_time()
        if known or seen_asks:
            engine.price([rate * left for rate in rates], ADJUST if solved else SOLVE)
            engine.rank()
            solved += 1
        priced = time.process_time()
        found = engine.place_all(asks)
        decisions += found
        placing += time.process_time() - priced
        pricing += priced - began
        for pod, ask, (node, _) in zip(part, asks, found, strict=True):
            asked += pod.asks
            if mix == "learned" or node >= 0:
                seen[ask] += 1
                seen_asks += pod.asks
    return decisions, Timing(placing, pricing, solved)


def warm() -> None:
    """Load the compiled kernels, so that what follows is timed without that."""
    compiled()


def _stops(stream: Sequence[Pod], capacity: int, early: Sequence[float]) -> list[int]:
    """Return before which arrivals prices are solved: the first, those where enough has been asked for, and the end."""
    stops, waits = [0], iter(early)
    asked, due = 0, next(waits, EVERY) * capacity
    for turn, pod in enumerate(stream, start=1):
        asked += pod.asks
        if asked >= due and turn < len(stream):
            stops.append(turn)
            due = asked + next(waits, EVERY) * capacity
    return [*stops, len(stream)]
