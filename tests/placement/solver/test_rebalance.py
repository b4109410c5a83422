"""Rebalance on request: few moves to few cards, each valid when it comes, nothing else moved, and the gap said."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.rebalance import rebalanced, thinned
from components.placement.plan_types import Plan, PlanOptions
from components.placement.snapshot import Held, NodeView
from components.placement.solver import rebalance
from components.spec.claim import Wanted
from tests.placement.build import THEM, held, node, picture, planned, want, where

GIB = 20


def options(moves: int, **other: object) -> PlanOptions:
    """Return options that allow so many moves that empty cards."""
    return PlanOptions(rebalance=moves, **other)  # type: ignore[arg-type]


def cards(made: Plan) -> set[str]:
    """Return the cards that hold something of ours in the end."""
    return {
        uuid
        for places in made.assignments.values()
        for place in places.values()
        if place
        for uuid in place.cards
    }


def scattered(**sizes: int) -> tuple[list[NodeView], list[Held], list[Wanted]]:
    """Return one node with a card for each slice of these sizes in GiB, each alone on its card."""
    rows = [held(name, 0, f"n/{index}", size) for index, (name, size) in enumerate(sizes.items())]
    return [node("n", len(sizes))], rows, [want(name, size) for name, size in sizes.items()]


def test_nothing_moves_unless_it_is_asked_for() -> None:
    nodes, rows, wanted = scattered(a=5, b=5)
    made = planned(picture(nodes, rows), *wanted)
    assert made.steps == ()
    assert made.warnings == ()


def test_a_card_is_emptied_each_new_instance_first() -> None:
    nodes, rows, wanted = scattered(a=5, b=5)
    made = planned(picture(nodes, rows), *wanted, options=options(9))
    assert len(cards(made)) == 1
    assert [(step.op, step.how, step.mode) for step in made.steps] == [
        ("start", "move", "make-before-break"),
        ("stop", "move", "make-before-break"),
    ]
    assert made.steps[0].reason.startswith("empties n/")


def test_the_plan_says_the_bound_and_the_gap() -> None:
    nodes, rows, wanted = scattered(a=4, b=4, c=4, d=4)
    (said,) = planned(picture(nodes, rows), *wanted, options=options(2)).warnings
    assert said == (
        "rebalance: pool p goes from 4 to 2 cards in use with 2 moves, which is the fewest; "
        "no packing of these slices uses fewer than 1: the gap is 1."
    )


def test_fewer_moves_empty_fewer_cards() -> None:
    nodes, rows, wanted = scattered(a=4, b=4, c=4, d=4)
    assert len(cards(planned(picture(nodes, rows), *wanted, options=options(2)))) == 2
    assert len(cards(planned(picture(nodes, rows), *wanted, options=options(3)))) == 1


def test_the_card_with_the_fewest_slices_is_emptied() -> None:
    rows = [held("a", 0, "n/0", 5), held("b", 0, "n/0", 4), held("c", 0, "n/1", 8)]
    made = planned(
        picture([node("n", 2)], rows), want("a", 5), want("b", 4), want("c", 8), options=options(9)
    )
    assert where(made, "c") == {0: "n-0"}
    assert len(made.steps) == 2


def test_others_never_move_and_their_cards_are_filled() -> None:
    rows = [held("theirs", 0, "n/0", 10, owner=THEM), held("a", 0, "n/1", 5)]
    made = planned(picture([node("n", 2)], rows), want("a", 5), options=options(9))
    assert where(made, "a") == {0: "n-0"}
    assert "goes from 2 to 1 cards" in made.warnings[0]


def test_spread_models_and_kinds_of_slices_are_kept() -> None:
    two = [node("m", 1), node("n", 1)]
    rows = [held("a", 0, "m/0", 5), held("a", 1, "n/0", 5)]
    spread = want("a", 5, instances=2, spread="host")
    assert planned(picture(two, rows), spread, options=options(9)).steps == ()
    models = [node("m", 1, models=["A10"]), node("n", 1, models=["L20"])]
    rows = [held("a", 0, "m/0", 5), held("b", 0, "n/0", 5)]
    bound = [want("a", 5, models=("A10",)), want("b", 5, models=("L20",))]
    assert planned(picture(models, rows), *bound, options=options(9)).steps == ()
    rows = [held("a", 0, "m/0", 5, 10), held("b", 0, "n/0", 5)]
    apart = options(9, memory_only="separate")
    assert planned(picture(two, rows), want("a", 5, 10), want("b", 5), options=apart).steps == ()


def test_cordoned_cards_are_left_and_never_filled() -> None:
    closed = NodeView(node("n", 2).node, "ready", card_states={"n-0": "cordoned"})
    rows = [held("a", 0, "n/0", 5), held("b", 0, "n/1", 5)]
    made = planned(picture([closed], rows), want("a", 5), want("b", 5), options=options(9))
    assert where(made, "a") == {0: "n-1"}


def test_once_it_is_done_nothing_moves_again() -> None:
    nodes, rows, wanted = scattered(a=4, b=4, c=4, d=4)
    made = planned(picture(nodes, rows), *wanted, options=options(9))
    after = [
        held(name, 0, where(made, name)[0].replace("-", "/"), 4, incarnation="b")
        for name in ("a", "b", "c", "d")
    ]
    again = planned(picture(nodes, after), *wanted, options=options(9))
    assert again.steps == ()
    assert "keeps its 1 card" in again.warnings[0]


def test_without_the_search_it_says_so_and_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebalance, "installed", lambda: False)
    nodes, rows, wanted = scattered(a=5, b=5)
    made = planned(picture(nodes, rows), *wanted, options=options(9))
    assert made.steps == ()
    assert made.warnings == (rebalance.MISSING,)


@pytest.mark.parametrize(("size", "seed"), [(16, 0), (16, 1), (64, 0), (128, 1)])
def test_a_pool_after_departures_gets_down_to_the_bound_without_an_interruption(size: int, seed: int) -> None:
    """``python -m bench.rebalance`` tries ten of each size; the plan is checked there."""
    outcome = rebalanced(thinned(size, round(size * 1.08), seed), 10**6)
    assert outcome.after == outcome.least < outcome.before


slices = st.lists(st.tuples(st.integers(0, 3), st.integers(2, 14), st.sampled_from((0, 20, 60))), max_size=6)


@settings(max_examples=60, deadline=None)
@given(slices, st.integers(0, 6))
def test_whatever_runs_it_takes_no_more_moves_than_allowed_and_no_card_more(
    found: list[tuple[int, int, int]], moves: int
) -> None:
    """The independent checker judges the plan; the bound is not above what was reached."""
    free = [[20, 100] for _ in range(4)]
    rows, wanted = [], []
    for number, (card, size, percent) in enumerate(found):
        if free[card][0] >= size and free[card][1] >= percent:
            free[card] = [free[card][0] - size, free[card][1] - percent]
            rows.append(held(f"s{number}", 0, f"{'mn'[card // 2]}/{card % 2}", size, percent))
            wanted.append(want(f"s{number}", size, percent))
    before = {uuid for row in rows for uuid in row.place.cards}
    made = planned(picture([node("m", 2), node("n", 2)], rows), *wanted, options=options(moves))
    assert sum(step.op == "start" for step in made.steps) <= moves
    assert len(cards(made)) <= len(before)
    for said in made.warnings:
        if said.startswith("rebalance"):
            assert int(said.partition("fewer than ")[2].partition(":")[0]) <= len(cards(made))
