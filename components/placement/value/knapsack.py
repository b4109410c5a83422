"""The most that one card can hold: an exact knapsack over memory and compute."""

from __future__ import annotations

from components.placement.value.shape import Ints


def fill(memories: Ints, computes: Ints, gains: Ints, width: int, table: Ints) -> None:
    """For every rest of a card the most that it can hold, into ``table``, which is 0 so far.

    What can be put on it takes ``memories`` (at least 1, ascending) and ``computes`` and gives ``gains``, as often as it
    fits. The table has ``width`` places for compute from 0 on for each memory from 0 on.
    """
    for row in range(1, len(table) // width):
        here = row * width
        for column in range(width):
            table[here + column] = table[here - width + column]
        for offer in range(len(gains)):
            if memories[offer] > row:
                break
            there, gain = here - memories[offer] * width - computes[offer], gains[offer]
            for column in range(computes[offer], width):
                table[here + column] = max(table[here + column], table[there + column] + gain)
