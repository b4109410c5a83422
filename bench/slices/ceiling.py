"""The most that any policy could hold: a configuration LP over all that has arrived and has not departed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bench.slices.mixes import Event, Mix, moments, worth
from components.placement.snapshot import NodeView
from components.placement.solver.config_lp import Bin, Item, best_packing

PARTS = 1000
"""Into how many parts a card's worth is divided, since the LP counts in whole numbers (rounded up: it stays a bound)."""


def ceiling(mix: Mix, nodes: Sequence[NodeView], counts: Counter[int]) -> float:
    """Return what so many of each claim (index into the mix -> count) can be worth at most on these nodes, in cards."""
    kinds: dict[str, list[NodeView]] = {}
    for view in nodes:
        kinds.setdefault(view.node.instance_type, []).append(view)
    bins = [
        Bin(
            sum(len(view.node.cards) for view in views),
            (views[0].node.cards[0].memory_mib, 100),
            sum(view.node.cpu_milli for view in views),
        )
        for _, views in sorted(kinds.items())
    ]
    items = [
        Item(
            count,
            (claim.slice_mib("GiB"), claim.gpu_core_percentage),
            claim.gpu,
            claim.cpu_milli,
            frozenset(range(len(bins))),
            -int(-worth(claim) * PARTS // 1),
        )
        for count, claim in ((counts[index], claim) for index, (_, claim) in enumerate(mix.claims))
        if count
    ]
    return best_packing(items, bins).value / PARTS


def ceilings(mix: Mix, nodes: Sequence[NodeView], events: Sequence[Event]) -> float:
    """Return the mean of the bound over the moments at which a run is looked at."""
    looks = moments(mix, sum(event.claim >= 0 for event in events))
    there: dict[int, int] = {}
    found: list[float] = []
    arrived = 0
    for event in events:
        if event.claim < 0:
            del there[event.n]
            continue
        there[event.n] = event.claim
        arrived += 1
        if arrived in looks:
            found.append(ceiling(mix, nodes, Counter(there.values())))
    return sum(found) / len(found)
