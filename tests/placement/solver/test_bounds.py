"""The configuration LP bounds every packing, and is as good as published where the trace is at hand."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import openb_ceiling
from components.placement.solver.config_lp import Bin, Item, best_packing
from components.placement.solver.fewest import fewest_cards
from components.placement.solver.volume import martello_toth

CARD = (80, 100)


def slices(*sizes: tuple[int, int]) -> list[Item]:
    """Return one item per slice."""
    return [Item(1, size, bins=frozenset({0}), worth=size[0]) for size in sizes]


def cards(count: int, size: tuple[int, ...] = CARD) -> list[Bin]:
    """Return cards of one type that cost 1 each."""
    return [Bin(count, size, cost=1)]


def optimum(sizes: list[tuple[int, int]], capacity: tuple[int, int]) -> int:
    """Return the fewest cards by trying everything."""
    best = len(sizes)

    def place(index: int, used: list[tuple[int, int]]) -> None:
        nonlocal best
        if len(used) >= best:
            return
        if index == len(sizes):
            best = len(used)
            return
        memory, compute = sizes[index]
        for number, (first, second) in enumerate([*used, (0, 0)]):
            if first + memory <= capacity[0] and second + compute <= capacity[1]:
                place(index + 1, [*used[:number], (first + memory, second + compute), *used[number + 1 :]])

    place(0, [])
    return best


def test_slices_above_half_a_card_need_one_each() -> None:
    found = fewest_cards(slices(*[(50, 0)] * 3), cards(9))
    assert (found.volume, found.l2, found.lp) == (2, 3, 3)


def test_compute_counts_as_much_as_memory() -> None:
    assert fewest_cards(slices(*[(1, 60)] * 4), cards(9)).best == 4


def test_the_lp_sees_what_no_single_dimension_shows() -> None:
    # By memory and by compute two cards would do; a memory-heavy and a compute-heavy slice of these never meet.
    found = fewest_cards(slices((50, 60), (50, 10), (10, 60), (10, 60), (50, 10)), cards(9))
    assert found.l2 <= found.lp == optimum([(50, 60), (50, 10), (10, 60), (10, 60), (50, 10)], CARD)


def test_the_lp_passes_l2_where_fillings_leave_gaps() -> None:
    sizes = [(27, 0)] * 6
    found = fewest_cards(slices(*sizes), cards(9))
    assert (found.volume, found.lp) == (3, 3)
    assert martello_toth([27] * 6, 80) <= 3


def test_cards_in_use_anyway_are_counted_once_and_filled_for_nothing() -> None:
    bins = [Bin(2, (30, 100), whole=False), Bin(5, CARD, cost=1)]
    items = [Item(4, (30, 0), bins=frozenset({0, 1}))]
    assert fewest_cards(items, bins).lp == 3


def test_whole_cards_are_added() -> None:
    items = [Item(2, (), cards=2, bins=frozenset({0})), *slices((40, 0))]
    assert fewest_cards(items, cards(9)).best == 5


def test_what_cannot_be_packed_needs_more_cards_than_there_are() -> None:
    assert fewest_cards(slices(*[(50, 0)] * 3), cards(2)).lp > 2


def test_cpu_of_the_nodes_bounds_what_is_packed() -> None:
    items = [Item(10, (1000,), cpu=8000, bins=frozenset({0}), worth=1000)]
    assert best_packing(items, [Bin(10, (1000,), cpu=20_000)]).floor == 2500


def test_what_must_be_packed_is_packed_though_it_is_worth_less() -> None:
    items = [
        Item(1, (600,), bins=frozenset({0}), worth=600, least=1),
        Item(1, (700,), bins=frozenset({0}), worth=700),
    ]
    assert best_packing(items, [Bin(1, (1000,))]).floor == 600


pairs = st.tuples(st.integers(5, 60), st.integers(0, 80))


@settings(max_examples=60, deadline=None)
@given(st.lists(pairs, min_size=1, max_size=7))
def test_no_bound_passes_the_optimum(sizes: list[tuple[int, int]]) -> None:
    found = fewest_cards(slices(*sizes), cards(9))
    assert found.best <= optimum(sizes, CARD)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 95), min_size=1, max_size=30))
def test_volume_l2_and_lp_stand_in_this_order_on_one_dimension(sizes: list[int]) -> None:
    found = fewest_cards(slices(*[(size, 0) for size in sizes]), cards(40, (100, 100)))
    assert found.volume <= found.l2 <= found.lp


@settings(max_examples=40, deadline=None)
@given(st.lists(pairs, min_size=1, max_size=6), st.integers(1, 2))
def test_no_packing_holds_more_than_the_bound(sizes: list[tuple[int, int]], count: int) -> None:
    most = max(
        sum(size[0] for size in chosen)
        for many in range(len(sizes) + 1)
        for chosen in itertools.combinations(sizes, many)
        if optimum(list(chosen), CARD) <= count
    )
    assert best_packing(slices(*sizes), [Bin(count, CARD)]).value >= most


@pytest.mark.parametrize("mix", sorted(openb_ceiling.PUBLISHED))
def test_the_published_bounds_are_found_again(mix: str) -> None:
    """One seed here, which may be 0.05 off; ``python -m bench.openb_ceiling`` takes the mean of ten."""
    if not openb_ceiling.TRACES.exists():
        pytest.skip(f"the openb trace is not at {openb_ceiling.TRACES}")
    bound = openb_ceiling.bound_at_arrival(openb_ceiling.node_shapes(), openb_ceiling.pod_shapes(mix), 42)
    assert bound == pytest.approx(openb_ceiling.PUBLISHED[mix], abs=0.06)
