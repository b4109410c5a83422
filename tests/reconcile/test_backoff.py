"""How long an instance that fails again and again is left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from components.ledger import OpenStep
from components.placement.plan_types import Op, Step
from components.reconcile.backoff import LONGEST, loop_of, rest_after, resting, without

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SLOT = ("llm", 0)


def ago(*seconds: float) -> list[datetime]:
    return [NOW - timedelta(seconds=each) for each in seconds]


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 0), (2, 10), (3, 20), (4, 40), (6, 160), (7, 300), (8, 300), (10**6, 300)]
)
def test_each_failure_doubles_the_rest_up_to_five_minutes(failures: int, seconds: float) -> None:
    assert rest_after(failures).total_seconds() == seconds


def test_the_first_failure_is_repaired_at_once() -> None:
    assert resting({SLOT: ago(0.1)}, NOW) == {}


def test_one_that_failed_twice_rests_ten_seconds_from_the_last() -> None:
    assert set(resting({SLOT: ago(30, 9)}, NOW)) == {SLOT}
    assert resting({SLOT: ago(30, 11)}, NOW) == {}


def test_failures_of_more_than_an_hour_ago_are_forgotten() -> None:
    assert loop_of(SLOT, ago(7200, 3601), NOW) is None
    loop = loop_of(SLOT, ago(3601, 20, 10, 5), NOW)
    assert loop is not None
    assert (loop.failures, loop.until) == (3, NOW + timedelta(seconds=15))


def test_what_the_clock_of_another_machine_puts_into_the_future_does_not_count() -> None:
    assert loop_of(SLOT, ago(-3600), NOW) is None


def test_a_crash_loop_is_still_tried_every_five_minutes() -> None:
    loop = loop_of(SLOT, ago(*range(10, 3000, 100)), NOW)
    assert loop is not None
    assert loop.until - NOW == LONGEST - timedelta(seconds=10)


def step(n: int, op: Op, service: str, *after: int, ordinal: int = 0) -> OpenStep:
    return OpenStep(1, Step(n, op, "roll", service, ordinal, after=after), f"o/{service}/{ordinal}/i{n}")


def left(steps: list[OpenStep]) -> list[int]:
    return [each.step.n for each in without(steps, {SLOT})]


def test_what_rests_is_left_out_and_nothing_else() -> None:
    assert left(
        [step(1, "restart", "llm"), step(2, "restart", "llm", ordinal=1), step(3, "start", "page")]
    ) == [2, 3]


def test_the_stop_that_comes_after_a_start_that_rests_is_left_out_with_all_that_follows() -> None:
    chain = [
        step(1, "start", "llm"),
        step(2, "stop", "llm", 1),
        step(3, "start", "page", 2),
        step(4, "stop", "page"),
    ]
    assert left(chain) == [4]


def test_a_stop_of_one_that_rests_is_carried_out() -> None:
    assert left([step(1, "stop", "llm")]) == [1]


def test_nothing_of_one_whose_turn_comes_later_is_carried_out() -> None:
    chain = [step(1, "stop", "llm"), step(2, "start", "llm", 1), step(3, "start", "page")]
    assert [each.step.n for each in without(chain, (), {SLOT})] == [3]
