"""How full cards and nodes are after a plan."""

from __future__ import annotations

import json
from dataclasses import replace

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
        "before": [
            {"instance": "old/0", "owner": "own", "mib": 4096, "compute": 0, "exclusive": False},
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


def test_a_card_that_stays_as_it_is_says_nothing_of_before() -> None:
    """Neither one that the plan does not touch nor one whose instance is replaced in its place."""
    rows = [held("llm", 0, "a/0", 4), held("web", 0, "a/1", 4)]
    snapshot = picture([node("a", 3)], rows)
    made = planned(snapshot, want("llm", 4, revision="next"), want("web", 4), want("new", 4))
    before = {address: card.get("before") for address, card in usage(snapshot, made)["cards"].items()}
    [changed] = [address for address, was in before.items() if was is not None]
    assert {"instance": "new/0"}.items() <= usage(snapshot, made)["cards"][changed]["instances"][-1].items()


def test_a_pool_says_what_is_free_before_and_after() -> None:
    """By ready cards of ready nodes; what strands is reckoned by what runs after the plan."""
    rows = [held("old", 0, "a/0", 20), held("foreign", 0, "a/1", 4, owner=THEM)]
    snapshot = picture([node("a", 3), replace(node("b", 2), state="cordoned")], rows)
    made = planned(snapshot, want("llm", 18))
    assert usage(snapshot, made)["pools"]["p"] == {
        "cards": 5,
        "capacity_mib": 5 * 20_480,
        "free_cards": 1,
        "free_mib": 20_480 + 16_384 + 2048,
        # To the foreign 4 GiB the 2 GiB are lost, to the 18 GiB also the 16: (2048 + 2048 + 16384) / 2.
        "stranded_mib": 10_240,
        "before": {"free_cards": 1, "free_mib": 20_480 + 16_384, "stranded_mib": 8192},
    }
