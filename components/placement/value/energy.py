"""What the free part of a card is worth: the best filling of it with what is still expected, smoothed.

``V[s] = tau ln(1 + sum of exp((value - price - cpu price * cpu + V[s - size]) / tau))`` over the classes that fit into the
state ``s``, of which memory and compute are taken together: a size is memory units and compute steps. With
``E = exp(V / tau)`` this is ``E[s] = 1 + sum of W[size] E[s - size]``, where ``W`` adds up the weights of all classes of
one size: no exponential and no logarithm inside the recursion. Every state has a row of all CPU prices.
"""

from __future__ import annotations

from components.placement.value.numeric import exp, log
from components.placement.value.shape import Mix, Shape, Work

_CEILING = 1e250
"""Far above what solved prices give: values are bounded while prices are still too low."""


def fill_energy(shape: Shape, mix: Mix, work: Work) -> None:
    """Work out all rows: ``weight``, ``by_size`` and ``energy``."""
    _weigh(shape, mix, work)
    for type_ in range(len(shape.units)):
        _add_up(mix, work, type_)
        _recur(shape, mix, work, type_)


def _weigh(shape: Shape, mix: Mix, work: Work) -> None:
    for i in range(len(mix.value)):
        weight, gain, expected = work.weight[i], mix.value[i] - mix.price[i], mix.wanted[i] > 0.0
        for mu in range(len(weight)):
            # What is not expected has no part in what a card is worth.
            weight[mu] = exp((gain - shape.cpu_prices[mu] * mix.cpu[i]) / shape.tau) if expected else 0.0


def _add_up(mix: Mix, work: Work, type_: int) -> None:
    """Add up the weights of all classes of one size."""
    classes = len(mix.value)
    mine = type_ * classes
    for size in range(mix.distinct[type_]):
        total = work.by_size[mine + size]
        for mu in range(len(total)):
            total[mu] = 0.0
    for i in range(classes):
        slot = mix.slot[mine + i]
        if slot >= 0:
            total, weight = work.by_size[mine + slot], work.weight[i]
            for mu in range(len(total)):
                total[mu] += weight[mu]


def _recur(shape: Shape, mix: Mix, work: Work, type_: int) -> None:
    """Work out the states of one type, each at all CPU prices at once: a processor does several of these together."""
    mine, width, first = type_ * len(mix.value), shape.steps + 1, shape.first[type_]
    for unit in range(shape.units[type_] + 1):
        for step in range(width):
            state = first + unit * width + step
            energy = work.energy[state]
            for mu in range(len(energy)):
                energy[mu] = 1.0
            for slot in range(mix.distinct[type_]):
                size, compute = mix.sizes[mine + slot], mix.computes[mine + slot]
                if size > unit:
                    break
                if compute <= step:
                    weight, rest = work.by_size[mine + slot], work.energy[state - size * width - compute]
                    for mu in range(len(energy)):
                        energy[mu] += weight[mu] * rest[mu]
            for mu in range(len(energy)):
                energy[mu] = min(energy[mu], _CEILING)


def fill_used(shape: Shape, mix: Mix, work: Work) -> None:
    """Pass the cards of every state down through the fillings; add to ``used`` how many of each class these take."""
    for type_ in range(len(shape.units)):
        _pass_down(shape, mix, work, type_)
        mine = type_ * len(mix.value)
        for mu in range(len(shape.cpu_prices)):
            for i in range(len(mix.value)):
                slot = mix.slot[mine + i]
                if slot >= 0 and work.by_size[mine + slot][mu] > 0.0:
                    work.used[i] += work.flow[slot][mu] * work.weight[i][mu] / work.by_size[mine + slot][mu]


def _pass_down(shape: Shape, mix: Mix, work: Work, type_: int) -> None:
    mine, width, first = type_ * len(mix.value), shape.steps + 1, shape.first[type_]
    slots = mix.distinct[type_]
    for slot in range(slots):
        flow = work.flow[slot]
        for mu in range(len(flow)):
            flow[mu] = 0.0
    for state in range((shape.units[type_] + 1) * width - 1, 0, -1):
        cards, energy = work.cards[first + state], work.energy[first + state]
        unit = state // width
        step = state - unit * width
        for mu in range(len(cards)):
            if cards[mu] != 0.0:
                per = cards[mu] / energy[mu]
                for slot in range(slots):
                    size, compute = mix.sizes[mine + slot], mix.computes[mine + slot]
                    if size > unit:
                        break
                    if compute <= step:
                        after = first + state - size * width - compute
                        part = per * work.by_size[mine + slot][mu] * work.energy[after][mu]
                        work.flow[slot][mu] += part
                        work.cards[after][mu] += part


def value_at(shape: Shape, work: Work, mu: int, state: int) -> float:
    """Return V of a state at a CPU price."""
    return shape.tau * log(work.energy[state][mu])
