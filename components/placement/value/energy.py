"""What the free part of a card is worth: the best filling of it with what is still expected, smoothed.

``V[s] = tau ln(1 + sum of exp((value - price - cpu price * cpu + V[s - size]) / tau))`` over the classes that fit into the
state ``s``, of which memory and compute are taken together: a size is memory units and compute steps. With
``E = exp(V / tau)`` this is ``E[s] = 1 + sum of W[size] E[s - size]``, where ``W`` adds up the weights of all classes of
one size: no exponential and no logarithm inside the recursion. There is one row of all states per CPU price.
"""

from __future__ import annotations

from components.placement.value.numeric import exp, log
from components.placement.value.shape import Mix, Shape, Work

_CEILING = 1e250
"""Far above what solved prices give: values are bounded while prices are still too low."""


def fill_energy(shape: Shape, mix: Mix, work: Work) -> None:
    """Work out all rows: ``weight``, ``by_size`` and ``energy``."""
    for type_ in range(len(shape.units)):
        for mu in range(len(shape.cpu_prices)):
            _weigh(shape, mix, work, type_, mu)
            _recur(shape, mix, work, type_, mu)


def _weigh(shape: Shape, mix: Mix, work: Work, type_: int, mu: int) -> None:
    classes = len(mix.value)
    base, mine = (type_ * len(shape.cpu_prices) + mu) * classes, type_ * classes
    for size in range(mix.distinct[type_]):
        work.by_size[base + size] = 0.0
    for i in range(classes):
        slot = mix.slot[mine + i]
        work.weight[base + i] = 0.0
        # What is not expected has no part in what a card is worth.
        if slot >= 0 and mix.wanted[i] > 0.0:
            weight = exp((mix.value[i] - mix.price[i] - shape.cpu_prices[mu] * mix.cpu[i]) / shape.tau)
            work.weight[base + i] = weight
            work.by_size[base + slot] += weight


def _recur(shape: Shape, mix: Mix, work: Work, type_: int, mu: int) -> None:
    classes, width = len(mix.value), shape.steps + 1
    base, mine = (type_ * len(shape.cpu_prices) + mu) * classes, type_ * classes
    begin = mu * shape.first[len(shape.units)] + shape.first[type_]
    for unit in range(shape.units[type_] + 1):
        for step in range(width):
            here = begin + unit * width + step
            energy = 1.0
            for slot in range(mix.distinct[type_]):
                size, compute = mix.sizes[mine + slot], mix.computes[mine + slot]
                if size > unit:
                    break
                if compute <= step:
                    energy += work.by_size[base + slot] * work.energy[here - size * width - compute]
            work.energy[here] = min(energy, _CEILING)


def fill_used(shape: Shape, mix: Mix, work: Work) -> None:
    """Pass the cards of every row down through the fillings; add to ``used`` how many of each class these take."""
    for type_ in range(len(shape.units)):
        for mu in range(len(shape.cpu_prices)):
            _pass_down(shape, mix, work, type_, mu)


def _pass_down(shape: Shape, mix: Mix, work: Work, type_: int, mu: int) -> None:
    classes, width = len(mix.value), shape.steps + 1
    base, mine = (type_ * len(shape.cpu_prices) + mu) * classes, type_ * classes
    begin = mu * shape.first[len(shape.units)] + shape.first[type_]
    slots = mix.distinct[type_]
    for slot in range(slots):
        work.flow[slot] = 0.0
    some = False
    for state in range((shape.units[type_] + 1) * width - 1, 0, -1):
        here = begin + state
        if work.cards[here] != 0.0:
            some = True
            unit = state // width
            step = state - unit * width
            per = work.cards[here] / work.energy[here]
            for slot in range(slots):
                size, compute = mix.sizes[mine + slot], mix.computes[mine + slot]
                if size > unit:
                    break
                if compute <= step:
                    after = here - size * width - compute
                    part = per * work.by_size[base + slot] * work.energy[after]
                    work.flow[slot] += part
                    work.cards[after] += part
    if some:
        for i in range(classes):
            slot = mix.slot[mine + i]
            if slot >= 0 and work.by_size[base + slot] > 0.0:
                work.used[i] += work.flow[slot] * work.weight[base + i] / work.by_size[base + slot]


def value_at(shape: Shape, work: Work, mu: int, state: int) -> float:
    """Return V of a state at a CPU price."""
    return shape.tau * log(work.energy[mu * shape.first[len(shape.units)] + state])
