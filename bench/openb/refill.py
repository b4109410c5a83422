"""The best change of one node at given prices: a few pods leave, and what is then free is filled as well as it can be.

Every pod that leaves costs the price of its kind and what a move costs; every pod that comes earns the price of its kind.
Compiled; exact but for a limit of effort, up to :data:`LEAVE` pods that leave.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

LEAVE = 3
"""How many pods leave one node at most."""
COME = 12
"""How many pods come at most."""
EFFORT = 1500
"""How many steps one filling is searched for at most."""
GPUS = 8
UNIT = 10
"""GPU thousandths are whole multiples of it, rounded up."""
FULL = 1000 // UNIT
EPSILON = 1e-6
BEYOND = 6
"""How many pods without GPU come at most."""
NONE = -1
Array = Any
"""A numpy array; numba's world has no types of its own."""


class Kinds(NamedTuple):
    """Kinds of pods: CPU, memory, GPUs, units of each, ``may`` per kind and model, and the price of each."""

    cpu: Array
    memory: Array
    gpus: Array
    units: Array
    may: Array
    price: Array


class Values(NamedTuple):
    """What a card is worth at most: per model, CPU price and free units; ``beyond``: what a pod without GPU adds."""

    mu: Array
    card: Array
    beyond: Array


class Found(NamedTuple):
    """Best changes by number of leavers: their value, who leaves (places on the node), who comes (kind, GPUs as bits)."""

    value: Array
    leaves: Array
    comes: Array


@njit(cache=True)
def values_of(kinds: Kinds, mu: Array, models: int, values: Values) -> None:
    """Fill the tables of what cards are worth."""
    for price in range(len(mu)):
        for model in range(models):
            table = values.card[model, price]
            table[:] = 0.0
            for room in range(1, FULL + 1):
                best = table[room - 1]
                for k in range(len(kinds.cpu)):
                    size = kinds.units[k]
                    if kinds.gpus[k] == 1 and size <= room and kinds.may[k, model]:
                        gain = kinds.price[k] - mu[price] * kinds.cpu[k]
                        if gain > 0 and gain + table[room - size] > best:
                            best = gain + table[room - size]
                table[room] = best
        values.beyond[price] = 0.0
        for k in range(len(kinds.cpu)):
            if kinds.gpus[k] == 0:
                values.beyond[price] = max(values.beyond[price], kinds.price[k] - mu[price] * kinds.cpu[k])


@njit(cache=True)
def _bound(kinds: Kinds, values: Values, model: int, cpu: int, room: Array) -> tuple[float, int]:
    """Return the most that what is free of a node can be worth, and at which CPU price."""
    whole = 0
    for gpu in range(GPUS):
        whole += room[gpu] == FULL
    best, at = 1e18, 0
    for price in range(len(values.mu)):
        table = values.card[model, price]
        worth = values.mu[price] * cpu + BEYOND * values.beyond[price]
        for gpu in range(GPUS):
            if room[gpu] > 0:
                worth += table[room[gpu]]
        more = 0.0
        for k in range(len(kinds.cpu)):
            if kinds.gpus[k] > 1 and kinds.gpus[k] <= whole and kinds.may[k, model]:
                number = whole // kinds.gpus[k]
                gain = kinds.price[k] - values.mu[price] * kinds.cpu[k] - kinds.gpus[k] * table[FULL]
                more = max(more, number * gain)
        if worth + more < best:
            best, at = worth + more, price
    return best, at


@njit(cache=True)
def _next(
    kinds: Kinds, order: Array, at: int, model: int, gpu: int, free: int, cpu: int, memory: int, extra: int
) -> int:
    """Return the place in ``order`` of the next kind that fits on this GPU (past the last: on none), -1 for none."""
    if gpu >= GPUS and extra >= BEYOND:
        return NONE
    wanted = int(gpu < GPUS)
    while at < len(order) and order[at] >= 0:
        k = order[at]
        fits = kinds.cpu[k] <= cpu and kinds.memory[k] <= memory and kinds.may[k, model]
        if fits and kinds.gpus[k] == wanted and kinds.units[k] <= free:
            return at
        at += 1
    return NONE


@njit(cache=True)
def _fill(
    kinds: Kinds,
    values: Values,
    orders: Array,
    model: int,
    price: int,
    cpu: int,
    memory: int,
    room: Array,
    least: float,
    best: Array,
) -> float:
    """Search for the best filling worth more than ``least``; write it to ``best`` (kind, GPU) and return its worth.

    GPU after GPU, then what needs none; back to the last choice wherever no more can come of it than was found already.
    """
    order, table, mu, beyond = (
        orders[price],
        values.card[model, price],
        values.mu[price],
        values.beyond[price],
    )
    # later[g]: what GPU g and those after it are worth at most, CPU apart.
    later = np.zeros(GPUS + 2)
    for gpu in range(GPUS - 1, -1, -1):
        later[gpu] = later[gpu + 1] + table[room[gpu]]
    chosen = np.full((COME + 1, 2), NONE, dtype=np.int64)
    back = np.zeros((COME + 1, 2), dtype=np.int64)
    gpu, at, depth, extra, steps, worth, top = 0, 0, 0, 0, 0, 0.0, least
    free = room[0]
    while True:
        steps += 1
        hope = worth + mu * cpu + table[free] + later[gpu + 1] + (BEYOND - extra) * beyond
        if hope > top + EPSILON and steps < EFFORT and depth < COME:
            at = _next(kinds, order, at, model, gpu, free, cpu, memory, extra)
            if at >= 0:
                k = order[at]
                back[depth, 0], back[depth, 1] = at, free
                chosen[depth, 0], chosen[depth, 1] = k, gpu
                depth += 1
                cpu, memory, worth = cpu - kinds.cpu[k], memory - kinds.memory[k], worth + kinds.price[k]
                free -= kinds.units[k]
                extra += kinds.gpus[k] == 0
                continue
            if gpu < GPUS:
                gpu, at = gpu + 1, 0
                free = room[gpu] if gpu < GPUS else 0
                continue
        if worth > top + EPSILON:
            top = worth
            best[:] = NONE
            best[:depth] = chosen[:depth]
        if depth == 0 or steps >= EFFORT:
            return top
        depth -= 1
        k, gpu = chosen[depth, 0], chosen[depth, 1]
        at, free = back[depth, 0] + 1, back[depth, 1]
        cpu, memory, worth = cpu + kinds.cpu[k], memory + kinds.memory[k], worth - kinds.price[k]
        extra -= kinds.gpus[k] == 0


@njit(cache=True)
def change(
    kinds: Kinds,
    values: Values,
    orders: Array,
    toll: float,
    host: Array,
    room: Array,
    pods: Array,
    found: Found,
) -> None:
    """Find the best change of a node for each number of pods that leave.

    ``host``: model, free CPU, free memory; ``room``: free units per GPU; ``pods``: kind and GPUs as bits of each.
    """
    many = len(pods)
    found.value[:] = 0.0
    found.leaves[:] = NONE
    found.comes[:] = NONE
    pick = np.full(LEAVE, NONE, dtype=np.int64)
    for size in range(min(LEAVE, many) + 1):
        for i in range(size):
            pick[i] = i
        while True:
            if not _twin(pods, pick, size):
                _try(kinds, values, orders, toll, host, room, pods, pick, size, found)
            i = size - 1
            while i >= 0 and pick[i] == many - size + i:
                i -= 1
            if i < 0:
                break
            pick[i] += 1
            for j in range(i + 1, size):
                pick[j] = pick[j - 1] + 1


@njit(cache=True)
def _twin(pods: Array, pick: Array, size: int) -> bool:
    """Return whether one leaves that is just like the one before it, which stays."""
    for i in range(size):
        at = pick[i]
        before = pick[i - 1] if i else NONE
        if at and at - 1 != before and pods[at, 0] == pods[at - 1, 0] and pods[at, 1] == pods[at - 1, 1]:
            return True
    return False


@njit(cache=True)
def _try(
    kinds: Kinds,
    values: Values,
    orders: Array,
    toll: float,
    host: Array,
    room: Array,
    pods: Array,
    pick: Array,
    size: int,
    found: Found,
) -> None:
    """Let these leave, fill what is free then, with and without a gang, and keep the change if it is the best so far."""
    model, cpu, memory = host[0], host[1], host[2]
    left = room.copy()
    cost = 0.0
    for i in range(size):
        k = pods[pick[i], 0]
        cpu, memory, cost = cpu + kinds.cpu[k], memory + kinds.memory[k], cost + kinds.price[k] + toll
        for gpu in range(GPUS):
            left[gpu] += kinds.units[k] * (pods[pick[i], 1] >> gpu & 1)
    most, _ = _bound(kinds, values, model, cpu, left)
    if most - cost <= found.value[size] + EPSILON:
        return
    best = np.full((COME + 1, 2), NONE, dtype=np.int64)
    for gang in range(-1, len(kinds.cpu)):
        there, rest, mem, bits, earned = left, cpu, memory, 0, 0.0
        if gang >= 0:
            if kinds.gpus[gang] <= 1 or kinds.price[gang] <= 0 or not kinds.may[gang, model]:
                continue
            there = left.copy()
            bits = _seat(there, kinds.gpus[gang])
            rest, mem, earned = cpu - kinds.cpu[gang], memory - kinds.memory[gang], kinds.price[gang]
            if not bits or rest < 0 or mem < 0:
                continue
        most, price = _bound(kinds, values, model, rest, there)
        least = found.value[size] + cost - earned
        if most > least + EPSILON:
            best[:] = NONE
            top = _fill(kinds, values, orders, model, price, rest, mem, there, max(least, 0.0), best)
            if top > least + EPSILON:
                found.value[size] = top + earned - cost
                found.leaves[size, :size] = pick[:size]
                _keep(found.comes[size], gang, bits, best)


@njit(cache=True)
def _seat(room: Array, gpus: int) -> int:
    """Take so many free GPUs; return which, as bits, 0 where there are too few."""
    bits = number = 0
    for gpu in range(GPUS):
        if room[gpu] == FULL and number < gpus:
            number += 1
            bits |= 1 << gpu
            room[gpu] = 0
    return bits if number == gpus else 0


@njit(cache=True)
def _keep(comes: Array, gang: int, bits: int, best: Array) -> None:
    """Write down who comes: the gang, if any, then the filling."""
    comes[:] = NONE
    spot = 0
    if gang >= 0:
        comes[0, 0], comes[0, 1] = gang, bits
        spot = 1
    for i in range(COME):
        if best[i, 0] == NONE:
            break
        comes[spot, 0] = best[i, 0]
        comes[spot, 1] = 1 << best[i, 1] if best[i, 1] < GPUS else 0
        spot += 1
