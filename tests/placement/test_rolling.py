"""Rolling updates: surge places, waves, and what is done where there is no room."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from components.placement.plan_types import Plan
from components.placement.rolling import resolved_surge
from components.placement.snapshot import Held
from components.spec.claim import Wanted
from tests.placement.build import ME, REFUSE, WAIT, held, node, picture, planned, told, want, where
from tests.placement.world import World


def three(state: str = "ready", cards: int = 3) -> list[Held]:
    """Return three instances of ``llm`` at revision 1, one a card."""
    return [held("llm", n, f"a/{n % cards}", 12, state=state) for n in range(3)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("limit", "instances", "count"),
    [("2%", 1, 1), ("2%", 51, 2), ("25%", 10, 3), ("100%", 3, 3), (0, 5, 0), (3, 1, 3), ("2%", 0, 1)],
)
def test_a_percentage_of_surge_is_rounded_up_and_is_at_least_one(
    limit: int | str, instances: int, count: int
) -> None:
    """EAS's own default is 2 %."""
    assert resolved_surge(limit, instances) == count


def test_with_a_surge_place_enough_serve_at_every_moment() -> None:
    """The surge instance first, then one ordinal after the other in its own place, the surge instance last."""
    made = planned(picture([node("a", 4)], three()), want("llm", 12, instances=3, revision="2"))
    assert told(made) == [
        "start llm/+0 a-3",
        "stop llm/0 after 1",
        "start llm/0 a-0 after 2",
        "stop llm/1 after 3",
        "start llm/1 a-1 after 4",
        "stop llm/2 after 5",
        "start llm/2 a-2 after 6",
        "stop llm/+0 after 7",
    ]
    assert [step.wave for step in made.steps] == [0, 1, 1, 2, 2, 3, 3, 0]
    assert {step.mode for step in made.steps if step.role == "steady"} == {"in-place"}


def test_a_roll_moves_nobody_and_no_surge_place_is_ever_assigned() -> None:
    """Invariant 8."""
    made = planned(picture([node("a", 4)], three()), want("llm", 12, instances=3, revision="2"))
    assert where(made, "llm") == {0: "a-0", 1: "a-1", 2: "a-2"}


def test_surge_and_unavailable_add_up_to_the_width_of_a_wave() -> None:
    """One stops at once, one when the surge instance serves, then two at a time."""
    rows = [held("llm", n, f"a/{n}", 12) for n in range(5)]
    made = planned(
        picture([node("a", 6)], rows), want("llm", 12, instances=5, revision="2", max_unavailable=1)
    )
    waves = {step.ordinal: step.wave for step in made.steps if step.op == "stop" and step.role == "steady"}
    assert waves == {0: 1, 1: 1, 2: 2, 3: 2, 4: 3}
    assert next(step.after for step in made.steps if step.op == "stop" and step.ordinal == 0) == ()
    assert made.rolling == {
        "llm": "rolls 5 of 5 instances in waves of 2: max_surge 1, room for 1; max_unavailable 1"
    }


def test_without_a_surge_place_it_rolls_in_place_by_max_unavailable() -> None:
    """``in-place``: others still serve."""
    made = planned(
        picture([node("a", 3)], three()), want("llm", 12, instances=3, revision="2", max_unavailable=2)
    )
    assert [(step.wave, step.mode) for step in made.steps if step.op == "stop"] == [
        (1, "in-place"),
        (1, "in-place"),
        (2, "in-place"),
    ]


def test_where_no_ready_instance_would_remain_the_step_says_break_before_make() -> None:
    """One instance, no surge place."""
    snapshot = picture([node("a")], [held("llm", 0, "a/0", 12)])
    made = planned(snapshot, want("llm", 12, revision="2", max_unavailable=1))
    assert {step.mode for step in made.steps} == {"break-before-make"}


def test_a_single_instance_with_a_surge_place_is_never_without_service() -> None:
    """Although max_unavailable would allow it."""
    snapshot = picture([node("a", 2)], [held("llm", 0, "a/0", 12)])
    made = planned(snapshot, want("llm", 12, revision="2", max_unavailable=1))
    assert told(made)[:2] == ["start llm/+0 a-1", "stop llm/0 after 1"]


def test_with_neither_it_is_refused_naming_both_fixes() -> None:
    """A surge place, or max_unavailable."""
    (refusal,) = planned(
        picture([node("a", 3)], three()), want("llm", 12, instances=3, revision="2"), options=WAIT
    ).blocking
    sentence = str(refusal)
    assert (
        "llm cannot be rolled, since max_unavailable is 0 and no place is free for a surge instance"
        in sentence
    )
    assert (
        "Either free 4,096 MiB on a/0 for a surge instance, or set rolling_strategy.max_unavailable to 1"
        in sentence
    )


def test_max_surge_zero_is_told_from_a_pool_without_room() -> None:
    """There is room, but the file allows no surge instance."""
    snapshot = picture([node("a", 4)], three())
    (refusal,) = planned(snapshot, want("llm", 12, instances=3, revision="2", max_surge=0)).blocking
    assert "since max_unavailable and max_surge are 0" in str(refusal)
    assert "Either set rolling_strategy.max_surge to 1, or set rolling_strategy.max_unavailable to 1" in str(
        refusal
    )


def test_services_share_one_surge_place_in_the_order_of_their_names() -> None:
    """The second begins when the first has released it."""
    rows = [held("b", 0, "a/0", 20), held("a", 0, "a/1", 20)]
    made = planned(picture([node("a", 3)], rows), want("a", 20, revision="2"), want("b", 20, revision="2"))
    assert told(made) == [
        "start a/+0 a-2",
        "stop a/0 after 1",
        "start a/0 a-1 after 2",
        "stop a/+0 after 3",
        "start b/+0 a-2 after 4",
        "stop b/0 after 5",
        "start b/0 a-0 after 6",
        "stop b/+0 after 7",
    ]


def test_services_roll_side_by_side_where_there_is_room() -> None:
    """Two free places, two surge instances at once."""
    rows = [held("b", 0, "a/0", 20), held("a", 0, "a/1", 20)]
    made = planned(picture([node("a", 4)], rows), want("a", 20, revision="2"), want("b", 20, revision="2"))
    assert [step.after for step in made.steps if step.how == "surge"] == [(), ()]


def test_what_a_plan_stops_is_room_for_a_surge_instance() -> None:
    """A retired service leaves its place to the roll of another."""
    rows = [held("old", 0, "a/1", 20), held("llm", 0, "a/0", 20)]
    made = planned(picture([node("a", 2)], rows), want("llm", 20, revision="2"))
    assert "start llm/+0 a-1 after 1" in told(made)


def test_instances_that_do_not_serve_are_replaced_at_once() -> None:
    """Nothing waits for them, and the others wait until they serve again."""
    rows = three()
    rows[1] = replace(rows[1], state="failed")
    made = planned(
        picture([node("a", 3)], rows), want("llm", 12, instances=3, revision="2", max_unavailable=1)
    )
    assert told(made)[:4] == [
        "stop llm/1",
        "start llm/1 a-1 after 1",
        "stop llm/0 after 2",
        "start llm/0 a-0 after 3",
    ]


def test_a_larger_claim_rolls_in_place_where_it_fits_and_elsewhere_where_not() -> None:
    """One of two grows where it is; for both there is no room."""
    rows = [held("llm", 0, "a/0", 8), held("llm", 1, "a/0", 8)]
    made = planned(
        picture([node("a", 2)], rows), want("llm", 12, instances=2, revision="2", max_unavailable=1)
    )
    assert where(made, "llm") == {0: "a-0", 1: "a-1"}


def test_what_grows_on_one_card_together_grows_one_after_another() -> None:
    """Three at 20 % become three at 30 %: never more than 100 % at once."""
    rows = [held("llm", n, "a/0", 2, 20) for n in range(3)]
    made = planned(
        picture([node("a")], rows),
        want("llm", 2, 30, instances=3, revision="2", max_surge=0, max_unavailable=1),
    )
    assert [step.wave for step in made.steps if step.op == "stop"] == [1, 2, 3]


def test_what_must_leave_is_there_at_its_new_place_before_it_stops() -> None:
    """The new claim fits its card no longer."""
    snapshot = picture([node("a", [10_240]), node("b")], [held("llm", 0, "a/0", 8)])
    made = planned(snapshot, want("llm", 16, revision="2"))
    assert told(made) == ["start llm/0 b-0", "stop llm/0 after 1"]


def test_what_fits_nowhere_in_its_new_size_is_refused_or_goes_on_as_it_was() -> None:
    """``wait``: the old revision serves on."""
    snapshot = picture([node("a")], [held("llm", 0, "a/0", 8)])
    grown = want("llm", 24, revision="2")
    assert planned(snapshot, grown).blocking
    made = planned(snapshot, grown, options=WAIT)
    assert made.steps == ()
    assert where(made, "llm") == {0: "a-0"}
    assert "its revision changed" in made.warnings[0]


class TestUnfinished:
    """Rolls that were interrupted, or failed, or are reverted."""

    def roll(self, steps: int, wanted: Wanted) -> World:
        """Return the world after the first so many steps of a roll to revision 2."""
        world = World([node("a", 4)], {row.id: row for row in three()})
        made = planned(world.snapshot(ME), wanted)
        world.commit(ME, made, [wanted])
        assert len(made.steps) == 8
        for step in made.steps[:steps]:
            world.do(ME, step, {})
        return world

    @pytest.mark.parametrize("steps", range(9))
    def test_an_interrupted_roll_goes_on_where_it_stands(self, steps: int) -> None:
        """No surge instance is started twice, and nothing that is done is done again."""
        wanted = want("llm", 12, instances=3, revision="2")
        world = self.roll(steps, wanted)
        made = planned(world.snapshot(ME), wanted)
        assert sum(step.how == "surge" for step in made.steps) == 0
        done = {0: 0, 1: 0, 2: 0, 3: 1, 4: 1, 5: 2, 6: 2, 7: 3, 8: 3}[steps]
        assert sum(step.op == "stop" and step.role == "steady" for step in made.steps) <= 3 - done
        world.commit(ME, made, [wanted])
        assert world.run(ME, random.Random(1), [wanted])
        assert {(row.service, row.ordinal, row.revision, row.role) for row in world.rows.values()} == {
            ("llm", n, "2", "steady") for n in range(3)
        }

    @pytest.mark.parametrize("steps", range(9))
    def test_reverting_the_file_restarts_nothing_that_still_runs_the_old_revision(self, steps: int) -> None:
        """Invariant 8."""
        world = self.roll(steps, want("llm", 12, instances=3, revision="2"))
        before = {row.id for row in world.rows.values() if row.revision == "1" and row.state == "ready"}
        made = planned(world.snapshot(ME), want("llm", 12, instances=3))
        assert not before & {step.instance for step in made.steps}

    def test_a_roll_that_fails_pauses_with_the_old_revision_serving(self) -> None:
        """All that is left waits for the start that failed, directly or through others."""
        world = self.roll(2, want("llm", 12, instances=3, revision="2"))
        failed, *rest = world.open[ME]
        assert (failed.op, failed.label) == ("start", "llm/0")
        waiting = {failed.n}
        for step in rest:
            assert waiting & set(step.after)
            waiting.add(step.n)
        assert world.ready(ME, "llm") == 3

    def test_a_third_revision_keeps_the_surge_instance_of_the_second_as_cover(self) -> None:
        """It serves, so it is stopped last, not first."""
        world = self.roll(4, want("llm", 12, instances=3, revision="2"))
        made = planned(world.snapshot(ME), want("llm", 12, instances=3, revision="3"))
        assert made.steps[-1].label == "llm/+0"
        assert not [step for step in made.steps if step.op == "start" and step.role == "surge"]

    def test_a_surge_instance_that_is_left_over_is_stopped(self) -> None:
        """The roll is over."""
        rows = [held("llm", 0, "a/0", 12), held("llm", 0, "a/1", 12, role="surge", incarnation="s")]
        assert told(planned(picture([node("a", 2)], rows), want("llm", 12))) == ["stop llm/+0"]


def ready_at_least(made: Plan, rows: list[Held], seed: int) -> int:
    """Carry a plan out in a random order and return the fewest ready instances on the way."""
    rng = random.Random(seed)
    world = World([node("a", 8)], {row.id: row for row in rows})
    world.commit(ME, made, [want("llm", 12, revision="2")])
    fewest = world.ready(ME, "llm")
    while world.open[ME]:
        world.do(ME, rng.choice(world.possible(ME)), {})
        fewest = min(fewest, world.ready(ME, "llm"))
    return fewest


@pytest.mark.parametrize("unavailable", [0, 1, 2, 4])
@pytest.mark.parametrize("surge", [0, 1, 3])
def test_waves_never_leave_fewer_than_they_may(unavailable: int, surge: int) -> None:
    """In twenty random orders each."""
    rows = [held("llm", n, f"a/{n}", 12) for n in range(5)]
    wanted = want("llm", 12, instances=5, revision="2", max_surge=surge, max_unavailable=unavailable)
    made = planned(picture([node("a", 8)], rows), wanted, options=REFUSE)
    if surge == unavailable == 0:
        assert made.blocking
        return
    for seed in range(20):
        assert ready_at_least(made, rows, seed) >= 5 - unavailable


def test_wide_waves_do_not_make_plans_large() -> None:
    """A stop waits for a few of the wave before it, and still not too many are down."""
    rows = [held("llm", n, f"a/{n % 8}", 1, cpu_milli=0) for n in range(60)]
    wanted = want("llm", 1, instances=60, revision="2", max_surge="20%", max_unavailable=0)
    made = planned(picture([node("a", 8)], rows), wanted)
    later = [len(step.after) for step in made.steps if step.op == "stop" and step.wave > 2]
    assert later
    assert max(later) <= 4
    for seed in range(5):
        assert ready_at_least(made, rows, seed) >= 60
