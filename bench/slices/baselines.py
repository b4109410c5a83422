"""The policies to beat: best fit in both dimensions, and Fragmentation Gradient Descent on either one.

FGD (Weng et al., USENIX ATC 2023) knows one dimension per card, in thousandths; here it is given memory or compute as that
dimension and judges feasibility in both, as a scheduler with filters would. Its score is the paper's: an integer
0..100 from the sigmoid of the gradient, ties by the order of nodes. It is given the true mix.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numba
import numpy as np

from bench.slices.arena import Arena

FULL = 100


@numba.njit(cache=True)
def _fits(whole: int, memory: int, percent: int, free_memory: int, free_compute: int, capacity: int) -> bool:
    if whole:
        return free_memory == capacity and free_compute == FULL
    return free_memory >= memory and free_compute >= percent


@numba.njit(cache=True)
def _free_cards(n: int, first: Any, capacity: Any, memory: Any, compute: Any) -> int:
    count = 0
    for card in range(first[n], first[n + 1]):
        if memory[card] == capacity[card] and compute[card] == FULL:
            count += 1
    return count


@numba.njit(cache=True)
def best_fit(
    claim: Any, first: Any, capacity: Any, memory: Any, compute: Any, cpu: Any, node_memory: Any
) -> int:
    """Return the first card of the place that leaves least: a used card first, then memory, compute and CPU left over."""
    whole, need, percent, cores, host = claim
    best = -1
    rank = (9, 0, 0, 0, 0)
    for n in range(len(cpu)):
        if cpu[n] < cores or node_memory[n] < host:
            continue
        free = _free_cards(n, first, capacity, memory, compute)
        if whole > free:
            continue
        for card in range(first[n], first[n + 1]):
            if not _fits(whole, need, percent, memory[card], compute[card], capacity[card]):
                continue
            if whole:
                mine = (0, free, cpu[n] - cores, 0, 0)
            else:
                left = (memory[card] - need) * 1000 // capacity[card]
                empty = 1 if memory[card] == capacity[card] and compute[card] == FULL else 0
                mine = (empty, left, compute[card] - percent, cpu[n] - cores, free)
            if best < 0 or mine < rank:
                best, rank = card, mine
    return best


@numba.njit(cache=True)
def _fragment(
    n: int, rest: Any, free: int, cores: int, first: Any, claims: Any, sizes: Any, weights: Any
) -> float:
    """Return F_n(M): the rest of the node's cards that the mix cannot use, in thousandths of a card."""
    total = 0.0
    for m in range(len(claims)):
        fit, unused, everything = 0, 0, 0
        for card in range(first[n], first[n + 1]):
            everything += rest[card]
            if rest[card] < sizes[m, card]:
                unused += rest[card]
            else:
                fit += 1
        wanted = max(claims[m, 0], 1)
        if claims[m, 3] > cores or fit < wanted or (claims[m, 0] and free < wanted):
            unused = everything
        total += weights[m] * unused
    return total


@numba.njit(cache=True)
def _take_whole(rest: Any, n: int, whole: int, first: Any, capacity: Any, memory: Any, compute: Any) -> None:
    left = whole
    for card in range(first[n], first[n + 1]):
        if left and memory[card] == capacity[card] and compute[card] == FULL:
            rest[card] = 0
            left -= 1


@numba.njit(cache=True)
def gradient(
    claim: int,
    dimension: int,
    first: Any,
    capacity: Any,
    memory: Any,
    compute: Any,
    cpu: Any,
    node_memory: Any,
    claims: Any,
    sizes: Any,
    weights: Any,
) -> int:
    """Return the first card of the place whose fragmentation grows least; ``dimension``: 0 memory, 1 compute."""
    whole, need, percent, cores, host = claims[claim]
    rest = memory * 1000 // capacity if dimension == 0 else compute * 10
    best, best_score = -1, -1
    for n in range(len(cpu)):
        if cpu[n] < cores or node_memory[n] < host:
            continue
        free = _free_cards(n, first, capacity, memory, compute)
        if whole > free:
            continue
        before = _fragment(n, rest, free, cpu[n], first, claims, sizes, weights)
        for card in range(first[n], first[n + 1]):
            if not _fits(whole, need, percent, memory[card], compute[card], capacity[card]):
                continue
            kept = rest[first[n] : first[n + 1]].copy()
            empty = memory[card] == capacity[card] and compute[card] == FULL
            if whole:
                _take_whole(rest, n, whole, first, capacity, memory, compute)
            elif dimension == 0:
                rest[card] = (memory[card] - need) * 1000 // capacity[card]
            else:
                rest[card] = (compute[card] - percent) * 10
            after_free = free - (whole if whole else int(empty))
            after = _fragment(n, rest, after_free, cpu[n] - cores, first, claims, sizes, weights)
            rest[first[n] : first[n + 1]] = kept
            score = int(100 / (1 + math.exp(-(before - after) / 1000)))
            if score > best_score:
                best, best_score = card, score
            if whole:
                break
    return best


def _cards(arena: Arena, claim: int, card: int) -> tuple[int, ...] | None:
    """Return all cards of a place whose first card was chosen: for whole cards the free ones of its node, lowest first."""
    if card < 0:
        return None
    whole = int(arena.claims[claim, 0])
    if not whole:
        return (card,)
    node = arena.node_of(card)
    of_node = range(int(arena.first[node]), int(arena.first[node + 1]))
    free = [c for c in of_node if arena.memory[c] == arena.capacity[c] and arena.compute[c] == FULL]
    return tuple(free[:whole])


class Stateless:
    """A policy that looks at the arena alone."""

    def settled(self, cards: Sequence[int]) -> None:
        """Nothing is kept."""

    def departed(self, claim: int) -> None:
        """Nothing is kept."""


class BestFit(Stateless):
    """Best fit, as the product placed before it had prices."""

    name = "best fit"

    def __init__(self, arena: Arena) -> None:
        """``arena`` is shared with the replay, which books."""
        self._arena = arena

    def choose(self, claim: int) -> tuple[int, ...] | None:
        """Return the cards of the place, or None."""
        a = self._arena
        card = best_fit(a.claims[claim], a.first, a.capacity, a.memory, a.compute, a.cpu, a.node_memory)
        return _cards(a, claim, int(card))


class Gradient(Stateless):
    """FGD on one dimension of the card."""

    def __init__(self, arena: Arena, dimension: int) -> None:
        """``dimension``: 0 memory, 1 compute."""
        self.name = f"FGD on {('memory', 'compute')[dimension]}"
        self._arena = arena
        self._dimension = dimension
        whole = arena.claims[:, :1] > 0
        asked = arena.claims[:, 1:2] * 1000 // arena.capacity if dimension == 0 else arena.claims[:, 2:3] * 10
        self._sizes = np.where(
            whole, 1000, np.broadcast_to(asked, (len(arena.claims), len(arena.capacity)))
        ).copy()

    def choose(self, claim: int) -> tuple[int, ...] | None:
        """Return the cards of the place, or None."""
        a = self._arena
        card = gradient(
            claim, self._dimension, a.first, a.capacity, a.memory, a.compute, a.cpu, a.node_memory,
            a.claims, self._sizes, a.weights,
        )  # fmt: skip
        return _cards(a, claim, int(card))
