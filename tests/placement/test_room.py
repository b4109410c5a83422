"""Room is made for a claim that fits nowhere: few moves, in order, said as what they are (invariants 6, 7 and 9)."""

from __future__ import annotations

from dataclasses import replace

from components.placement.plan_types import Plan, PlanOptions
from components.spec.claim import Wanted
from tests.placement.build import REFUSE, THEM, WAIT, held, node, picture, planned, told, want, where


def moves(count: int, **other: object) -> PlanOptions:
    """Return options that allow so many moves."""
    return PlanOptions(max_moves=count, **other)  # type: ignore[arg-type]


def refusals(made: Plan) -> list[str]:
    """Return what refusals say of moves."""
    return [refusal.moves for refusal in made.refusals]


NODES = [node("a"), node("b")]
ROWS = [held("llama", 0, "a/0", 12), held("tiny", 0, "b/0", 4), held("big", 0, "b/0", 10)]
WANTED = (want("llama", 12), want("tiny", 4), want("big", 10), want("qwen", 10))


def test_the_one_in_the_way_moves_and_serves_until_its_new_instance_is_ready() -> None:
    """The claim begins when the place is left."""
    made = planned(picture(NODES, ROWS), *WANTED, options=moves(1))
    assert told(made) == ["start tiny/0 a-0", "stop tiny/0 after 1", "start qwen/0 b-0 after 2"]
    assert [(step.how, step.mode, step.reason) for step in made.steps[:2]] == [
        ("move", "make-before-break", "makes room for qwen/0")
    ] * 2
    assert not made.refusals


def test_without_leave_nobody_moves_and_the_refusal_names_the_move() -> None:
    """The default: no neighbour restarts by surprise."""
    made = planned(picture(NODES, ROWS), *WANTED)
    assert refusals(made) == ["It fits with 1 move: tiny/0 from b/0 to a/0 (set max_moves to 1)."]
    assert [refusal.max_moves for refusal in made.refusals] == [1]


def test_instances_of_other_owners_never_move() -> None:
    """Even where that would help."""
    rows = [replace(row, owner=THEM, id=row.id.replace("stack-1", "stack-2")) for row in ROWS]
    made = planned(picture(NODES, rows), want("qwen", 10), options=moves(9))
    assert where(made, "qwen") == {0: "waiting"}
    assert refusals(made) == [""]


def test_a_chain_is_made_from_its_far_end() -> None:
    """z leaves b for c, so that y may leave a for b, so that the claim gets a."""
    nodes = [node("a", models=("V100",)), node("b"), node("c", [12 * 1024])]
    rows = [
        held("y", 0, "a/0", 5),
        held("z", 0, "b/0", 4),
        held("w", 0, "b/0", 14),
        held("v", 0, "c/0", 8),
    ]
    wanted = (want("y", 5), want("z", 4), want("w", 14), want("v", 8), want("qwen", 16, models=("V100",)))
    made = planned(picture(nodes, rows), *wanted, options=moves(2))
    assert told(made) == [
        "start z/0 c-0",
        "stop z/0 after 1",
        "start y/0 b-0 after 2",
        "stop y/0 after 3",
        "start qwen/0 a-0 after 4",
    ]
    assert {step.reason for step in made.steps[:4]} == {"makes room for qwen/0"}


def test_two_that_change_places_break_before_they_make_and_it_is_said() -> None:
    """No other way exists: both cards are full, and only the other one's place would do."""
    nodes = [node("a", models=("A10",)), node("b", models=("V100",))]
    swap = [held("x", 0, "a/0", 14), held("y", 0, "b/0", 10)]
    claim = want("qwen", 10, models=("A10",))
    made = planned(picture(nodes, swap), want("x", 14), want("y", 10), claim)
    assert refusals(made) == [
        "It fits with 2 moves, break-before-make: x/0 from a/0 to b/0, y/0 from b/0 to a/0 (set max_moves to 2)."
    ]
    made = planned(picture(nodes, swap), want("x", 14), want("y", 10), claim, options=moves(2))
    assert "break-before-make" in {step.mode for step in made.steps}
    assert where(made, "qwen") == {0: "a-0"}


def test_whole_cards_are_freed_of_all_who_are_on_them() -> None:
    """Three small ones leave two cards."""
    rows = [held("s", 0, "a/0", 2), held("s", 1, "a/0", 2), held("s", 2, "a/1", 2)]
    wanted = (want("s", 2, instances=3), want("train", gpu=2))
    snapshot = picture([node("a", 2), node("b")], rows)
    assert refusals(planned(snapshot, *wanted, options=moves(2)))[0].startswith("It fits with 3 moves: ")
    made = planned(snapshot, *wanted, options=moves(3))
    assert where(made, "train") == {0: "a-0+a-1"}
    assert where(made, "s") == {0: "b-0", 1: "b-0", 2: "b-0"}


def test_node_cpu_and_node_memory_are_made_room_in_as_well() -> None:
    """The one without a card leaves the node."""
    nodes = [node("a", models=("V100",)), node("b")]
    rows = [held("web", 0, "a", cpu_milli=12_000), held("cache", 0, "a", node_memory_mib=60_000)]
    wanted = (want("web", cpu_milli=12_000), want("cache", memory_mib=60_000))
    for name, asks in (("web", {"cpu_milli": 8_000}), ("cache", {"memory_mib": 30_000})):
        llm = want("llm", 8, models=("V100",), **asks)
        made = planned(picture(nodes, rows), *wanted, llm, options=moves(1))
        assert told(made) == [f"start {name}/0 b", f"stop {name}/0 after 1", "start llm/0 a-0 after 2"]


def test_compute_is_made_room_in_as_well() -> None:
    """80 % are taken and 30 asked for."""
    rows = [held("x", 0, "a/0", 2, 80)]
    models = {"models": ("V100",)}
    made = planned(
        picture([node("a", models=("V100",)), node("b")], rows),
        want("x", 2, 80),
        want("llm", 2, 30, **models),
        options=moves(1),
    )
    assert told(made) == ["start x/0 b-0", "stop x/0 after 1", "start llm/0 a-0 after 2"]


def test_slices_of_the_other_kind_leave_the_node_and_go_to_their_own() -> None:
    """``memory_only: separate`` holds for the claim, and for who moves."""
    rows = [held("free", 0, "a/0", 4), held("free", 1, "b/0", 4), held("part", 0, "c/0", 4, 10)]
    snapshot = picture([node("a"), node("b"), node("c", [4096])], rows)
    wanted = (want("free", 4, instances=2), want("part", 4, 10), want("llm", 8, 20))
    options = moves(1, memory_only="separate")
    made = planned(snapshot, *wanted, options=options)
    assert [step.label for step in made.steps] == ["free/0", "free/0", "llm/0"]
    assert where(made, "free") == {0: "b-0", 1: "b-0"}
    assert where(made, "llm") == {0: "a-0"}


def test_spread_is_kept_by_those_who_move() -> None:
    """s/0 may not join s/1 on b."""
    rows = [held("s", 0, "a/0", 8), held("s", 1, "b/0", 8), held("x", 0, "c/0", 20)]
    snapshot = picture([node("a", models=("V100",)), node("b"), node("c", [20480])], rows)
    wanted = (want("s", 8, instances=2, spread="host"), want("x", 20), want("llm", 16, models=("V100",)))
    assert where(planned(snapshot, *wanted, options=moves(1)), "llm") == {0: "waiting"}
    free = (replace(wanted[0], spread="default"), *wanted[1:])
    assert where(planned(snapshot, *free, options=moves(1)), "s") == {0: "b-0", 1: "b-0"}


def test_claims_of_one_plan_share_the_moves() -> None:
    """Two are allowed, three would be needed."""
    nodes = [node(name, models=("V100",)) for name in "abc"] + [node("d")]
    rows = [held("s", index, f"{name}/0", 4) for index, name in enumerate("abc")]
    wanted = (want("s", 4, instances=3), want("llm", 18, models=("V100",), instances=3))
    made = planned(picture(nodes, rows), *wanted, options=moves(2))
    assert sorted(where(made, "llm").values()).count("waiting") == 1
    assert len({step.ordinal for step in made.steps if step.how == "move"}) == 2
    assert [refusal.max_moves for refusal in made.refusals] == [3]
    assert not planned(picture(nodes, rows), *wanted, options=moves(3)).refusals


def test_what_one_move_frees_may_serve_two_claims() -> None:
    """The second needs no move of its own."""
    nodes, rows = [node("a", models=("V100",)), node("b")], [held("s", 0, "a/0", 16)]
    wanted = (want("s", 16), want("llm", 8, models=("V100",), instances=2))
    made = planned(picture(nodes, rows), *wanted)
    assert [refusal.max_moves for refusal in made.refusals] == [1, 1]
    assert not planned(picture(nodes, rows), *wanted, options=moves(1)).refusals


def test_what_an_operator_drains_gets_room_before_it_runs_on() -> None:
    """Without leave the warning says which move would help."""
    rows = [*ROWS, held("qwen", 0, "c/0", 10)]
    snapshot = picture([*NODES, replace(node("c"), state="draining", cause="operator", reason="fan")], rows)
    made = planned(snapshot, *WANTED, options=moves(1))
    assert where(made, "qwen") == {0: "b-0"}
    assert not made.warnings
    (warning,) = planned(snapshot, *WANTED).warnings
    assert warning.startswith(
        "qwen/0 runs on where it is, since it fits nowhere else (node c is draining (fan)): "
    )
    assert warning.endswith("It fits with 1 move: tiny/0 from b/0 to a/0 (set max_moves to 1).")


def test_a_new_revision_that_is_larger_gets_room_where_it_runs() -> None:
    """It is replaced in place once the other one has left."""
    rows = [held("llm", 0, "a/0", 10), held("s", 0, "a/0", 10), held("x", 0, "b/0", 8)]
    wanted = (want("llm", 16, revision="2", max_unavailable=1), want("s", 10), want("x", 8))
    made = planned(picture(NODES, rows), *wanted, options=moves(1))
    assert [(step.label, step.mode) for step in made.steps if step.op == "start"] == [
        ("s/0", "make-before-break"),
        ("llm/0", "break-before-make"),
    ]
    assert (where(made, "s"), where(made, "llm")) == ({0: "b-0"}, {0: "a-0"})


def test_where_no_moves_help_the_refusal_says_how_far_was_looked() -> None:
    """And still what is short."""
    rows = [held("x", 0, "a/0", 12), held("y", 0, "b/0", 12)]
    (refusal,) = planned(
        picture(NODES, rows), want("x", 12), want("y", 12), want("llm", 10), options=WAIT
    ).refusals
    assert refusal.moves == "Moving up to 8 other instances would make no room."
    assert "short 2,048 MiB on a/0" in refusal.nearest
    assert refusal.max_moves == 0


def test_nothing_moves_while_everybody_has_a_place() -> None:
    """Leave to move is no reason to."""
    assert not planned(picture(NODES, ROWS), *WANTED[:-1], options=moves(9)).steps
    assert [
        step.label
        for step in planned(picture(NODES, ROWS), *WANTED[:-1], want("s", 6), options=moves(9)).steps
    ] == ["s/0"]
    assert REFUSE.max_moves == 0


class TestBesideRolls:
    """What rolls is replaced in any case, so it may as well be replaced elsewhere; but it has to find a way to roll."""

    ROWS = (held("a", 0, "a/0", 8), held("b", 0, "a/1", 8))

    def rolling(self, unavailable: int) -> tuple[Wanted, ...]:
        """Two that roll on a card each, and one that needs most of a card."""
        both = (want(name, 8, revision="2", max_unavailable=unavailable) for name in "ab")
        return (*both, want("c", 16))

    def test_one_that_rolls_makes_room_by_rolling_elsewhere(self) -> None:
        snapshot = picture([node("a", 2)], self.ROWS)
        wanted = self.rolling(1)
        (refusal,) = planned(snapshot, *wanted).refusals
        assert refusal.moves == "It fits with 1 move: a/0 from a/0 to a/1 (set max_moves to 1)."
        made = planned(snapshot, *wanted, options=replace(REFUSE, max_moves=1))
        assert not made.refusals
        assert where(made, "c") == {0: "a-0"}
        (moved,) = (step for step in made.steps if step.service == "a" and step.op == "start")
        assert (moved.how, moved.mode, moved.revision) == ("roll", "make-before-break", "2")
        assert moved.reason == "makes room for c/0"

    def test_room_that_leaves_no_way_to_roll_is_not_made(self) -> None:
        """Leave to move never refuses a change that would go without it: ``c`` waits, the others roll."""
        snapshot = picture([node("a", 2)], self.ROWS)
        stays, asked = (
            planned(snapshot, *self.rolling(0), options=replace(WAIT, max_moves=count)) for count in (0, 1)
        )
        assert asked.steps == stays.steps
        assert where(asked, "c") == {0: "waiting"}
        assert {step.service for step in asked.steps} == {"a", "b"}
        assert not asked.blocking
        (refusal,) = asked.refusals
        assert "apply this without it first" in refusal.moves
