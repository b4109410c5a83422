"""Row 17: why an instance has no place, in numbers that are true."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from components.placement import feasible
from components.placement.plan_types import Plan, Refusal
from components.placement.snapshot import NodeView
from components.spec.claim import Wanted
from components.spec.node import Node
from tests.known_failures.pools import GIB, OTHER, as_held, held, node, places, planned, wants

SIXTEEN = [node(name, *[16 * GIB] * 2, cpu=8_000, memory=32 * GIB, zone=name) for name in ("n1", "n2")]
FULL = [wants("old", 12, 60, instances=4)]


def refused(
    nodes: Iterable[Node | NodeView], wish: Wanted, standing: Iterable[Wanted] = (), **options: Any
) -> Refusal:
    """Return why the first instance of a wish that found no place did not."""
    nodes, standing = list(nodes), list(standing)
    plain = [each.node if isinstance(each, NodeView) else each for each in nodes]
    rows = as_held(planned(plain, *standing), standing)
    made = planned(nodes, *standing, wish, rows=rows, **options)
    return next(refusal for refusal in made.refusals if refusal.service == wish.service)


WHY = {
    "memory": (SIXTEEN, wants("new", 5), FULL, {feasible.MEMORY: 4}, "1,024 MiB"),
    "compute": (SIXTEEN, wants("new", 4, 45), FULL, {feasible.COMPUTE: 4}, "5 %"),
    "larger than any card": (SIXTEEN, wants("new", 17), (), {feasible.CAPACITY: 4}, "1,024 MiB"),
    "whole cards": (SIXTEEN, wants("new", gpu=1), FULL, {feasible.IN_USE: 4}, "0 of 1"),
    "cards of one node": (SIXTEEN, wants("new", gpu=3), (), {feasible.FEW_CARDS: 4}, ""),
    "node CPU": (SIXTEEN, wants("new", 1, cpu_milli=9_000), (), {feasible.NODE_CPU: 4}, "1 core"),
    "node memory": (SIXTEEN, wants("new", 1, memory_mib=33 * GIB), (), {feasible.NODE_MEMORY: 4}, "1,024 MiB"),
    "model": (SIXTEEN, wants("new", 1, models=("H100",)), (), {feasible.MODEL: 4}, ""),
    "instance type": (SIXTEEN, wants("new", 1, instance_types=("ecs.none",)), (), {feasible.TYPE: 4}, ""),
}  # fmt: skip


@pytest.mark.parametrize(("nodes", "wish", "standing", "counts", "short"), WHY.values(), ids=WHY)
def test_17_a_refusal_says_what_is_short_where_and_by_how_much(
    nodes: list[Node], wish: Wanted, standing: list[Wanted], counts: dict[str, int], short: str
) -> None:
    refusal = refused(nodes, wish, standing)
    said = str(refusal)
    assert refusal.counts == counts, "every card is counted under one reason"
    assert said.startswith("new/0 asks for ")
    if short:
        assert short in refusal.nearest + refusal.remedy
        assert re.search(r"\bn[12](/[01])?\b", refusal.nearest + refusal.remedy)
    assert refusal.remedy


@pytest.mark.parametrize("state", ["cordoned", "draining", "lost"])
def test_17_a_node_that_takes_nothing_is_named_with_its_state(state: Any) -> None:
    nodes = [NodeView(SIXTEEN[0], state, "operator", "fan is broken"), NodeView(SIXTEEN[1])]
    refusal = refused(nodes, wants("new", 5), FULL)
    assert refusal.counts[state] == 2
    assert sum(refusal.counts.values()) == 4


def test_17_what_others_hold_is_told_from_what_one_holds_oneself() -> None:
    foreign = [
        held("theirs", n, place, owner=OTHER)
        for n, place in enumerate(places(planned(SIXTEEN, wants("theirs", 12, instances=4))))
    ]
    refusal = planned(SIXTEEN, wants("new", 5), rows=foreign).blocking[0]
    assert refusal.counts == {feasible.FOREIGN: 4}
    assert "theirs" in refusal.nearest


FIXES = {
    "gpu_memory": (wants("new", 9), r"gpu_memory (\d+)", lambda wish, n: _with(wish, gpu_memory=n)),
    "gpu_core_percentage": (
        wants("new", 4, 80),
        r"gpu_core_percentage (\d+)",
        lambda wish, n: _with(wish, gpu_core_percentage=n),
    ),
}


@pytest.mark.parametrize(("wish", "pattern", "fix"), FIXES.values(), ids=FIXES)
def test_17_what_is_said_to_make_it_fit_makes_it_fit_and_no_more_would(
    wish: Wanted, pattern: str, fix: Any
) -> None:
    refusal = refused(SIXTEEN, wish, FULL)
    match = re.search(pattern, refusal.remedy)
    assert match, refusal.remedy
    number = int(match[1])
    rows = as_held(planned(SIXTEEN, *FULL), FULL)
    assert planned(SIXTEEN, *FULL, fix(wish, number), rows=rows).refusals == ()
    assert planned(SIXTEEN, *FULL, fix(wish, number + 1), rows=rows).refusals


def _with(wish: Wanted, **changes: int) -> Wanted:
    return replace(wish, claim=replace(wish.claim, **changes))  # type: ignore[arg-type]


def test_17_one_node_more_of_the_kind_that_is_named_is_enough() -> None:
    refusal = refused(SIXTEEN, wants("new", 5), FULL)
    assert "one more ecs.gn7i node" in refusal.remedy
    third = node("n3", *[16 * GIB] * 2, cpu=8_000, memory=32 * GIB)
    rows = as_held(planned(SIXTEEN, *FULL), FULL)
    assert planned([*SIXTEEN, third], *FULL, wants("new", 5), rows=rows).refusals == ()


def test_17_every_instance_without_a_place_has_its_reason() -> None:
    """None is left out of one preview, and one that waits has the same words."""
    many = [wants(f"s{n}", 9, instances=2) for n in range(4)]
    made = planned(SIXTEEN, *many)
    assert _without(made) == {(refusal.service, refusal.ordinal) for refusal in made.refusals}
    assert len(made.refusals) == 4
    assert all(refusal.blocking and refusal.remedy for refusal in made.refusals)
    waiting = planned(SIXTEEN, *many, on_insufficient="wait")
    assert [replace(refusal, blocking=True) for refusal in waiting.refusals] == list(made.refusals)
    assert waiting.blocking == ()


def _without(made: Plan) -> set[tuple[str, int]]:
    return {(name, n) for name, of in made.assignments.items() for n, place in of.items() if place is None}
