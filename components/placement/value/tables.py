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
    prices = len(shape.cpu_prices)
    for state in range(shape.first[len(shape.units)]):
        for mu in range(prices):
            tables.card[state][mu] = _rounded(value_at(shape, work, mu, state))
    for spot in range(len(tables.gang)):
        for mu in range(prices):
            tables.gang[spot][mu] = _rounded(max(work.gang[spot * prices + mu], 0.0))


def _rounded(value: float) -> int:
    return math.floor(value * ONE + 0.5)
