"""From solved prices to the tables of integers that decisions are made with."""

from __future__ import annotations

import math

from components.placement.value.energy import fill_energy, value_at
from components.placement.value.gangs import fill_gangs
from components.placement.value.shape import ONE, Market, Shape, Tables, Work


def fill_tables(shape: Shape, market: Market, work: Work, tables: Tables) -> None:
    """Work out what every state of every card is worth at every CPU price, and what gangs add."""
    fill_energy(shape, market.mix, work)
    fill_gangs(shape, market.gangs, work)
    for type_ in range(len(shape.units)):
        _fill_type(shape, work, tables, type_)
    prices = len(shape.cpu_prices)
    for spot in range(len(tables.gang)):
        for mu in range(prices):
            tables.gang[spot][mu] = _rounded(max(work.gang[spot * prices + mu], 0.0))


def _fill_type(shape: Shape, work: Work, tables: Tables, type_: int) -> None:
    lams = len(shape.compute_prices)
    for mu in range(len(shape.cpu_prices)):
        for units in range(shape.units[type_] + 1):
            begin = shape.first[type_] + units * (shape.steps + 1)
            for lam in range(lams):
                value = _rounded(value_at(shape, work, type_, mu * lams + lam, units))
                for step in range(shape.steps + 1):
                    worth = value + shape.compute_prices_int[lam] * step
                    if lam == 0 or worth < tables.card[begin + step][mu]:
                        tables.card[begin + step][mu] = worth


def _rounded(value: float) -> int:
    return math.floor(value * ONE + 0.5)
