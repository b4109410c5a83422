"""How full cards and nodes are after a plan."""

from __future__ import annotations

import json

from components.placement.plan_types import Plan
from components.placement.usage import usage
from tests.placement.build import THEM, held, node, picture, planned, want


def test_a_card_says_what_is_used_free_and_whose_it_is() -> None:
    """After the plan: what stops is gone, what starts is there."""
    rows = [held("old", 0, "a/0", 4), held("theirs", 0, "a/0", 8, 20, owner=THEM)]
    snapshot = picture([node("a", 2, zone="z")], rows)
    made = planned(snapshot, want("llm", 8, 30, cpu_milli=2000, memory_mib=1024))
    full = usage(snapshot, made)
    assert full["cards"]["a/0"] == {
        "uuid": "a-0",
        "pool": "p",
        "node": "a",
        "model": "A10",
        "capacity_mib": 20_480,
        "capacity_source": "usable",
        "state": "ready",
        "used_mib": 16_384,
        "free_mib": 4096,
        "compute": 50,
        "free_compute": 50,
        "instances": [
            {"instance": "llm/0", "owner": "own", "mib": 8192, "compute": 30, "exclusive": False},
            {"instance": "theirs/0", "owner": THEM, "mib": 8192, "compute": 20, "exclusive": False},
        ],
    }
    assert full["nodes"]["a"] == {
        "pool": "p",
        "instance_type": "ecs.a",
        "zone": "z",
        "state": "ready",
        "cpu_milli": 16_000,
        "used_cpu_milli": 2000,
        "memory_mib": 65_536,
        "used_memory_mib": 1024,
        "cards": 2,
        "free_cards": 1,
        "instances": 2,
    }
    assert json.loads(json.dumps(full)) == full


def test_a_whole_card_is_full() -> None:
    """Whatever its size."""
    snapshot = picture([node("a")])
    card = usage(snapshot, planned(snapshot, want("train", gpu=1)))["cards"]["a/0"]
    assert (card["used_mib"], card["free_mib"], card["compute"], card["free_compute"]) == (20_480, 0, 100, 0)
    assert card["instances"][0]["exclusive"] is True


def test_a_roll_and_its_surge_instances_leave_no_trace() -> None:
    """Only the final state counts."""
    snapshot = picture([node("a", 2)], [held("llm", 0, "a/0", 8)])
    before = usage(snapshot, Plan(planned(snapshot, want("llm", 8)).assignments))
    assert usage(snapshot, planned(snapshot, want("llm", 8, revision="2"))) == before


def test_a_saved_plan_without_refusals_gives_the_usage_of_now() -> None:
    """``Plan(places, steps)`` is all that is needed."""
    snapshot = picture([node("a", 2)], [held("llm", 0, "a/0", 8)])
    made = planned(snapshot, want("llm", 8, instances=2))
    assert usage(snapshot, Plan(made.assignments, made.steps)) == usage(snapshot, made)


def test_places_that_strangers_hand_on_are_not_added_up() -> None:
    """The level is the most that is there at once."""
    rows = [
        held("x", 0, "a/0", 10, owner=THEM),
        held("x", 0, "a/0", 12, owner=THEM, state="pending", after=[f"{THEM}/x/0/a"], incarnation="b"),
    ]
    snapshot = picture([node("a")], rows)
    assert usage(snapshot, planned(snapshot))["cards"]["a/0"]["used_mib"] == 12 * 1024


def test_nodes_of_the_same_name_are_told_by_their_pool() -> None:
    """Others are not."""
    twin = node("a", [1024], pool="q")
    snapshot = picture([node("a"), twin, node("b")])
    assert list(usage(snapshot, planned(snapshot))["nodes"]) == ["p/a", "b", "q/a"]
