"""Sets of whole cards of one node, alike ones once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from components.placement.capacity import Grid


def whole_sets(grid: Grid, cards: Sequence[int], count: int) -> list[tuple[int, ...]]:
    """Return the sets of ``count`` of these free cards, the smallest first; cards of one model and size are alike."""
    alike: dict[tuple[int, str], list[int]] = {}
    for card in cards:
        alike.setdefault((grid.caps[2 * card], grid.card_model[card]), []).append(card)
    groups = [alike[key] for key in sorted(alike)]
    return [
        tuple(sorted(card for group, take in zip(groups, takes, strict=True) for card in group[:take]))
        for takes in _parts([len(group) for group in groups], count)
    ]


def _parts(most: Sequence[int], total: int) -> Iterator[tuple[int, ...]]:
    """Yield how many to take of each group, as many as possible of the first ones first."""
    ranges = [range(min(size, total), -1, -1) for size in most]
    yield from (takes for takes in product(*ranges) if sum(takes) == total)
