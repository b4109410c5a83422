"""Order, limits, lines and outcome, each by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.settle import Outcome, Progress
from components.settle.limits import ready_limit, stop_limit
from components.settle.order import Order
from components.settle.progress import Narrator
from components.spec.secret import redacted

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@given(st.lists(st.sets(st.integers(0, 14), max_size=4), min_size=1, max_size=15), st.data())
def test_every_step_is_offered_once_after_all_before_it_or_broken(
    raw: list[set[int]], data: st.DataObject
) -> None:
    after = {n: tuple(m for m in first if m < n) for n, first in enumerate(raw)}
    order = Order(after)
    done: set[int] = set()
    failed: set[int] = set()
    broken: set[int] = set()
    while (n := order.take()) is not None:
        assert n not in done | failed | broken
        assert set(after[n]) <= done
        assert order.standing(n) == "free"
        if data.draw(st.booleans()):
            order.done(n)
            done.add(n)
        else:
            broken |= set(order.failed(n))
            failed.add(n)
    assert done | failed | broken == set(after)
    assert all(set(after[n]) & (failed | broken) for n in broken)


def test_steps_are_offered_in_the_plans_order() -> None:
    order = Order({3: (), 1: (), 2: (1,)})
    assert order.take() == 1
    order.done(1)
    assert [order.take(), order.take(), order.take()] == [2, 3, None]


def test_a_step_after_one_that_an_earlier_run_did_is_free() -> None:
    order = Order({5: (4,)})
    assert order.take() == 5


@pytest.mark.parametrize(
    ("document", "settings", "seconds"),
    [
        ({}, {}, 1200),
        ({}, {"ready_timeout_s": 30}, 30),
        ({"containers": [{"startup_check": {"failure_threshold": 200}}]}, {}, 2000),
        ({"containers": [{"startup_check": {"initial_delay_seconds": 60}}]}, {"ready_timeout_s": 30}, 90),
        ({"containers": [{}]}, {"ready_timeout_s": "soon"}, 1200),
    ],
    ids=["default", "setting", "startup-check", "longer-than-setting", "no-number"],
)
def test_the_readiness_limit(document: dict[str, Any], settings: dict[str, Any], seconds: float) -> None:
    assert ready_limit(document, settings) == seconds


@pytest.mark.parametrize(
    ("metadata", "seconds"),
    [
        ({}, 90),
        ({"eas.termination_grace_period": 120}, 180),
        ({"eas": {"termination_grace_period": 10}}, 70),
        ({"runtime": {"termination_grace_period": 0}}, 60),
    ],
    ids=["default", "dotted", "nested", "alias"],
)
def test_the_limit_of_a_stop(metadata: dict[str, Any], seconds: float) -> None:
    assert stop_limit({"metadata": metadata}) == seconds


def test_a_long_text_is_said_with_its_first_line() -> None:
    said: list[Progress] = []
    Narrator(said.append, NOW).say("failed", "page/0", "page/0 failed: boom\nTraceback\n…", NOW)
    assert str(said[0]) == "page/0 failed: boom …"


def test_quiet_is_broken_every_five_seconds_and_only_while_something_is_waited_for() -> None:
    said: list[Progress] = []
    narrator = Narrator(said.append, NOW)
    for tenth in range(120):
        narrator.idle([("page/0", NOW)], NOW + timedelta(seconds=tenth / 10))
    assert [str(line) for line in said] == [
        "waiting for 1: page/0 (the longest for 5 s)",
        "waiting for 1: page/0 (the longest for 10 s)",
    ]
    narrator.idle([], NOW + timedelta(hours=1))
    assert len(said) == 2


def test_an_outcome_names_everything() -> None:
    outcome = Outcome(("a",), (), {"page/0": "boom"}, {"page/1": "not carried out"}, True, "asked to stop")
    assert not outcome.complete
    assert str(outcome).splitlines() == [
        "1 ready, 0 stopped, 1 failed, 1 not carried out.",
        "page/0: boom",
        "page/1: not carried out",
        "interrupted: asked to stop; what was begun is recorded, run the same command again to finish",
    ]


def test_secrets_are_hidden_longest_first_and_short_words_are_not_secrets() -> None:
    secrets = {"token": "abcdef", "other": "abcdefgh", "tiny": "in"}
    assert redacted("abcdefgh abcdef in", secrets) == "(secret) (secret) in"
