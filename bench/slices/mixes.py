"""What arrives: mixes of claims in EAS shape, the fleet they arrive at, and seeded streams of arrivals and departures."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from components.placement.snapshot import NodeView
from components.spec.claim import Claim
from components.spec.node import Card, Node

A100_MIB = 81_251
A10_MIB = 22_731
"""Usable memory of the two models, in MiB, as the catalogue has it."""


@dataclass(frozen=True, slots=True)
class Mix:
    """Claims with their weights.

    ``load``: what arrives (or, where instances depart, is wanted at the same time), as a multiple of the fleet's worth,
    chosen so that the fleet is full or nearly so. ``lasting``: nobody departs; otherwise lifetimes are geometric.
    """

    name: str
    load: float
    claims: tuple[tuple[float, Claim], ...]
    lasting: bool = True


@dataclass(frozen=True, slots=True)
class Event:
    """Arrival of number ``n`` with a claim (index into the mix), or its departure where ``claim`` is -1."""

    n: int
    claim: int


def fleet(a100_nodes: int = 40, a10_nodes: int = 20) -> tuple[NodeView, ...]:
    """Return nodes of 8 x A100-80G (127 cores, 900 GiB) and of 4 x A10 (63 cores, 220 GiB)."""
    kinds = (
        ("a100", a100_nodes, 8, "A100", A100_MIB, 127_000, 900),
        ("a10", a10_nodes, 4, "A10", A10_MIB, 63_000, 220),
    )
    return tuple(
        NodeView(
            Node(
                "gpus",
                f"{name}-{number:03d}",
                f"ecs.{name}",
                cpu,
                gib * 1024,
                tuple(
                    Card(f"{name}-{number:03d}-{card}", card, model, mib, "usable") for card in range(cards)
                ),
            )
        )
        for name, count, cards, model, mib, cpu, gib in kinds
        for number in range(count)
    )


def _slices(rows: Sequence[tuple[float, int, int, int]]) -> tuple[tuple[float, Claim], ...]:
    return tuple(
        (
            weight,
            Claim(
                gpu_memory=gib, gpu_core_percentage=percent, cpu_milli=cores * 1000, memory_mib=cores * 4096
            ),
        )
        for weight, gib, percent, cores in rows
    )


def _whole(rows: Sequence[tuple[float, int, int]]) -> tuple[tuple[float, Claim], ...]:
    return tuple(
        (weight, Claim(gpu=cards, cpu_milli=cores * 1000, memory_mib=cores * 4096))
        for weight, cards, cores in rows
    )


_MEMORY_HEAVY = _slices(
    (
        (3, 20, 5, 2),
        (2, 48, 10, 4),
        (2, 30, 10, 2),
        (2, 12, 5, 2),
        (1, 60, 20, 6),
        (1, 36, 0, 4),
        (1, 16, 0, 2),
    )
)
_COMPUTE_HEAVY = _slices(
    (
        (3, 4, 25, 2),
        (2, 8, 40, 4),
        (2, 6, 30, 2),
        (2, 10, 55, 4),
        (1, 16, 70, 6),
        (1, 3, 15, 1),
        (1, 12, 35, 2),
    )
)
_WHOLE = _whole(((1.2, 1, 10), (0.5, 2, 20), (0.2, 4, 44), (0.1, 8, 88)))
_BOTH = (*_MEMORY_HEAVY, *_COMPUTE_HEAVY)

MIXES = (
    Mix("memory-heavy", 1.0, _MEMORY_HEAVY),
    Mix("compute-heavy", 1.2, _COMPUTE_HEAVY),
    Mix("both, no whole cards", 1.55, _BOTH),
    Mix("both and whole cards", 1.4, (*_BOTH, *_WHOLE)),
    Mix("both and whole cards, departures", 1.8, (*_BOTH, *_WHOLE), lasting=False),
)


def worth(claim: Claim) -> float:
    """Return what a claim is worth, in cards: whole cards by count, a slice by the larger of its shares of an A100."""
    if claim.gpu:
        return float(claim.gpu)
    return max(claim.slice_mib("GiB") / A100_MIB, claim.gpu_core_percentage / 100)


def capacity(nodes: Sequence[NodeView]) -> float:
    """Return what a fleet is worth, in A100 cards by memory for the smaller ones."""
    return sum(card.memory_mib / A100_MIB for view in nodes for card in view.node.cards)


def together(mix: Mix, nodes: Sequence[NodeView]) -> int:
    """Return how many instances are wanted in all, or where they depart, at the same time."""
    weights = sum(weight for weight, _ in mix.claims)
    mean = sum(weight * worth(claim) for weight, claim in mix.claims) / weights
    return round(mix.load * capacity(nodes) / mean)


def stream(mix: Mix, nodes: Sequence[NodeView], seed: int) -> Iterator[Event]:
    """Yield arrivals drawn by weight until what arrived is worth ``mix.load`` times the fleet.

    Where instances depart, that is the worth of those that are wanted at the same time, once in balance: lifetimes
    are geometric with that mean, and arrivals go on for three mean lifetimes.
    """
    chance = random.Random(f"{mix.name}/{seed}")
    weights = [weight for weight, _ in mix.claims]
    wanted = together(mix, nodes)
    arrivals = wanted if mix.lasting else 3 * wanted
    ends: dict[int, list[int]] = {}
    for n in range(arrivals):
        for gone in ends.pop(n, ()):
            yield Event(gone, -1)
        yield Event(n, chance.choices(range(len(weights)), weights)[0])
        if not mix.lasting:
            ends.setdefault(n + 1 + int(chance.expovariate(1 / wanted)), []).append(n)


def moments(mix: Mix, arrivals: int) -> tuple[int, ...]:
    """Return after how many arrivals a run is looked at: at its end, or with departures six times once in balance."""
    if mix.lasting:
        return (arrivals,)
    return tuple(arrivals // 3 + (arrivals - arrivals // 3) * look // 6 for look in range(1, 7))
