"""One pricing: prices are solved, tables filled, and all nodes valued anew."""

from __future__ import annotations

from components.placement.value.node import settle
from components.placement.value.shape import Crowd, Floats, Market, Nodes, Shape, Tables, Work
from components.placement.value.solve import solve
from components.placement.value.tables import fill_tables


def price(
    shape: Shape, market: Market, crowd: Crowd, work: Work, tables: Tables, nodes: Nodes, schedule: Floats
) -> None:
    """Move prices by one step of each size in ``schedule``, and value everything at them."""
    solve(shape, market, crowd, work, schedule)
    fill_tables(shape, market, work, tables)
    for node in range(len(nodes.cpu)):
        settle(shape, tables, nodes, node)
