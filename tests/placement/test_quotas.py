"""What an owner may take of a pool: what counts, what is refused and in which words, what is left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.placement.bound import rejudge
from components.placement.checker import violations
from components.placement.plan import plan
from components.placement.plan_types import Plan, PlanOptions
from components.placement.quota import Use, use_of
from components.placement.snapshot import NodeView, Place, Snapshot
from components.spec.claim import Wanted
from components.spec.quotas import CARD, Quota, quota_of
from tests.placement.build import ME, REFUSE, THEM, WAIT, held, node, want

QUOTAS = {
    "default": {"cards": 1},
    "acme/search/*": {"cards": 2},
    "acme/*/prod": {"cards": 3},
    "acme/search/prod": {"cards": 4, "memory_gib": 8, "compute": 150},
    "acme/search/prod-0a1b2c": {"cards": 5},
    "acme/ops/*": {},
}


@pytest.mark.parametrize(
    ("owner", "cards"),
    [
        ("acme/search/prod-0a1b2c", 5),
        ("acme/search/prod-77aa88", 4),
        ("acme/search/dev-77aa88", 2),
        ("acme/shop/prod-77aa88", 3),
        ("acme/shop/dev-77aa88", 1),
        ("acme/ops/dev-77aa88", None),
        ("acme/search/prod-77aa88ff", 4),
        ("acme/search/prod-77aa88ff00112233", 4),
        ("acme/search/prod-77aa88f", 2),
    ],
)
def test_the_most_exact_entry_counts_and_the_random_suffix_is_no_part_of_the_name(
    owner: str, cards: int | None
) -> None:
    found = quota_of("p", QUOTAS, owner, "platform")
    assert (found.cards if found else None) == (cards and cards * CARD)


def test_figures_are_kept_in_the_units_in_which_places_are_counted() -> None:
    assert quota_of("p", QUOTAS, "acme/search/prod", "x") == Quota(
        "p", "acme/search/prod", "x", 4000, 8192, 150
    )
    assert quota_of("p", {"a/b/c": {"cards": 1}}, "a/b/d") is None


def test_what_a_place_counts() -> None:
    sizes = {"u0": 20480, "u1": 10240}
    assert use_of(Place("p", "n", ("u0",), 5120, 10), sizes) == Use(250, 5120, 10)
    assert use_of(Place("p", "n", ("u0",), 5120, 50), sizes) == Use(500, 5120, 50)
    assert use_of(Place("p", "n", ("u0",), 5120), sizes) == Use(250, 5120, 0)
    assert use_of(Place("p", "n", ("u0", "u1"), exclusive=True), sizes) == Use(2000, 30720, 200)
    assert use_of(Place("p", "n", cpu_milli=1000), sizes) == Use(0, 0, 0)
    thirds = [use_of(Place("p", "n", ("u0",), 20480 // 3), sizes).cards] * 3
    assert sum(thirds) <= CARD, "what shares a card never counts more than the card"


def planned(
    nodes: list[NodeView],
    wanted: list[Wanted],
    quota: Quota | None,
    *,
    options: PlanOptions = REFUSE,
    **more: object,
) -> Plan:
    snapshot = Snapshot(ME, tuple(nodes), quotas=(quota,) if quota else (), **more)  # type: ignore[arg-type]
    made = plan(snapshot, wanted, options)
    assert violations(snapshot, wanted, made, options) == []
    if not made.blocking:
        assert rejudge(snapshot, wanted, made.assignments, made.steps, options) == []
    return made


def of(
    cards: int | None = None, memory: int | None = None, compute: int | None = None, by: str = "ops/gpus/prod"
) -> Quota:
    return Quota("p", "org/*/*", by, None if cards is None else cards * CARD, memory, compute)


def test_what_is_new_beyond_the_quota_is_refused_with_all_numbers_and_both_ways_out() -> None:
    made = planned([node("a", 4)], [want("llm", gpu=1, instances=3)], of(cards=2))
    assert [*map(str, made.refusals)] == [
        (
            "llm/2 asks for 1 whole card in pool p and exceeds a quota. The quota of org/project/stack-1 in pool p "
            "(quotas, 'org/*/*') is 2 cards, 0 in use and 3 wanted. It fits with 1 card less, or with `cards: 3` there "
            "(ask ops/gpus/prod, whose pool it is)."
        )
    ]
    assert made.blocking
    assert not planned([node("a", 4)], [want("llm", gpu=1, instances=2)], of(cards=2)).refusals


@pytest.mark.parametrize(
    ("quota", "says"),
    [
        (of(memory=10 * 1024), "memory_gib: 12"),
        (of(compute=100), "compute: 120"),
        (of(cards=0), "cards: 2"),
        (of(memory=10 * 1024, compute=100), "memory_gib: 12, compute: 120"),
    ],
)
def test_each_figure_binds_by_itself(quota: Quota, says: str) -> None:
    made = planned([node("a", 4)], [want("page", 4, 40, instances=3)], quota)
    assert made.blocking
    assert f"with `{says}` there" in str(made.refusals[0])


def test_waiting_for_a_quota_is_waiting_and_ends_when_it_grows() -> None:
    wanted = [want("llm", gpu=1, instances=3), want("page", 4, instances=2)]
    made = planned([node("a", 6)], wanted, of(cards=2), options=WAIT)
    waits = [(refusal.service, refusal.ordinal) for refusal in made.waiting]
    assert not made.blocking
    assert waits == [("llm", 1), ("llm", 2)], "the higher ordinals wait, and what is small goes ahead of them"
    assert not planned([node("a", 6)], wanted, of(cards=4), options=WAIT).refusals


def test_foreign_instances_count_for_nobody_but_their_owner() -> None:
    theirs = tuple(held("x", n, f"a/{n}", 20, owner=THEM) for n in range(2))
    made = planned([node("a", 4)], [want("llm", 20, instances=2)], of(cards=2), held=theirs)
    assert not made.refusals


def test_a_lowered_quota_evicts_nobody_and_lets_roll_move_and_shrink() -> None:
    rows = tuple(held("llm", n, f"a/{n}", 20) for n in range(3))
    nodes = [node("a", 3), node("b", 3)]
    same = planned(nodes, [want("llm", 20, instances=3)], of(cards=1), held=rows)
    assert (same.steps, same.refusals) == ((), ())
    rolled = planned(nodes, [want("llm", 20, instances=3, revision="2")], of(cards=1), held=rows)
    assert not rolled.refusals
    shrunk = planned(nodes, [want("llm", 20, instances=2)], of(cards=1), held=rows)
    assert not shrunk.refusals
    drained = [replace(nodes[0], state="draining", cause="operator"), nodes[1]]
    moved = planned(drained, [want("llm", 20, instances=3)], of(cards=1), held=rows)
    assert {step.how for step in moved.steps} == {"move"}
    grown = planned(nodes, [want("llm", 20, instances=4)], of(cards=1), held=rows)
    assert [(refusal.service, refusal.ordinal) for refusal in grown.refusals] == [("llm", 3)]
    other = [want("llm", 20, instances=2), want("page", 1)]
    assert planned(nodes, other, of(cards=1), held=rows).blocking, "over it, nothing new begins"


def test_surge_places_and_both_places_of_a_move_do_not_count_double() -> None:
    rows = (held("llm", 0, "a/0", 20),)
    wanted = [want("llm", 20, revision="2", max_surge=1, max_unavailable=0)]
    made = planned([node("a", 3)], wanted, of(cards=1), held=rows)
    assert any(step.role == "surge" for step in made.steps)


def test_a_larger_size_is_refused_or_runs_on_as_it_was() -> None:
    rows = (held("llm", 0, "a/0", 5),)
    wanted = [want("llm", 10, revision="2")]
    made = planned([node("a", 2)], wanted, of(memory=6 * 1024), held=rows)
    assert "exceeds a quota" in str(made.blocking[0])
    made = planned([node("a", 2)], wanted, of(memory=6 * 1024), options=WAIT, held=rows)
    assert made.steps == ()
    assert made.warnings[0].startswith("llm/0 runs on where it is (its revision changed). The quota of ")


def test_room_is_not_made_by_moving_others_to_where_they_take_more_than_the_quota() -> None:
    """`gpu: 1` on the small card may not move to the large one."""
    rows = (held("whole", 0, "a/0"),)
    wanted = [want("whole", gpu=1), want("picky", 8, models=("S",))]
    nodes = [node("a", [10240, 20480], models=["S", "L"])]
    options = PlanOptions(max_moves=1, on_insufficient="wait")
    free = planned(nodes, wanted, None, options=options, held=rows)
    assert {step.how for step in free.steps} == {"move", "start"}
    made = planned(nodes, wanted, of(memory=20 * 1024), options=options, held=rows)
    assert made.assignments["whole"][0] == rows[0].place


def test_a_saved_plan_is_judged_by_the_quota_of_now() -> None:
    wanted = [want("llm", gpu=1, instances=3)]
    snapshot = Snapshot(ME, (node("a", 4),), quotas=(of(cards=3),))
    made = plan(snapshot, wanted, REFUSE)
    lowered = replace(snapshot, quotas=(of(cards=2),))
    [fault] = rejudge(lowered, wanted, made.assignments, made.steps, REFUSE)
    assert "is 2 cards" in fault
    assert violations(lowered, wanted, made, REFUSE) != []


def test_a_surge_instance_is_nothing_that_its_ordinal_holds() -> None:
    rows = (held("llm", 0, "a/0", 5), held("llm", 0, "a/1", 10, role="surge", revision="2", incarnation="s"))
    made = planned([node("a", 3)], [want("llm", 10, revision="2")], of(memory=6 * 1024), held=rows)
    assert "5,120 in use and 10,240 wanted" in str(made.blocking[0])


def test_who_is_over_the_quota_takes_no_place_from_who_has_to_leave_a_draining_node() -> None:
    drained = replace(node("a"), state="draining", cause="operator")
    rows = (held("llm", 0, "a/0", 20),)
    wanted = [want("aaa", 20), want("llm", 20)]
    made = planned([drained, node("b")], wanted, of(memory=20 * 1024), options=WAIT, held=rows)
    assert made.assignments["aaa"][0] is None
    place = made.assignments["llm"][0]
    assert place is not None
    assert place.node == "b"
