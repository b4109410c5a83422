"""The bound of moves is never above what trying everything finds, and sees what no count of slices shows."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.rebalance import SHAPE, rebalanced, thinned
from components.placement.solver import moves_lp
from components.placement.solver.moves_lp import Stock, least_moves

CARD = (80, 100)
Size = tuple[int, int]
Pool = list[list[Size]]
"""What is on each card."""


def bound(pool: Pool, in_use: int) -> int:
    """Return the bound for cards that are alike and can all be emptied."""
    kinds = sorted({size for card in pool for size in card})
    held = Counter(tuple(sorted(Counter(map(kinds.index, card)).items())) for card in pool)
    stock = [
        Stock(count, CARD, frozenset(range(len(kinds))), content, emptiable=True)
        for content, count in sorted(held.items())
    ]
    return least_moves(kinds, stock, in_use)


def fewest(pool: Pool, in_use: int) -> int | None:
    """Return the fewest moves by trying everything, None where so few cards do not do."""
    slices = [(size, at) for at, card in enumerate(pool) for size in card]
    best = None
    for places in product(range(len(pool)), repeat=len(slices)):
        moved = sum(to != at for to, (_, at) in zip(places, slices, strict=True))
        if len(set(places)) > in_use or (best is not None and moved >= best):
            continue
        loads = [[0, 0] for _ in pool]
        for to, (size, _) in zip(places, slices, strict=True):
            loads[to] = [load + part for load, part in zip(loads[to], size, strict=True)]
        if all(load[0] <= CARD[0] and load[1] <= CARD[1] for load in loads):
            best = moved
    return best


def test_a_slice_that_fits_nowhere_until_another_has_moved_takes_two_moves() -> None:
    pool: Pool = [[(40, 0)], [(30, 0), (20, 0)], [(50, 0)]]
    assert fewest(pool, 2) == bound(pool, 2) == 2


def test_the_cards_with_the_fewest_slices_are_of_no_use_where_their_slices_fit_nowhere() -> None:
    pool: Pool = [[(70, 10)], [(20, 10), (20, 10)], [(40, 10)], [(70, 10)]]
    assert fewest(pool, 3) == bound(pool, 3) == 1
    pool = [[(50, 10)], [(20, 10), (20, 10)], [(50, 10)], [(50, 10)]]
    assert fewest(pool, 3) == bound(pool, 3) == 2


def test_nothing_has_to_move_where_nothing_has_to_be_emptied() -> None:
    assert bound([[(40, 0)], [(40, 0)]], 2) == 0
    assert bound([[], []], 0) == 0


def test_what_others_hold_and_cards_that_do_not_take_a_slice_count() -> None:
    any_, none = frozenset({0}), frozenset[int]()
    alone = Stock(1, CARD, any_, ((0, 1),), emptiable=True)
    taken = Stock(1, (30, 50), any_, (), emptiable=False)
    assert least_moves([(30, 10)], [alone, taken], 0) == 1
    assert least_moves([(30, 10)], [alone, Stock(1, (30, 50), none, (), emptiable=False)], 1) == 0
    # It has no place then: whatever is said about that is not few moves.
    assert least_moves([(40, 10)], [alone, taken], 0) > 1


def test_more_kinds_of_contents_than_it_looks_at_give_no_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moves_lp, "MOST", 2)
    assert bound([[(40, 0)], [(30, 0)]], 1) == 0


SLICE = st.tuples(st.sampled_from([20, 30, 40, 50, 60]), st.sampled_from([0, 30, 50]))


@settings(max_examples=60)
@given(pool=st.lists(st.lists(SLICE, max_size=2), min_size=2, max_size=4), in_use=st.integers(1, 3))
def test_the_bound_is_never_above_what_trying_everything_finds(pool: Pool, in_use: int) -> None:
    fits = all(sum(a for a, _ in card) <= CARD[0] and sum(b for _, b in card) <= CARD[1] for card in pool)
    found = fewest(pool, in_use) if fits else None
    if found is not None:
        assert bound(pool, in_use) <= found


def test_the_pool_that_is_given_goes_from_101_to_91_cards_with_11_moves_which_are_the_fewest() -> None:
    done = rebalanced(thinned(*SHAPE), 99)
    assert (done.before, done.least, done.after, done.moves, done.fewest) == (101, 91, 91, 11, True)
