"""A plan that was made earlier, judged against what is there now."""

from __future__ import annotations

from dataclasses import replace

from components.placement.bound import overfull, rejudge
from components.placement.plan_types import Plan, PlanOptions
from components.placement.snapshot import Held, Snapshot
from tests.placement.build import REFUSE, THEM, held, node, picture, planned, want

LLM = want("llm", 12, cpu_milli=1000)


def saved() -> tuple[Snapshot, Plan]:
    """Return a pool where ``page`` runs, and a plan that starts ``llm`` beside it."""
    snapshot = picture([node("a", 2), node("b")], [held("page", 0, "a/0", 6)])
    return snapshot, planned(snapshot, LLM, want("page", 6))


def judged(snapshot: Snapshot, made: Plan, options: PlanOptions = REFUSE) -> list[str]:
    """Judge a saved plan."""
    return rejudge(snapshot, (LLM, want("page", 6)), made.assignments, made.steps, options)


def with_row(snapshot: Snapshot, row: Held) -> Snapshot:
    """Return the snapshot with one more row."""
    return replace(snapshot, held=(*snapshot.held, row))


def test_a_plan_holds_as_long_as_nothing_changed() -> None:
    """Also one with nothing to do."""
    snapshot, made = saved()
    assert judged(snapshot, made) == []


def test_a_foreign_commit_that_leaves_its_places_free_changes_nothing() -> None:
    """Someone takes another card."""
    snapshot, made = saved()
    assert judged(with_row(snapshot, held("x", 0, "b/0", 20, owner=THEM)), made) == []


def test_who_took_the_place_is_named_with_the_wish_and_the_card() -> None:
    """The last slice went to somebody else."""
    snapshot, made = saved()
    (sentence,) = judged(with_row(snapshot, held("x", 0, "a/0", 8, owner=THEM)), made)
    assert sentence == (
        "llm/0 wants 12,288 MiB of memory on a/0, which has 20,480 MiB: with what is there 26,624 would be taken. "
        f"There: x/0 of {THEM} (8,192), page/0 of this stack (6,144)"
    )


def test_a_pending_foreign_row_is_as_good_as_taken() -> None:
    """It is promised the place."""
    snapshot, made = saved()
    row = held("x", 0, "a/0", 8, owner=THEM, state="pending", after=["someone"])
    assert len(judged(with_row(snapshot, row), made)) == 1


def test_nodes_and_cards_that_take_nothing_new_any_more_are_named() -> None:
    """Drained, lost or gone since the preview."""
    snapshot, made = saved()
    a, b = snapshot.nodes
    drained = replace(a, state="draining", cause="operator", reason="kernel")
    assert judged(replace(snapshot, nodes=(drained, b)), made) == [
        "llm/0 wants a/0, but node a is draining (kernel)"
    ]
    lost_card = replace(a, card_states={"a-0": "lost"})
    assert "llm/0 wants a/0, but card a/0 is lost" in judged(replace(snapshot, nodes=(lost_card, b)), made)
    smaller = replace(a, node=replace(a.node, cards=a.node.cards[1:]))
    assert "llm/0 wants card a-0, which node a no longer has" in judged(
        replace(snapshot, nodes=(smaller, b)), made
    )
    assert "llm/0 wants a/a-0, but node a is no longer there" in " ".join(
        judged(replace(snapshot, nodes=(b,)), made)
    )


def test_what_it_keeps_must_still_be_there() -> None:
    """``page`` was seen gone."""
    snapshot, made = saved()
    assert judged(replace(snapshot, held=()), made) == [
        "page/0 was to stay on a/0, but it is no longer there"
    ]


def test_what_it_does_not_know_of_is_named() -> None:
    """Another apply of this stack began something since."""
    snapshot, made = saved()
    (sentence,) = judged(with_row(snapshot, held("new", 0, "b/0", 1, state="starting")), made)
    assert sentence == "new/0 (starting on b/0) is not as the saved plan knew it"


def test_a_step_about_an_instance_that_is_gone_is_named() -> None:
    """It was to be restarted."""
    row = held("page", 0, "a/0", 6, state="failed")
    snapshot = picture([node("a")], [row])
    made = planned(snapshot, want("page", 6))
    faults = rejudge(replace(snapshot, held=()), (want("page", 6),), made.assignments, made.steps, REFUSE)
    assert faults[0] == f"page/0 was to be restarted, but {row.id} is no longer held"


def test_another_revision_is_another_plan() -> None:
    """What is declared now is not what the plan starts."""
    snapshot, made = saved()
    newer = replace(LLM, revision="2")
    faults = rejudge(snapshot, (newer, want("page", 6)), made.assignments, made.steps, REFUSE)
    assert faults == ["llm is declared at another revision than the saved plan starts"]


def test_a_roll_in_place_holds_although_old_and_new_do_not_fit_together() -> None:
    """Rows that follow one another are not added up."""
    snapshot = picture([node("a")], [held("llm", 0, "a/0", 12)])
    wanted = want("llm", 12, revision="2", max_unavailable=1)
    made = planned(snapshot, wanted)
    assert rejudge(snapshot, (wanted,), made.assignments, made.steps, REFUSE) == []


def test_memory_only_separate_is_judged_again() -> None:
    """A stranger brought the other kind to the node."""
    snapshot, made = saved()
    separate = PlanOptions(memory_only="separate")
    (sentence,) = judged(with_row(snapshot, held("x", 0, "a/1", 1, 10, owner=THEM)), made, separate)
    assert sentence == f"llm/0 wants a/0, but x/0 of {THEM} is of the other kind of slices there"


def test_overfull_names_every_dimension_that_runs_out() -> None:
    """Memory and compute of a card, CPU and memory of a node."""
    rows = [
        held("x", n, "a/0", 11, 60, cpu_milli=9000, node_memory_mib=40_000, owner=f"{THEM}{n}")
        for n in range(2)
    ]
    found = overfull([node("a").node], rows)
    assert [(one.where, one.dimension, one.capacity, one.taken) for one in found] == [
        ("a/0", "memory", 20_480, 22_528),
        ("a/0", "compute", 100, 120),
        ("a", "node CPU", 16_000, 18_000),
        ("a", "node memory", 65_536, 80_000),
    ]
    assert str(found[1]) == (
        f"a/0 has 100 % of compute and 120 would be taken: x/0 of {THEM}0 60, x/1 of {THEM}1 60"
    )


def test_a_card_that_shrank_blocks_nobody_who_adds_nothing_there() -> None:
    """``added`` are the ids of new rows."""
    rows = [held("x", n, "a/0", 8) for n in range(3)]
    assert overfull([node("a").node], rows, added=[]) == []
    assert overfull([node("a").node], rows, added=[rows[0].id])
