"""Which kernels are called from outside, and the same functions interpreted."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from components.placement.value import knapsack, node, prices, ranks


class Kernels(NamedTuple):
    """The functions that are called from outside, compiled or not."""

    price: Callable[..., None]
    change: Callable[..., None]
    weigh: Callable[..., tuple[int, int]]
    weigh_card: Callable[..., int]
    best: Callable[..., int]
    best_among: Callable[..., int]
    place_all: Callable[..., None]
    fill: Callable[..., None]


PLAIN = Kernels(
    price=prices.price,
    change=node.change,
    weigh=node.weigh,
    weigh_card=node.weigh_card,
    best=ranks.best,
    best_among=ranks.best_among,
    place_all=ranks.place_all,
    fill=knapsack.fill,
)
"""The same functions, interpreted."""
