"""What several whole free cards of one node add to their worth as single ones, since some claims want them together."""

from __future__ import annotations

from components.placement.value.energy import value_at
from components.placement.value.shape import Gangs, Shape, Work


def fill_gangs(shape: Shape, gangs: Gangs, work: Work) -> None:
    """Per type, CPU price and number of free cards: the most that gangs gain there, and which class does."""
    many, prices = len(gangs.number), len(shape.cpu_prices)
    for type_ in range(len(shape.units)):
        for mu in range(prices):
            single = value_at(shape, work, mu, shape.first[type_ + 1] - 1) if many else 0.0
            for free in range(shape.cards + 1):
                at = (type_ * (shape.cards + 1) + free) * prices + mu
                best, which = 0.0, -1
                for m in range(many):
                    number = gangs.number[m]
                    if number <= free and gangs.wanted[m] > 0.0 and gangs.allowed[type_ * many + m]:
                        gain = (
                            gangs.value[m]
                            - gangs.price[m]
                            - shape.cpu_prices[mu] * gangs.cpu[m]
                            - number * single
                        )
                        gain *= free // number
                        if which < 0 or gain > best:
                            best, which = gain, m
                work.gang_best[at] = which
                work.gang[at] = best
