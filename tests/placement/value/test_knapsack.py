"""The knapsack of one card: compiled, interpreted and by trying everything."""

from __future__ import annotations

from array import array
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.placement.value.compiled import compiled
from components.placement.value.kernels import PLAIN
from components.placement.value.linked import BrokenKernel
from components.placement.value.memory import Span

offers = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 5), st.integers(1, 90)), max_size=5).map(sorted)


def most(offers: list[tuple[int, int, int]], memory: int, compute: int) -> int:
    """Return the most that fits, by trying every offer on every rest."""

    @cache
    def best(memory: int, compute: int) -> int:
        takes = [
            gain + best(memory - m, compute - c) for m, c, gain in offers if m <= memory and c <= compute
        ]
        return max(takes, default=0)

    return best(memory, compute)


@settings(max_examples=100, deadline=None)
@given(offers, st.integers(1, 9), st.integers(1, 7))
def test_every_rest_of_a_card_holds_the_most_that_fits(
    offers: list[tuple[int, int, int]], rows: int, width: int
) -> None:
    lists = [array("q", [offer[part] for offer in offers]) for part in range(3)]
    slow, fast = array("q", [0]) * (rows * width), array("q", [0]) * (rows * width)
    PLAIN.fill(*lists, width, slow)
    compiled().fill(*map(Span, lists), width, Span(fast))
    assert slow == fast
    assert list(slow) == [most(offers, memory, compute) for memory in range(rows) for compute in range(width)]


def test_a_compiled_kernel_that_cannot_go_on_says_so() -> None:
    nothing = Span(array("q", [0]))
    with pytest.raises(BrokenKernel, match="fill"):
        compiled().fill(nothing, nothing, nothing, 0, nothing)
