"""What the free part of a card is worth: the best filling of it with what is still expected, smoothed.

``V[r] = tau ln(1 + sum of exp((value - price - cpu price * cpu - compute price * compute + V[r - size]) / tau))`` over the
classes that fit. With ``E = exp(V / tau)`` this is ``E[r] = 1 + sum of W[size] E[r - size]``, where ``W`` adds up the
weights of all classes of one size: no exponential and no logarithm inside the recursion.
"""

from __future__ import annotations

from components.placement.value.numeric import exp, log
from components.placement.value.shape import Mix, Shape, Work

_CEILING = 1e250
"""Where a compute price is far too low, values have no bound; such rows are never the least, and are cut off here."""


def fill_energy(shape: Shape, mix: Mix, work: Work) -> None:
    """Work out all rows: ``weight``, ``by_size`` and ``energy``."""
    for type_ in range(len(shape.units)):
        row = 0
        for mu in shape.cpu_prices:
            for lam in shape.compute_prices:
                _weigh(shape, mix, work, type_, row, mu, lam)
                _recur(shape, mix, work, type_, row)
                row += 1


def _weigh(shape: Shape, mix: Mix, work: Work, type_: int, row: int, mu: float, lam: float) -> None:
    classes = len(mix.value)
    rows = len(shape.cpu_prices) * len(shape.compute_prices)
    base, mine = (type_ * rows + row) * classes, type_ * classes
    for size in range(mix.distinct[type_]):
        work.by_size[base + size] = 0.0
    for i in range(classes):
        slot = mix.slot[mine + i]
        work.weight[base + i] = 0.0
        # What is not expected has no part in what a card is worth.
        if slot >= 0 and mix.wanted[i] > 0.0:
            gain = mix.value[i] - mix.price[i] - mu * mix.cpu[i] - lam * mix.compute[i]
            weight = exp(gain / shape.tau)
            work.weight[base + i] = weight
            work.by_size[base + slot] += weight


def _recur(shape: Shape, mix: Mix, work: Work, type_: int, row: int) -> None:
    classes, units = len(mix.value), shape.units[type_]
    rows = len(shape.cpu_prices) * len(shape.compute_prices)
    base, mine = (type_ * rows + row) * classes, type_ * classes
    begin = shape.row[type_] + row * (units + 1)
    for unit in range(units + 1):
        energy = 1.0
        for slot in range(mix.distinct[type_]):
            size = mix.sizes[mine + slot]
            if size > unit:
                break
            energy += work.by_size[base + slot] * work.energy[begin + unit - size]
        work.energy[begin + unit] = min(energy, _CEILING)


def fill_used(shape: Shape, mix: Mix, work: Work) -> None:
    """Pass the cards of every row down through the fillings; add to ``used`` how many of each class these take."""
    for type_ in range(len(shape.units)):
        for row in range(len(shape.cpu_prices) * len(shape.compute_prices)):
            _pass_down(shape, mix, work, type_, row)


def _pass_down(shape: Shape, mix: Mix, work: Work, type_: int, row: int) -> None:
    classes, units = len(mix.value), shape.units[type_]
    rows = len(shape.cpu_prices) * len(shape.compute_prices)
    base, mine = (type_ * rows + row) * classes, type_ * classes
    begin = shape.row[type_] + row * (units + 1)
    sizes = mix.distinct[type_]
    for slot in range(sizes):
        work.flow[slot] = 0.0
    some = False
    for unit in range(units, 0, -1):
        here = work.cards[begin + unit]
        if here != 0.0:
            some = True
            per = here / work.energy[begin + unit]
            for slot in range(sizes):
                size = mix.sizes[mine + slot]
                if size > unit:
                    break
                part = per * work.by_size[base + slot] * work.energy[begin + unit - size]
                work.flow[slot] += part
                work.cards[begin + unit - size] += part
    if some:
        for i in range(classes):
            slot = mix.slot[mine + i]
            if slot >= 0 and work.by_size[base + slot] > 0.0:
                work.used[i] += work.flow[slot] * work.weight[base + i] / work.by_size[base + slot]


def value_at(shape: Shape, work: Work, type_: int, row: int, unit: int) -> float:
    """Return V of a row at so many free units."""
    return shape.tau * log(work.energy[shape.row[type_] + row * (shape.units[type_] + 1) + unit])
