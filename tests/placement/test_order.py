"""What was once refused with "cannot be put in any order" has one, or says that it breaks before it makes (8, 10)."""

from __future__ import annotations

from components.placement.plan_types import Plan, PlanOptions
from tests.placement.build import WAIT, held, node, picture, planned, told, want, where

APART = PlanOptions(memory_only="separate", on_insufficient="wait")


def broken(made: Plan) -> set[str]:
    """Return which instances are out for a while."""
    return {step.label for step in made.steps if step.mode == "break-before-make"}


def test_what_is_replaced_where_it_is_keeps_its_room_from_newcomers() -> None:
    """k/0 waits for the surge instance that goes, not for the old c/2 whose place the new c/2 needs."""
    rows = [
        held("c", 0, "a", revision="2", node_memory_mib=4096),
        held("c", 1, "a", revision="2", node_memory_mib=4096),
        held("c", 2, "a", node_memory_mib=4096),
        held("c", 0, "a", revision="2", node_memory_mib=4096, role="surge", incarnation="s"),
        held(
            "c",
            2,
            "a",
            revision="2",
            node_memory_mib=4096,
            state="pending",
            after=[held("c", 2, "a").id],
            incarnation="b",
        ),
    ]
    wanted = (
        want("c", memory_mib=4096, instances=3, revision="2", max_unavailable=1),
        want("k", memory_mib=4096),
    )
    made = planned(picture([node("a", memory=16384)], rows), *wanted)
    assert told(made) == [
        "stop c/2",
        "start c/2 a after 1",
        "stop c/+0 after 2",
        "start k/0 a after 3",
    ]


def test_a_surge_instance_takes_no_room_that_its_own_roll_needs() -> None:
    """One left from before covers; a second one on the node would keep the new a/0 from its place."""
    rows = [
        held("a", 0, "n", cpu_milli=0),
        held("a", 1, "m", cpu_milli=0),
        held("a", 0, "n", revision="2", role="surge", state="reserved", cpu_milli=2000, incarnation="s"),
    ]
    wanted = want("a", cpu_milli=2000, revision="2", max_surge="100%", instances=2)
    made = planned(picture([node("n", cpu=4000), node("m", cpu=2000)], rows), wanted)
    assert not made.refusals
    assert sorted(step.label for step in made.steps if step.op == "start") == ["a/+0", "a/0", "a/1"]
    assert not broken(made)


def test_those_that_keep_their_kind_of_slice_come_first_on_their_node() -> None:
    """c changes from memory only to a percentage, so it leaves the node to e, which is memory only as before."""
    rows = [held("c", 0, "a/0", 8), held("e", 0, "a/0", 4)]
    wanted = (
        want("c", 8, 20, revision="2", max_unavailable=1),
        want("e", 4, revision="2", max_unavailable=1),
    )
    made = planned(picture([node("a"), node("b")], rows), *wanted, options=APART)
    assert (where(made, "c"), where(made, "e")) == ({0: "b-0"}, {0: "a-0"})


def test_what_waits_for_a_node_that_others_keep_is_planned_anew() -> None:
    """k/0 was to follow the old e/0, which is told to stop and comes again."""
    old = held("e", 0, "a/0", 8, 20, state="stopping")
    rows = [old, held("k", 0, "a/0", 8, state="pending", after=[old.id])]
    made = planned(picture([node("a"), node("b")], rows), want("e", 8, 20), want("k", 8), options=APART)
    assert (where(made, "e"), where(made, "k")) == ({0: "a-0"}, {0: "b-0"})


def test_two_that_change_their_kind_on_one_node_are_out_together_and_it_is_said() -> None:
    """One at a time, the new i/0 would stand beside the old i/1, of the other kind."""
    rows = [held("i", 0, "a/0", 8), held("i", 1, "a/0", 8)]
    wanted = want("i", 8, 30, revision="2", instances=2, max_unavailable=1)
    made = planned(picture([node("a")], rows), wanted, options=APART)
    assert not made.refusals
    assert broken(made)


def test_cover_that_stands_where_the_last_one_belongs_goes_before_it_and_it_is_said() -> None:
    """16 GiB are wanted where 2 + 2 are held, on a card of 17."""
    rows = [
        held("b", 0, "a/0", 2),
        held("b", 0, "a/0", 2, role="surge", incarnation="s"),
    ]
    wanted = want("b", 16, revision="2", max_unavailable=0, max_surge=1)
    made = planned(picture([node("a", [17 * 1024])], rows), wanted, options=WAIT)
    assert not made.refusals
    assert broken(made) == {"b/0"}
    assert where(made, "b") == {0: "a-0"}
