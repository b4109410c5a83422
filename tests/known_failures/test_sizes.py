"""Rows 1, 2, 7, 8, 9, 13: what is added up, in which unit, and per which card."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from components.ledger import StalePlan
from components.placement.feasible import COMPUTE, FEW_FREE, IN_USE, SEPARATE
from components.placement.plan_types import Plan
from components.placement.snapshot import Held, Place
from components.rules import judge_service
from components.runtimes.simulated import SimulatedRuntime
from components.spec.claim import Wanted
from components.spec.node import Node
from tests.known_failures.conftest import Open
from tests.known_failures.engines import Spy
from tests.known_failures.pools import (
    GIB,
    OTHER,
    OWNER,
    POOL,
    as_held,
    held,
    node,
    overfull,
    places,
    planned,
    wants,
)
from tests.spec.build import pool, read, sliced

CARD_MIB = 46_068
"""An L40's memory as the driver reports it: no multiple of anything."""


def test_01_two_gib_slices_fill_a_card_only_up_to_its_mib(fleet: Open) -> None:
    l40 = node("l40", CARD_MIB)
    made = planned([l40], wants("page", 2, instances=24))
    assert len(places(made)) == CARD_MIB // (2 * GIB) == 22
    assert overfull([l40], places(made)) == []
    assert len(made.blocking) == 2

    here = fleet(l40)
    full = wants("page", 2, instances=22)
    assert here.up(full).complete
    # 20 MiB more than is free: less than a hundredth of the card, and too much all the same.
    free = CARD_MIB - 22 * 2 * GIB
    here.declare(full, wants("late", 1))
    with pytest.raises(StalePlan) as stale:
        here.force("late", Place(POOL, "l40", ("GPU-l40-0",), memory_mib=free + 20))
    assert stale.value.card == "GPU-l40-0"
    here.force("late", Place(POOL, "l40", ("GPU-l40-0",), memory_mib=free))


def test_01_gb_slices_are_counted_in_their_own_unit() -> None:
    ml = node("ml", CARD_MIB, instance_type="ml.gu8i")
    made = planned([ml], wants("page", 2, instances=30))
    assert {place.memory_mib for place in places(made)} == {2 * 10**9 // 2**20} == {1907}
    assert len(places(made)) == CARD_MIB // 1907 == 24
    assert overfull([ml], places(made)) == []


HALVES = {
    "both": (8, 50),
    "memory alone": (8, 0),
    "compute alone": (1, 50),
}


@pytest.mark.parametrize("size", HALVES.values(), ids=HALVES)
@pytest.mark.parametrize("services", [1, 4, 16])
def test_02_sixteen_halves_at_once_are_two_on_each_card(size: tuple[int, int], services: int) -> None:
    cards = [node(name, *[16 * GIB] * 4) for name in ("n1", "n2")]
    wanted = [wants(f"s{n:02d}", *size, instances=16 // services) for n in range(services)]
    at_once = planned(cards, *wanted)
    assert at_once.refusals == ()
    assert Counter(place.cards for place in places(at_once)).most_common(1)[0][1] == 2
    assert overfull(cards, places(at_once)) == []

    one_more = planned(cards, *wanted, wants("t", *size))
    assert len(one_more.refusals) == 1

    # One after another they may lie otherwise, but as many fit and as many are refused.
    rows: list[Held] = []
    for n in range(17):
        single = wants(f"one{n:02d}", *size)
        before = [wants(row.service, *size) for row in rows]
        made = planned(cards, *before, single, rows=rows)
        rows = list(as_held(made, [*before, single]))
        assert bool(made.refusals) == (n == 16)
    assert overfull(cards, [row.place for row in rows]) == []


def test_02_the_ledger_adds_up_all_of_one_plan(fleet: Open) -> None:
    """A planner that put four halves on one card would not get past the commit."""
    here = fleet(node("n1", *[16 * GIB] * 2))
    wanted = wants("half", 8, 50, instances=4)
    here.declare(wanted)
    with pytest.raises(StalePlan) as stale:
        here.force("half", *[Place(POOL, "n1", ("GPU-n1-0",), 8 * GIB, 50)] * 4)
    assert stale.value.card == "GPU-n1-0"
    assert here.rows() == {}


def test_07_a_percentage_stays_what_was_asked() -> None:
    for percentage in range(1, 101):
        service, faults = read({"metadata": {"gpu_memory": 1, "gpu_core_percentage": percentage}})
        assert service is not None
        assert faults == []
        asked = wants("page", 1, service.claim().gpu_core_percentage)
        [place] = places(planned([node("n1", 16 * GIB)], asked))
        assert (place.compute, type(place.compute)) == (percentage, int)


def test_07_the_process_is_told_the_percentage_that_was_asked(fleet: Open, tmp_path: Path) -> None:
    spy = Spy(SimulatedRuntime(tmp_path))
    here = fleet(node("n1", 16 * GIB), runtime=spy)
    asked = (1, 7, 29, 57)
    assert here.up(*(wants(f"s{percentage}", 1, percentage) for percentage in asked)).complete
    assert {launch.service: launch.cards[0].compute for launch in spy.launches} == {
        f"s{percentage}": percentage for percentage in asked
    }


@pytest.mark.parametrize("percentage", [0, 101, -1, 0.5, 50.5, "50%", "50"])
def test_07_what_is_no_percentage_is_refused_and_never_becomes_0(percentage: object) -> None:
    service, [fault] = read({"metadata": {"gpu_memory": 1, "gpu_core_percentage": percentage}})
    assert service is None
    assert (fault.level, fault.field) == ("invalid", "metadata.gpu_core_percentage")


@pytest.mark.parametrize(
    ("percentage", "fit"), [(1, 100), (3, 33), (7, 14), (29, 3), (33, 3), (51, 1), (100, 1)]
)
def test_07_shares_of_a_card_add_up_to_100_and_no_further(percentage: int, fit: int) -> None:
    made = planned([node("n1", 1000 * GIB)], wants("page", 1, percentage, instances=fit + 1))
    assert len(places(made)) == fit
    assert [list(refusal.counts) for refusal in made.refusals] == [[COMPUTE]]


MIXED = node("mixed", ("small", 10 * GIB), ("large", 20 * GIB))


def test_08_cards_of_one_node_have_each_their_own_size(fleet: Open) -> None:
    """30 GiB on two cards are not two cards of 15."""
    made = planned([MIXED], wants("fifteen", 15, instances=2))
    assert [place.cards for place in places(made)] == [("GPU-mixed-1",)]
    assert len(made.blocking) == 1

    both = planned([MIXED], wants("ten", 10), wants("twenty", 20))
    assert both.assignments["ten"][0] != both.assignments["twenty"][0]
    assert overfull([MIXED], places(both)) == []
    assert both.refusals == ()

    here = fleet(MIXED)
    here.declare(wants("fifteen", 15))
    with pytest.raises(StalePlan) as stale:
        here.force("fifteen", Place(POOL, "mixed", ("GPU-mixed-0",), 15 * GIB))
    assert stale.value.card == "GPU-mixed-0"


def test_08_a_slice_larger_than_the_average_card_is_no_fault_while_one_card_can_take_it() -> None:
    gpus = [{"model": "S", "memory_mib": 10 * GIB}, {"model": "L", "memory_mib": 20 * GIB}]
    where = pool(nodes={"n": {"cpu": 8, "memory": 65536, "gpus": gpus}})
    assert [card.memory_mib for card in where.nodes[0].cards] == [10 * GIB, 20 * GIB]
    assert [fault.rule for fault in judge_service(sliced(20), where)] == []
    assert [fault.rule for fault in judge_service(sliced(21), where)] == ["slice-fits-card"]


WHOLE = Place(POOL, "n1", ("GPU-n1-0",), exclusive=True)
PIECE = Place(POOL, "n1", ("GPU-n1-0",), memory_mib=GIB)


@pytest.mark.parametrize("owner", [OWNER, OTHER], ids=["own", "foreign"])
@pytest.mark.parametrize(
    ("there", "wish"),
    [
        (PIECE, wants("new", gpu=1)),
        (WHOLE, wants("new", 1)),
        (WHOLE, wants("new", 1, 1)),
        (WHOLE, wants("new", gpu=1)),
    ],
    ids=["whole beside a slice", "slice beside a whole", "share beside a whole", "whole beside a whole"],
)
def test_09_a_card_is_exclusive_or_shared_never_both(there: Place, wish: Wanted, owner: str) -> None:
    row = held("old", 0, there, owner=owner)
    old = wants("old", gpu=1) if there.exclusive else wants("old", 1)
    made = planned([node("n1", 16 * GIB)], *([old] if owner == OWNER else []), wish, rows=[row])
    assert made.assignments["new"] == {0: None}
    assert len(made.blocking) == 1
    assert not [step for step in made.steps if step.service == "new"]


def test_09_whole_cards_are_those_of_a_node_that_nobody_shares() -> None:
    three = node("n1", *[16 * GIB] * 3)
    old = wants("old", 1)
    rows = [held("old", 0, PIECE)]
    two = planned([three], old, wants("two", gpu=2), rows=rows)
    assert [place.cards for place in places(two, "two")] == [("GPU-n1-1", "GPU-n1-2")]
    assert planned([three], old, wants("three", gpu=3), rows=rows).blocking[0].counts == {
        IN_USE: 1,
        FEW_FREE: 2,
    }


@pytest.mark.parametrize(
    ("first", "second"),
    [(WHOLE, PIECE), (PIECE, WHOLE), (WHOLE, WHOLE)],
    ids=["slice after a whole", "whole after a slice", "whole after a whole"],
)
def test_09_the_ledger_takes_no_card_whole_that_is_shared(fleet: Open, first: Place, second: Place) -> None:
    here = fleet(node("n1", 16 * GIB))
    here.declare(wants("a", 1), wants("b", 1))
    here.force("a", first)
    assert here.settle().complete
    with pytest.raises(StalePlan) as stale:
        here.force("b", second)
    assert stale.value.card == "GPU-n1-0"
    assert set(here.rows()) == {"a/0"}


BUSY = wants("busy", 2, 100)


def beside_busy(wish: Wanted, *nodes: Node, **options: Any) -> Plan:
    """Plan a wish on nodes of which the first has a card without any compute left."""
    rows = as_held(planned(nodes[:1], BUSY), [BUSY])
    return planned(nodes, BUSY, wish, rows=rows, **options)


def test_13_a_slice_without_a_share_fits_beside_full_compute_and_this_is_said() -> None:
    made = beside_busy(wants("quiet", 4), node("n1", 16 * GIB))
    assert made.refusals == ()
    assert {place.cards for place in places(made)} == {("GPU-n1-0",)}
    assert [warning for warning in made.warnings if "quiet" in warning], "it shares a card with percentages"
    assert planned([node("n1", 16 * GIB)], wants("quiet", 4)).warnings == ()


def test_13_a_share_on_a_card_without_compute_is_refused_for_compute() -> None:
    [refusal] = beside_busy(wants("more", 4, 1), node("n1", 16 * GIB)).blocking
    assert refusal.service == "more"
    assert refusal.counts == {COMPUTE: 1}
    assert "compute" in refusal.nearest


def test_13_kept_separate_it_is_refused_with_a_reason_of_its_own() -> None:
    first, second = node("n1", 16 * GIB, 16 * GIB), node("n2", 16 * GIB)
    [refusal] = beside_busy(wants("quiet", 4), first, memory_only="separate").blocking
    assert refusal.counts == {SEPARATE: 2}
    apart = beside_busy(wants("quiet", 4), first, second, memory_only="separate")
    assert {service: of[0].node for service, of in apart.assignments.items() if of[0]} == {
        "busy": "n1",
        "quiet": "n2",
    }
