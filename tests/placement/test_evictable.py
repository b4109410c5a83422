"""Who says ``eas-slices/evictable: "false"`` stays on a draining place until its own stack moves it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.placement.checker import violations
from components.placement.plan import plan
from components.placement.plan_types import Plan, PlanOptions
from components.placement.snapshot import Held, HoldState, NodeView
from components.spec.claim import EVICTABLE_LABEL
from tests.placement.build import ME, held, node, picture, told, want, where

ANOTHER = PlanOptions(on_insufficient="wait", for_another=True)
STAYS = want("llm", 8, labels={EVICTABLE_LABEL: "false"})


def drained(name: str = "a", cards: int = 1) -> NodeView:
    return replace(node(name, cards), state="draining", cause="operator", reason="kernel")


def made(rows: list[Held], *nodes: NodeView, options: PlanOptions = ANOTHER, wanted: object = STAYS) -> Plan:
    snapshot = picture([*nodes, node("b")], rows)
    result = plan(snapshot, [wanted], options)  # type: ignore[list-item]
    assert violations(snapshot, [wanted], result, options) == []  # type: ignore[list-item]
    return result


def test_others_leave_it_where_it_is_and_say_who_may_move_it() -> None:
    result = made([held("llm", 0, "a/0", 8)], drained())
    assert result.steps == ()
    (said,) = result.warnings
    assert said == (
        'llm/0 runs on where it is (node a is draining (kernel)): it is not evictable (eas-slices/evictable is "false"), '
        f"so only the next `up` of {ME} moves it: ask there"
    )


def test_its_own_stack_moves_it_with_the_next_up() -> None:
    result = made([held("llm", 0, "a/0", 8)], drained(), options=PlanOptions())
    assert told(result) == ["start llm/0 b-0", "stop llm/0 after 1"]


@pytest.mark.parametrize("label", [{}, {EVICTABLE_LABEL: "true"}])
def test_whoever_does_not_say_so_is_moved(label: dict[str, str]) -> None:
    result = made([held("llm", 0, "a/0", 8)], drained(), wanted=replace(STAYS, labels=label))
    assert where(result, "llm") == {0: "b-0"}


def test_a_draining_card_counts_as_a_draining_node() -> None:
    card = replace(node("a"), card_states={"a-0": "draining"}, card_reasons={"a-0": "ECC"})
    result = made([held("llm", 0, "a/0", 8)], card)
    assert result.steps == ()
    assert "card a/0 is draining (ECC)" in result.warnings[0]


@pytest.mark.parametrize("state", ["failed", "reserved", "stopping"])
def test_what_does_not_serve_is_evicted_from_nothing(state: HoldState) -> None:
    assert where(made([held("llm", 0, "a/0", 8, state=state)], drained()), "llm") == {0: "b-0"}


def test_on_a_lost_node_it_is_dead_and_is_started_elsewhere() -> None:
    lost = replace(node("a"), state="lost", cause="observed")
    assert where(made([held("llm", 0, "a/0", 8)], lost), "llm") == {0: "b-0"}


def test_a_roll_that_its_owner_committed_goes_on() -> None:
    result = made([held("llm", 0, "a/0", 8, revision="0")], drained())
    assert where(result, "llm") == {0: "b-0"}


def test_a_move_that_its_owner_began_is_finished() -> None:
    rows = [held("llm", 0, "a/0", 8), held("llm", 0, "b/0", 8, incarnation="b", state="reserved")]
    result = made(rows, drained())
    assert where(result, "llm") == {0: "b-0"}
    assert result.warnings == ()
    assert [step.op for step in result.steps] == ["start", "stop"]


def test_scaling_down_takes_it_away_all_the_same() -> None:
    rows = [held("llm", 0, "a/0", 8), held("llm", 1, "a/0", 8)]
    result = made(rows, drained())
    assert told(result) == ["stop llm/1"]
