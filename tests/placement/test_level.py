"""What can be there at once, against trying all combinations."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from components.placement.level import peak


@st.composite
def rows(draw: st.DrawFn) -> tuple[list[tuple[str, int]], dict[str, set[str]]]:
    """Return up to seven rows, each waiting for some that come before it, transitively closed."""
    count = draw(st.integers(1, 7))
    sizes = [(f"r{index}", draw(st.integers(0, 6))) for index in range(count)]
    closed: dict[str, set[str]] = {}
    for index in range(count):
        direct = {f"r{other}" for other in range(index) if draw(st.integers(0, 2)) == 0}
        closed[f"r{index}"] = direct.union(*(closed[other] for other in direct))
    return draw(st.permutations(sizes)), closed


@given(rows())
def test_the_peak_is_the_largest_sum_of_rows_of_which_none_waits_for_another(
    given_rows: tuple[list[tuple[str, int]], dict[str, set[str]]],
) -> None:
    """Whatever the order in which the rows are given."""
    sizes, after = given_rows
    names = [name for name, _ in sizes]
    best = 0
    for count in range(1, len(names) + 1):
        for some in combinations(sizes, count):
            if not any(one in after[other] for one, _ in some for other, _ in some):
                best = max(best, sum(size for _, size in some))
    assert peak(sizes, after) == best


def test_rows_that_replace_one_another_are_not_added_up() -> None:
    """A chain of three on one place takes as much as its largest link."""
    sizes = [("old", 10), ("surge", 6), ("new", 8)]
    assert peak(sizes, {"surge": ["old"], "new": ["old", "surge"]}) == 10


def test_a_unit_is_credited_once_although_two_rows_wait_for_the_same() -> None:
    """Two that wait for one are both there once it is gone."""
    assert peak([("old", 10), ("left", 6), ("right", 7)], {"left": ["old"], "right": ["old"]}) == 13


def test_a_row_gives_way_where_another_has_no_other_choice() -> None:
    """The matching is the best one, not the first one."""
    sizes = [("x", 5), ("y", 5), ("either", 5), ("only-x", 5)]
    assert peak(sizes, {"either": ["x", "y"], "only-x": ["x"]}) == 10


def test_ids_that_are_not_there_are_ignored() -> None:
    """A row may wait for one on another card."""
    assert peak([("one", 3), ("two", 4)], {"two": ["elsewhere"]}) == 7
