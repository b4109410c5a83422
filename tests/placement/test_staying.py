"""What stays where it is, and what is done to it there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.placement.snapshot import HoldState
from tests.placement.build import REFUSE, THEM, WAIT, held, node, picture, planned, told, want, where


def test_nothing_to_do_is_an_empty_plan() -> None:
    """Unchanged program and ledger: no step, no refusal, no warning."""
    snapshot = picture([node("a", 2)], [held("llm", 0, "a/1", 8), held("llm", 1, "a/0", 8)])
    made = planned(snapshot, want("llm", 8, instances=2))
    assert (made.steps, made.refusals, made.warnings) == ((), (), ())
    assert made.change() == {}
    assert where(made, "llm") == {0: "a-1", 1: "a-0"}


def test_nobody_moves_for_a_better_fit() -> None:
    """Two half-empty cards stay half empty although one would do."""
    snapshot = picture([node("a", 2)], [held("llm", 0, "a/0", 4), held("page", 0, "a/1", 4)])
    assert planned(snapshot, want("llm", 4), want("page", 4)).steps == ()


def test_changing_only_the_number_of_instances_moves_nobody_and_fills_the_lowest_free_ordinals() -> None:
    """Known failure 6: an in-place change moves nobody."""
    snapshot = picture([node("a", 2)], [held("llm", 0, "a/1", 8), held("llm", 2, "a/0", 8)])
    made = planned(snapshot, want("llm", 8, instances=3))
    assert [(step.op, step.label) for step in made.steps] == [("start", "llm/1")]


def test_scaling_down_retires_the_highest_ordinals() -> None:
    """Whichever cards they are on."""
    snapshot = picture([node("a", 3)], [held("llm", n, f"a/{2 - n}", 8) for n in range(3)])
    made = planned(snapshot, want("llm", 8, instances=1))
    assert told(made) == ["stop llm/1", "stop llm/2"]
    assert {step.reason for step in made.steps} == {"1 instance is wanted"}


def test_a_service_that_is_gone_from_the_program_is_stopped() -> None:
    """Foreign instances of the same name are not."""
    rows = [held("llm", 0, "a/0", 8), held("llm", 0, "a/0", 8, owner=THEM)]
    assert [step.instance for step in planned(picture([node("a")], rows)).steps] == [rows[0].id]


def test_a_new_token_alone_is_a_reconfigure() -> None:
    """The token is outside the revision."""
    snapshot = picture([node("a")], [held("llm", 0, "a/0", 8)])
    made = planned(snapshot, want("llm", 8, token_hash="new"))
    assert [(step.op, step.how) for step in made.steps] == [("reconfigure", "reconfigure")]


@pytest.mark.parametrize(
    ("state", "op", "how"),
    [("failed", "restart", "restart"), ("reserved", "start", "resume"), ("starting", "start", "resume")],
)
def test_what_an_earlier_apply_left_unfinished_is_taken_up_in_place(
    state: HoldState, op: str, how: str
) -> None:
    """The instance keeps its id and its place."""
    row = held("llm", 0, "a/0", 8, state=state)
    (step,) = planned(picture([node("a", 2)], [row]), want("llm", 8)).steps
    assert (step.op, step.how, step.instance, step.place) == (op, how, row.id, row.place)


def test_what_takes_up_its_token_while_it_is_brought_up_is_one_step() -> None:
    """A failed instance with an old token is reconfigured, which restarts it."""
    row = held("llm", 0, "a/0", 8, state="failed")
    (step,) = planned(picture([node("a", 2)], [row]), want("llm", 8, token_hash="new")).steps
    assert (step.op, step.how) == ("reconfigure", "restart")


def test_a_pending_row_keeps_its_place_and_gets_its_turn_anew() -> None:
    """It was to follow an instance that is still there."""
    old = held("llm", 0, "a/0", 12, revision="0", state="stopping")
    new = held("llm", 0, "a/0", 12, state="pending", after=[old.id], incarnation="b")
    made = planned(picture([node("a", 2)], [old, new]), want("llm", 12))
    assert told(made) == ["stop llm/0", "start llm/0 a-0 after 1"]
    assert made.steps[1].instance == new.id


def test_a_pending_row_is_dropped_when_the_file_is_reverted() -> None:
    """The old revision still runs, so nothing is restarted."""
    old = held("llm", 0, "a/0", 12, revision="1")
    new = held("llm", 0, "a/0", 12, revision="2", state="pending", after=[old.id], incarnation="b")
    made = planned(picture([node("a")], [old, new]), want("llm", 12))
    assert [(step.op, step.instance) for step in made.steps] == [("stop", new.id)]


def test_a_pending_row_takes_up_a_new_token_as_another_row() -> None:
    """Nothing of it ran, so no second apply is needed for the token."""
    old = held("llm", 0, "a/0", 12, revision="0", state="stopping")
    new = held("llm", 0, "a/0", 12, state="pending", after=[old.id], incarnation="b")
    made = planned(picture([node("a")], [old, new]), want("llm", 12, token_hash="new"))
    starts = [step for step in made.steps if step.op == "start"]
    assert [(step.instance, step.place) for step in starts] == [("", new.place)]


def test_one_told_to_stop_finishes_and_starts_again_in_its_own_place() -> None:
    """Its place is free only once it is seen gone, and nobody else gets it."""
    row = held("llm", 0, "a/0", 12, state="stopping")
    made = planned(picture([node("a", 2)], [row]), want("llm", 12))
    assert told(made) == ["stop llm/0", "start llm/0 a-0 after 1"]


def test_a_cordoned_node_keeps_what_it_has_and_takes_nothing_new() -> None:
    """Also when what it has is rolled in place."""
    nodes = [replace(node("a", 2), state="cordoned", cause="operator"), node("b")]
    snapshot = picture(nodes, [held("llm", 0, "a/0", 8)])
    made = planned(snapshot, want("llm", 8, instances=2, revision="2", max_unavailable=1))
    assert where(made, "llm") == {0: "a-0", 1: "b-0"}


def test_a_card_that_holds_less_than_before_keeps_the_lowest_ordinals() -> None:
    """The others move, since they no longer fit."""
    rows = [held("llm", n, "a/0", 8) for n in range(2)]
    made = planned(picture([node("a", [10 * 1024, 20 * 1024])], rows), want("llm", 8, instances=2))
    assert where(made, "llm") == {0: "a-0", 1: "a-1"}
    assert {step.how for step in made.steps} == {"move"}


def test_a_changed_instance_type_changes_the_size_of_a_slice_in_place() -> None:
    """8 GiB on ecs.* become 8 GB on ml.*: known to the plan, which replaces the instance where it is."""
    made = planned(
        picture([node("a", kind="ml.a")], [held("llm", 0, "a/0", 8)]),
        want("llm", 8, max_surge=0, max_unavailable=1),
    )
    assert told(made) == ["stop llm/0", "start llm/0 a-0 after 1"]
    assert made.assignments["llm"][0].memory_mib == 7629  # type: ignore[union-attr]


def test_another_pool_means_another_place() -> None:
    """The instance is there first, then the old one stops."""
    snapshot = picture([node("a"), node("b", pool="q")], [held("llm", 0, "a/0", 8)])
    made = planned(snapshot, want("llm", 8, pool="q"))
    assert told(made) == ["start llm/0 b-0", "stop llm/0 after 1"]
    assert {step.mode for step in made.steps} == {"make-before-break"}


def test_of_two_instances_of_one_ordinal_the_one_that_is_ready_stays() -> None:
    """The leftover of an interrupted move goes at once."""
    rows = [held("llm", 0, "a/0", 8, state="failed"), held("llm", 0, "a/1", 8, incarnation="b")]
    made = planned(picture([node("a", 2)], rows), want("llm", 8))
    assert [(step.op, step.instance) for step in made.steps] == [("stop", rows[0].id)]


def test_the_rest_of_an_interrupted_move_is_finished() -> None:
    """The old instance serves until the new one is ready."""
    nodes = [replace(node("a"), state="draining", cause="operator"), node("b")]
    rows = [held("llm", 0, "a/0", 8), held("llm", 0, "b/0", 8, state="starting", incarnation="b")]
    made = planned(picture(nodes, rows), want("llm", 8))
    assert told(made) == ["start llm/0 b-0", "stop llm/0 after 1"]


class TestAutoscaler:
    """``instance`` is only the first value (invariant 11)."""

    def test_the_declared_count_is_the_first_value(self) -> None:
        """Within min and max."""
        made = planned(picture([node("a", 8)]), want("llm", 8, instances=3, autoscale=(1, 4)))
        assert len(made.steps) == 3

    def test_a_running_count_within_the_limits_is_never_reset(self) -> None:
        """Four run, two are declared: four stay."""
        rows = [held("llm", n, f"a/{n}", 8) for n in range(4)]
        assert (
            planned(picture([node("a", 4)], rows), want("llm", 8, instances=2, autoscale=(1, 4))).steps == ()
        )

    def test_a_running_count_is_brought_within_the_limits(self) -> None:
        """A lower max retires the highest ordinals, a higher min fills up."""
        rows = [held("llm", n, f"a/{n}", 8) for n in range(4)]
        snapshot = picture([node("a", 8)], rows)
        assert told(planned(snapshot, want("llm", 8, autoscale=(1, 3)))) == ["stop llm/3"]
        assert len(planned(snapshot, want("llm", 8, autoscale=(6, 9))).assignments["llm"]) == 6

    def test_one_that_lost_its_place_costs_no_other_its_own(self) -> None:
        """Ordinals 1 and 2 run, 0 waits: three are wanted, not two."""
        rows = [held("llm", n, "a/0", 8) for n in (1, 2)]
        made = planned(picture([node("a")], rows, [("llm", 0)]), want("llm", 8, autoscale=(1, 3)))
        assert made.steps == ()
        assert where(made, "llm") == {0: "waiting", 1: "a-0", 2: "a-0"}

    def test_it_is_said_when_the_most_would_not_fit(self) -> None:
        """And nothing when it would."""
        snapshot = picture([node("a", 2)], [held("llm", 0, "a/0", 20)])
        made = planned(snapshot, want("llm", 20, autoscale=(1, 3)))
        assert made.warnings == (
            "llm may grow to 3 instances, and only 1 of the 2 beyond its 1 would find a place now",
        )
        assert planned(snapshot, want("llm", 20, autoscale=(1, 2))).warnings == ()

    def test_what_waits_of_the_first_instances_goes_on_waiting(self) -> None:
        """One of two found a place: the next plan wants two as well."""
        snapshot = picture([node("a")], [held("llm", 0, "a/0", 20)], [("llm", 1)])
        made = planned(snapshot, want("llm", 20, instances=2, autoscale=(1, 3)), options=WAIT)
        assert where(made, "llm") == {0: "a-0", 1: "waiting"}


@pytest.mark.parametrize("options", [REFUSE, WAIT])
def test_what_was_committed_without_a_place_never_blocks(options: object) -> None:
    """It waits on, and gets a place when there is one."""
    full = picture([node("a")], [held("page", 0, "a/0", 20)], [("llm", 0)])
    made = planned(full, want("llm", 8), want("page", 20), options=options)  # type: ignore[arg-type]
    assert not made.blocking
    assert where(made, "llm") == {0: "waiting"}
    free = picture([node("a")], [], [("llm", 0)])
    assert where(planned(free, want("llm", 8)), "llm") == {0: "a-0"}
