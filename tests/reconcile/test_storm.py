"""When so many nodes are lost at once that nothing may move."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from components.ledger import NodeStateRow
from components.placement.snapshot import NodeState
from components.reconcile.storm import storm

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def lost(name: str, minute: float, *, state: NodeState = "lost", card: str = "") -> NodeStateRow:
    return NodeStateRow("lab", name, card, state, "observed", "", "x", NOW + timedelta(minutes=minute))


@pytest.mark.parametrize(
    ("nodes", "minutes", "stops"),
    [
        (10, [0, 0, 0], True),
        (10, [0, 0], False),
        (9, [0, 0], True),
        (3, [0], False),
        (2, [0, 1], True),
        (10, [0, 4, 8], False),
        (10, [0, 2, 5], True),
        (10, [0, 20, 21, 22], True),
        (1000, [0] * 200, False),
        (1000, [0] * 201, True),
    ],
)
def test_more_than_a_fifth_and_at_least_two_within_five_minutes(
    nodes: int, minutes: list[float], stops: bool
) -> None:
    rows = [lost(f"n{number}", minute) for number, minute in enumerate(minutes)]
    assert bool(storm("lab", nodes, rows, None)) is stops
    assert bool(storm("lab", nodes, rows[::-1], None)) is stops


def test_it_says_the_numbers_and_what_to_do() -> None:
    said = storm("lab", 4, [lost("a", 0), lost("b", 1)], None)
    assert "2 of 4 nodes were lost within 5 min" in said
    assert "`eas reconcile --confirm lab`" in said


def test_a_confirmation_covers_what_was_lost_by_then_and_nothing_later() -> None:
    rows = [lost("a", 0), lost("b", 1)]
    assert not storm("lab", 4, rows, NOW + timedelta(minutes=2))
    later = [lost("c", 3), lost("d", 3)]
    assert storm("lab", 4, [*rows, *later], NOW + timedelta(minutes=2))


def test_what_a_person_gave_up_is_confirmed_by_that() -> None:
    given_up = [replace(lost(name, 0), cause="operator") for name in "ab"]
    assert not storm("lab", 2, given_up, None)
    assert not storm("lab", 3, [*given_up, lost("a", 0), lost("c", 0)], None), (
        "a was observed, and given up since"
    )
    assert storm("lab", 4, [*given_up, lost("c", 0), lost("d", 0)], None)


def test_cards_and_drains_are_no_lost_nodes() -> None:
    assert not storm("lab", 2, [lost("a", 0, card="GPU-1"), lost("b", 0, state="draining")], None)
