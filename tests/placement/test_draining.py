"""Nodes and cards that drain, are lost, or come back."""

from __future__ import annotations

from dataclasses import replace

from components.placement.snapshot import NodeView
from tests.placement.build import REFUSE, WAIT, held, node, picture, planned, told, want, where


def draining(view: NodeView, cause: str = "operator", reason: str = "kernel update") -> NodeView:
    """Return the node draining."""
    return replace(view, state="draining", cause=cause, reason=reason)  # type: ignore[arg-type]


def lost(view: NodeView) -> NodeView:
    """Return the node lost."""
    return replace(view, state="lost", cause="observed", reason="no answer since 03:00")


def test_what_drains_moves_and_serves_until_its_new_instance_is_ready() -> None:
    """Make-before-break where space allows (invariant 7)."""
    snapshot = picture([draining(node("a")), node("b")], [held("llm", 0, "a/0", 8)])
    made = planned(snapshot, want("llm", 8))
    assert told(made) == ["start llm/0 b-0", "stop llm/0 after 1"]
    assert {(step.how, step.mode) for step in made.steps} == {("move", "make-before-break")}
    assert {step.reason for step in made.steps} == {"node a is draining (kernel update)"}


def test_what_is_not_ready_is_moved_at_once() -> None:
    """It serves nobody, so nothing waits for its successor."""
    snapshot = picture([draining(node("a")), node("b")], [held("llm", 0, "a/0", 8, state="failed")])
    assert [step.after for step in planned(snapshot, want("llm", 8)).steps] == [(), ()]


def test_draining_by_the_program_is_refused_where_instances_fit_nowhere_else() -> None:
    """Even under ``wait``: it is this change that takes the place away."""
    snapshot = picture([draining(node("a"), "program"), node("b", [4096])], [held("llm", 0, "a/0", 8)])
    for options in (REFUSE, WAIT):
        (refusal,) = planned(snapshot, want("llm", 8), options=options).blocking
        assert str(refusal).startswith("node a cannot be drained: llm/0 asks for")
        assert "fits nowhere else: of 2 cards, 1 draining, 1 smaller than the slice." in str(refusal)


def test_draining_a_card_by_the_program_is_refused_where_instances_fit_nowhere_else() -> None:
    """As of a node; an operator's drain of the card blocks nobody."""
    card = replace(node("a"), card_states={"a-0": "draining"}, card_reasons={"a-0": "fan"})
    rows = [held("llm", 0, "a/0", 8)]
    for options in (REFUSE, WAIT):
        (refusal,) = planned(
            picture([replace(card, card_causes={"a-0": "program"})], rows), want("llm", 8), options=options
        ).blocking
        assert str(refusal).startswith("card a/0 cannot be drained: llm/0 asks for")
    assert not planned(picture([card], rows), want("llm", 8)).blocking


def test_of_two_that_drain_a_place_the_program_is_the_one_who_asks_now() -> None:
    """A node that an operator drains, and a card of it that the file drains: the file's change is what is refused."""
    view = replace(draining(node("a")), card_states={"a-0": "draining"}, card_causes={"a-0": "program"})
    (refusal,) = planned(picture([view], [held("llm", 0, "a/0", 8)]), want("llm", 8)).blocking
    assert str(refusal).startswith("card a/0 cannot be drained: llm/0 asks for")


def test_a_node_that_left_the_program_cannot_be_removed_while_it_is_needed() -> None:
    """The sentence says removed, not drained."""
    gone = draining(node("a"), "program", "the node left the program")
    (refusal,) = planned(picture([gone], [held("llm", 0, "a/0", 8)]), want("llm", 8)).blocking
    assert str(refusal).startswith("node a cannot be removed: llm/0 asks for")


def test_draining_by_an_operator_blocks_nobody() -> None:
    """What fits nowhere else runs on, with a warning, and other services change as they like."""
    snapshot = picture([draining(node("a")), node("b")], [held("llm", 0, "a/0", 8), held("x", 0, "b/0", 16)])
    made = planned(snapshot, want("llm", 8), want("x", 16), want("new", 4))
    assert told(made) == ["start new/0 b-0"]
    assert where(made, "llm") == {0: "a-0"}
    (warning,) = made.warnings
    assert warning.startswith(
        "llm/0 runs on where it is, since it fits nowhere else (node a is draining (kernel update)): 1 draining, 1 short"
    )


def test_one_that_runs_on_is_still_repaired() -> None:
    """It failed on a draining node that it cannot leave: restarted in place."""
    snapshot = picture([draining(node("a"))], [held("llm", 0, "a/0", 8, state="failed")])
    assert told(planned(snapshot, want("llm", 8))) == ["restart llm/0"]


def test_a_roll_that_cannot_leave_an_operators_drain_keeps_the_old_revision() -> None:
    """The node takes nothing new, and the instance fits nowhere else."""
    snapshot = picture([draining(node("a"))], [held("llm", 0, "a/0", 8)])
    made = planned(snapshot, want("llm", 8, revision="2"))
    assert made.steps == ()
    assert "llm/0 runs on where it is" in made.warnings[0]


def test_room_that_others_hoped_for_is_not_given_away_when_somebody_runs_on() -> None:
    """``x`` cannot leave the drained node, so ``new`` cannot have its place there in any case."""
    nodes = [draining(node("a")), node("b", [10_240])]
    snapshot = picture(nodes, [held("x", 0, "a/0", 16), held("y", 0, "a/0", 4)])
    made = planned(snapshot, want("x", 16), want("y", 4), want("new", 8))
    assert where(made, "x") == {0: "a-0"}
    assert where(made, "new") == {0: "b-0"}


def test_what_is_lost_is_replaced_elsewhere_and_its_old_place_stays_taken() -> None:
    """No step touches the old instance: nobody knows whether it still runs."""
    row = held("llm", 0, "a/0", 8)
    made = planned(picture([lost(node("a")), node("b")], [row]), want("llm", 8))
    assert told(made) == ["start llm/0 b-0"]
    assert made.steps[0].how == "move"
    assert made.steps[0].reason == "node a is lost (no answer since 03:00)"


def test_a_lost_card_is_as_good_as_a_lost_node() -> None:
    """The other cards of its node are taken."""
    view = replace(node("a", 2), card_states={"a-0": "lost"})
    made = planned(picture([view], [held("llm", 0, "a/0", 8)]), want("llm", 8))
    assert told(made) == ["start llm/0 a-1"]


def test_what_is_lost_keeps_the_cpu_of_its_node_as_well() -> None:
    """The node is there, the card is not: ten of its sixteen cores are still the lost instance's."""
    view = replace(node("a", 2), card_states={"a-0": "lost"})
    snapshot = picture([view], [held("llm", 0, "a/0", 8, cpu_milli=10_000)])
    made = planned(snapshot, want("llm", 8, cpu_milli=10_000))
    assert where(made, "llm") == {0: "waiting"}


def test_what_lost_its_place_waits_and_blocks_nobody() -> None:
    """With its reason, also under ``refuse`` (decision h)."""
    made = planned(picture([lost(node("a"))], [held("llm", 0, "a/0", 8)]), want("llm", 8))
    assert where(made, "llm") == {0: "waiting"}
    assert made.blocking == ()
    assert "of 1 card, 1 lost" in str(made.refusals[0])


def test_when_the_node_is_back_and_nothing_replaced_it_the_instance_stays() -> None:
    """It waited; now it is where it was."""
    made = planned(picture([node("a")], [held("llm", 0, "a/0", 8)], [("llm", 0)]), want("llm", 8))
    assert made.steps == ()
    assert where(made, "llm") == {0: "a-0"}


def test_when_the_node_is_back_the_instance_that_was_replaced_is_stopped() -> None:
    """Its successor serves; the old one was seen dead."""
    rows = [held("llm", 0, "a/0", 8, state="failed"), held("llm", 0, "b/0", 8, incarnation="b")]
    made = planned(picture([node("a"), node("b")], rows), want("llm", 8))
    assert [(step.op, step.instance) for step in made.steps] == [("stop", rows[0].id)]


def test_a_card_that_is_no_longer_declared_drains() -> None:
    """Its instance moves; the plan says which card it was."""
    view = node("a", 2)
    view = replace(view, node=replace(view.node, cards=view.node.cards[:1]))
    made = planned(picture([view], [held("llm", 0, "a/1", 8)]), want("llm", 8))
    assert told(made) == ["start llm/0 a-0", "stop llm/0 after 1"]
    assert made.steps[0].reason == "card a-1 of node a is no longer declared"


def test_two_that_change_places_break_the_circle_with_the_smaller_one() -> None:
    """Invariant 7: where nothing else works the step says break-before-make."""
    nodes = [node("a", models=("V100",)), node("b", models=("A10",))]
    rows = [held("big", 0, "a/0", 20), held("small", 0, "b/0", 18)]
    made = planned(
        picture(nodes, rows),
        want("big", 20, revision="2", models=("A10",)),
        want("small", 18, revision="2", models=("V100",)),
    )
    assert told(made) == [
        "stop small/0",
        "start big/0 b-0 after 1",
        "stop big/0 after 2",
        "start small/0 a-0 after 3",
    ]
    modes = {step.label: step.mode for step in made.steps}
    assert modes == {"small/0": "break-before-make", "big/0": "make-before-break"}


def test_a_chain_is_ordered_and_nobody_is_interrupted() -> None:
    """a -> b -> c: each goes where the one before it left, once that serves elsewhere."""
    nodes = [node("a", models=("M1",)), node("b", models=("M2",)), node("c", models=("M3",))]
    rows = [held("one", 0, "a/0", 20), held("two", 0, "b/0", 20)]
    made = planned(
        picture(nodes, rows),
        want("one", 20, revision="2", models=("M2",)),
        want("two", 20, revision="2", models=("M3",)),
    )
    assert told(made) == [
        "start two/0 c-0",
        "stop two/0 after 1",
        "start one/0 b-0 after 2",
        "stop one/0 after 3",
    ]
    assert {step.mode for step in made.steps} == {"make-before-break"}


def test_of_many_stranded_services_the_first_are_explained_and_all_are_named() -> None:
    """A drained rack strands hundreds for one reason."""
    names = [f"s{number}" for number in range(9)]
    rows = [held(name, 0, f"a/{index}", 18) for index, name in enumerate(names)]
    snapshot = picture([draining(node("a", 9)), node("b", 1)], rows)
    made = planned(snapshot, *(want(name, 18) for name in names))
    stranded = [warning for warning in made.warnings if " runs on where it is" in warning]
    assert len(stranded) == 8
    assert sum("short of memory" in warning for warning in stranded) == 3
    assert sum(warning.endswith("says what is short.") for warning in stranded) == 5
    assert [step.how for step in made.steps] == ["move", "move"]
