"""Prices of claims: raised where the fillings of all nodes would take more than is still expected, lowered where less."""

from __future__ import annotations

from components.placement.value.energy import fill_energy, fill_used, value_at
from components.placement.value.gangs import fill_gangs
from components.placement.value.numeric import exp
from components.placement.value.shape import Crowd, Floats, Gangs, Market, Shape, Work

_MOST = 1.2
"""No price is more than this times the value of what is priced."""


def solve(shape: Shape, market: Market, crowd: Crowd, work: Work, schedule: Floats) -> None:
    """Improve the prices by one step of each size in ``schedule``."""
    mix, gangs = market.mix, market.gangs
    for eta in schedule:
        _use(shape, market, crowd, work)
        for i in range(len(mix.price)):
            mix.price[i] = _moved(mix.price[i], mix.value[i], work.used[i], mix.wanted[i], eta)
        for m in range(len(gangs.price)):
            gangs.price[m] = _moved(gangs.price[m], gangs.value[m], work.gangs_used[m], gangs.wanted[m], eta)


def _moved(price: float, value: float, used: float, wanted: float, eta: float) -> float:
    over = (used - wanted) / (wanted + 0.5)
    price += eta * value * min(max(over, -1.0), 1.0)
    return min(max(price, 0.0), _MOST * value)


def _use(shape: Shape, market: Market, crowd: Crowd, work: Work) -> None:
    """Work out how many of each class the nodes would take at the prices of now."""
    fill_energy(shape, market.mix, work)
    fill_gangs(shape, market.gangs, work)
    _look(shape, crowd, work)
    for state in range(len(work.cards)):
        cards = work.cards[state]
        for mu in range(len(cards)):
            cards[mu] = 0.0
    for i in range(len(work.used)):
        work.used[i] = 0.0
    for m in range(len(work.gangs_used)):
        work.gangs_used[m] = 0.0
    for node in range(len(crowd.times)):
        _spend(shape, market.gangs, crowd, work, node)
    fill_used(shape, market.mix, work)


def _look(shape: Shape, crowd: Crowd, work: Work) -> None:
    """Work out what each seen state is worth at each CPU price."""
    prices = len(shape.cpu_prices)
    for seen in range(len(crowd.state)):
        for mu in range(prices):
            work.worth[seen * prices + mu] = value_at(shape, work, mu, crowd.state[seen])


def _spend(shape: Shape, gangs: Gangs, crowd: Crowd, work: Work, node: int) -> None:
    """Count one node's cards, and the gangs that it would take, at the CPU price at which the node is worth least."""
    prices, cards = len(shape.cpu_prices), shape.cards
    type_, whole = crowd.type[node], crowd.whole[node]
    best, mu = 0.0, 0
    for price in range(prices):
        worth = shape.cpu_prices[price] * crowd.cpu[node]
        for place in range(cards):
            seen = crowd.card[node * cards + place]
            if seen < 0:
                break
            worth += work.worth[seen * prices + price]
        worth += max(work.gang[(type_ * (cards + 1) + whole) * prices + price], 0.0)
        if price == 0 or worth < best:
            best, mu = worth, price
    times = crowd.times[node]
    for place in range(cards):
        seen = crowd.card[node * cards + place]
        if seen < 0:
            break
        work.cards[crowd.state[seen]][mu] += times
    spot = (type_ * (cards + 1) + whole) * prices + mu
    m = work.gang_best[spot]
    if m >= 0:
        number = gangs.number[m]
        part = times * _sigmoid(work.gang[spot] / (shape.tau * number))
        work.gangs_used[m] += (whole // number) * part
        work.cards[shape.first[type_ + 1] - 1][mu] -= number * (whole // number) * part


def _sigmoid(x: float) -> float:
    return 1.0 / (1.0 + exp(-x))
