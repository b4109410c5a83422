"""How many cards slices need at least, without a solver: Martello and Toth's bound L2 (1990, 8.3)."""

from __future__ import annotations

from collections.abc import Sequence


def martello_toth(sizes: Sequence[int], capacity: int) -> int:
    """Return L2: no two slices above half a card share one, and what fits beside the larger ones is bounded."""
    best = 0
    for least in sorted({0, *(size for size in sizes if 2 * size <= capacity)}):
        alone = sum(size > capacity - least for size in sizes)
        large = [size for size in sizes if capacity - least >= size > capacity / 2]
        small = sum(size for size in sizes if least <= size <= capacity / 2)
        over = small - (len(large) * capacity - sum(large))
        best = max(best, alone + len(large) + max(0, -(-over // max(capacity, 1))))
    return best
