"""The checker is worth something: every kind of broken plan is found, and by the right sentence."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from components.placement.checker import violations
from components.placement.plan import plan
from components.placement.plan_types import Plan, PlanOptions, Refusal, Step
from components.placement.snapshot import Place, Snapshot
from components.spec.claim import Wanted
from tests.placement.build import REFUSE, THEM, held, node, picture, want

ROOT = Path(__file__).parents[2]
Case = tuple[Snapshot, list[Wanted], Plan]


def doctored(made: Plan, change: Callable[[Step], Step]) -> Plan:
    """Return the plan with each step changed, and the assignments that follow from it."""
    steps = tuple(change(step) for step in made.steps)
    finals = {
        (step.service, step.ordinal): step.place
        for step in steps
        if step.op == "start" and step.role == "steady"
    }
    assignments = {
        service: {ordinal: finals.get((service, ordinal), place) for ordinal, place in places.items()}
        for service, places in made.assignments.items()
    }
    return replace(made, steps=steps, assignments=assignments)


def at(card: str, name: str = "a") -> Callable[[Step], Step]:
    """Put every start on one card."""

    def move(step: Step) -> Step:
        if step.op != "start" or step.place is None:
            return step
        return replace(step, place=replace(step.place, node=name, cards=(card,) if card else ()))

    return move


def fresh(*wanted: Wanted, rows: tuple = (), nodes: tuple = ()) -> Case:
    """Return a case that starts everything on an empty pool."""
    snapshot = picture(nodes or (node("a", 2), node("b")), rows)
    return snapshot, list(wanted), plan(snapshot, wanted, REFUSE)


def overfull_card() -> Case:
    """Two slices of 12 GiB on one card of 20."""
    snapshot, wanted, made = fresh(want("llm", 12, instances=2))
    return snapshot, wanted, doctored(made, at("a-0"))


def overfull_compute() -> Case:
    """60 % twice."""
    snapshot, wanted, made = fresh(want("llm", 2, 60, instances=2))
    return snapshot, wanted, doctored(made, at("a-0"))


def overfull_cpu() -> Case:
    """Ten cores twice on sixteen."""
    snapshot, wanted, made = fresh(want("llm", 2, cpu_milli=10_000, instances=2))
    return snapshot, wanted, doctored(made, at("a-0"))


def overfull_node_memory() -> Case:
    """40,000 MiB twice on 65,536."""
    snapshot, wanted, made = fresh(want("llm", 2, memory_mib=40_000, instances=2))
    return snapshot, wanted, doctored(made, at("a-0"))


def shared_whole_card() -> Case:
    """A slice beside ``gpu: 1``."""
    snapshot, wanted, made = fresh(want("train", gpu=1), want("llm", 2))
    return snapshot, wanted, doctored(made, at("a-0"))


def too_few_whole_cards() -> Case:
    """``gpu: 2`` with one card."""
    snapshot, wanted, made = fresh(want("train", gpu=2))
    return snapshot, wanted, doctored(made, at("a-0"))


def wrong_size() -> Case:
    """A slice of 1 MiB less than was asked."""
    snapshot, wanted, made = fresh(want("llm", 2))

    def shrink(step: Step) -> Step:
        assert step.place is not None
        return replace(step, place=replace(step.place, memory_mib=step.place.memory_mib - 1))

    return snapshot, wanted, doctored(made, shrink)


def wrong_model() -> Case:
    """An A10 for one that asks for a V100."""
    nodes = (node("a", models=("A10",)), node("b", models=("V100",)))
    snapshot, wanted, made = fresh(want("llm", 2, models=("V100",)), nodes=nodes)
    return snapshot, wanted, doctored(made, at("a-0"))


def on_a_draining_node() -> Case:
    """It takes nothing new."""
    snapshot, wanted, made = fresh(want("llm", 2))
    nodes = (replace(snapshot.nodes[0], state="draining"), snapshot.nodes[1])
    return replace(snapshot, nodes=nodes), wanted, doctored(made, at("a-0"))


def moved_for_beauty() -> Case:
    """It fitted where it was."""
    row = held("llm", 0, "a/0", 2)
    snapshot = picture((node("a", 2),), (row,))
    place = replace(row.place, cards=("a-1",))
    steps = (
        Step(1, "start", "move", "llm", 0, revision="1", place=place, mode="make-before-break"),
        Step(2, "stop", "move", "llm", 0, instance=row.id, mode="make-before-break", after=(1,)),
    )
    return snapshot, [want("llm", 2)], Plan({"llm": {0: place}}, steps)


def touched_for_nothing() -> Case:
    """A restart of what is ready and as wanted."""
    row = held("llm", 0, "a/0", 2)
    step = Step(1, "restart", "restart", "llm", 0, instance=row.id, place=row.place)
    return picture((node("a"),), (row,)), [want("llm", 2)], Plan({"llm": {0: row.place}}, (step,))


def foreign_instance_stopped() -> Case:
    """Not ours to stop."""
    row = held("llm", 0, "a/0", 2, owner=THEM)
    return picture((node("a"),), (row,)), [], Plan({}, (Step(1, "stop", "stop", "llm", 0, instance=row.id),))


def rolled() -> Case:
    """A good roll of three with one surge place."""
    rows = tuple(held("llm", n, f"a/{n}", 12) for n in range(3))
    return fresh(want("llm", 12, instances=3, revision="2"), rows=rows, nodes=(node("a", 4),))


def rolled_all_at_once() -> Case:
    """No stop waits for anything."""
    snapshot, wanted, made = rolled()
    steps = tuple(
        replace(step, after=()) if step.op == "stop" and step.role == "steady" else step
        for step in made.steps
    )
    return snapshot, wanted, replace(made, steps=steps)


def started_before_its_place_is_free() -> Case:
    """A start in place that does not wait for the stop."""
    snapshot, wanted, made = rolled()

    def hurry(step: Step) -> Step:
        return replace(step, after=()) if step.how == "roll" and step.op == "start" else step

    return snapshot, wanted, replace(made, steps=tuple(hurry(step) for step in made.steps))


def surge_never_stopped() -> Case:
    """It would stay for ever."""
    snapshot, wanted, made = rolled()
    return snapshot, wanted, replace(made, steps=made.steps[:-1])


def silent_break_before_make() -> Case:
    """The mode does not say that service is interrupted."""
    snapshot, wanted, made = fresh(
        want("llm", 12, revision="2", max_unavailable=1),
        rows=(held("llm", 0, "a/0", 12),),
        nodes=(node("a"),),
    )
    return (
        snapshot,
        wanted,
        replace(made, steps=tuple(replace(step, mode="make-before-break") for step in made.steps)),
    )


def circular() -> Case:
    """A step waits for a later one."""
    snapshot, wanted, made = rolled()
    return snapshot, wanted, replace(made, steps=(replace(made.steps[0], after=(5,)), *made.steps[1:]))


def uneven_spread() -> Case:
    """Both on one host."""
    snapshot, wanted, made = fresh(want("llm", 2, instances=2, spread="host"))
    return snapshot, wanted, doctored(made, at("a-0"))


def left_over() -> Case:
    """A row that nobody wants and nobody stops."""
    return picture((node("a"),), (held("old", 0, "a/0", 2),)), [], Plan({})


def forgotten_ordinal() -> Case:
    """Two are wanted, one is assigned."""
    snapshot, wanted, made = fresh(want("llm", 2))
    return snapshot, [replace(wanted[0], instances=2)], made


def unexplained_waiting() -> Case:
    """Nobody says why."""
    return picture((node("a"),)), [want("llm", 2)], Plan({"llm": {0: None}})


def miscounted_refusal() -> Case:
    """Three of two cards."""
    refusal = Refusal("llm", 0, "much", {"short of memory": 3}, "", "")
    return picture((node("a", 2),)), [want("llm", 99)], Plan({"llm": {0: None}}, refusals=(refusal,))


def old_revision_left() -> Case:
    """The roll was forgotten."""
    row = held("llm", 0, "a/0", 2)
    return picture((node("a"),), (row,)), [want("llm", 2, revision="2")], Plan({"llm": {0: row.place}})


def assigned_elsewhere() -> Case:
    """The assignment is not where the instance ends."""
    row = held("llm", 0, "a/0", 2)
    place = Place("p", "a", ("a-1",), 2048)
    return picture((node("a", 2),), (row,)), [want("llm", 2)], Plan({"llm": {0: place}})


def waits_and_stays() -> Case:
    """It waits, the plan says, and its instance runs on."""
    row = held("llm", 0, "a/0", 2)
    return picture((node("a"),), (row,)), [want("llm", 2)], Plan({"llm": {0: None}})


def on_a_node_that_is_not_there() -> Case:
    """Nobody knows its node."""
    snapshot, wanted, made = fresh(want("llm", 2))
    return snapshot, wanted, doctored(made, at("a-0", "nowhere"))


def room_made(**doctor: str) -> Case:
    """One moves for another, with leave of 1; ``doctor``: service -> what the reason of its stop says instead."""
    rows = (held("tiny", 0, "b/0", 4), held("llama", 0, "a/0", 12), held("big", 0, "b/0", 10))
    snapshot = picture((node("a"), node("b")), rows)
    wanted = [want("llama", 12), want("tiny", 4), want("big", 10), want("qwen", 10)]
    made = plan(snapshot, wanted, PlanOptions(max_moves=1))

    def said(step: Step) -> Step:
        return replace(step, reason=doctor[step.service]) if step.service in doctor else step

    return snapshot, wanted, replace(made, steps=tuple(map(said, made.steps)))


def room_for_nobody() -> Case:
    """The move is said to be for one that does not begin."""
    return room_made(tiny="makes room for big/0")


def drained_for_somebody() -> Case:
    """What drains anyway is said to make room."""
    view = replace(node("a"), state="draining", cause="operator")
    snapshot = picture((view, node("b")), (held("llm", 0, "a/0", 2),))
    wanted = [want("llm", 2), want("new", 2)]
    made = plan(snapshot, wanted, REFUSE)
    steps = (replace(step, reason="makes room for new/0") for step in made.steps)
    return snapshot, wanted, replace(made, steps=tuple(steps))


def emptied(*more: Wanted) -> Case:
    """Two on a card each come together on one, with leave for that."""
    snapshot = picture((node("a", 2),), (held("one", 0, "a/0", 8), held("two", 0, "a/1", 6)))
    wanted = [want("one", 8), want("two", 6), *more]
    return snapshot, wanted, plan(snapshot, wanted, PlanOptions(rebalance=1))


def filled_again() -> Case:
    """One that begins is put on the card that was emptied."""
    snapshot, wanted, made = emptied(want("new", 1))
    left = next(step.instance for step in made.steps if step.op == "stop")
    card = next(row.place.cards[0] for row in snapshot.held if row.id == left)

    def back(step: Step) -> Step:
        return at(card)(step) if step.service == "new" else step

    return snapshot, wanted, doctored(made, back)


def says_that_it_breaks() -> Case:
    """A move that makes before it breaks says the contrary."""
    snapshot, wanted, made = room_made()
    steps = (replace(step, mode="break-before-make") for step in made.steps)
    return snapshot, wanted, replace(made, steps=tuple(steps))


def moves_in_place() -> Case:
    """A move that stops the old one first is called a replacement in place."""
    snapshot, wanted, made = room_made()
    steps = (replace(step, mode="in-place", after=()) for step in made.steps)
    return snapshot, wanted, replace(made, steps=tuple(steps))


CASES = [
    (overfull_card, "memory of card a-0 (1)"),
    (overfull_compute, "compute of card a-0 (1)"),
    (overfull_cpu, "CPU of p/a (3)"),
    (overfull_node_memory, "memory of p/a (3)"),
    (shared_whole_card, "shared with"),
    (too_few_whole_cards, "has not 2 whole cards (4)"),
    (wrong_size, "has 2047 MiB and 0 % on 1 cards (4)"),
    (wrong_model, "is on a card of another model (4)"),
    (on_a_draining_node, "begins on a, which is draining"),
    (moved_for_beauty, "fits where it is and is not kept (5)"),
    (touched_for_nothing, "is as wanted and step 1 (restart) touches it (5)"),
    (foreign_instance_stopped, "no instance of llm/0"),
    (rolled_all_at_once, "ready instances at its worst moment, not 3 (8)"),
    (started_before_its_place_is_free, "are taken at the worst moment of the memory of card a-0 (1)"),
    (surge_never_stopped, "is never stopped (8)"),
    (silent_break_before_make, "before its successor is ready and says make-before-break (7)"),
    (circular, "waits for a later one"),
    (uneven_spread, "its share is 1 (10)"),
    (left_over, "is neither assigned nor stopped"),
    (forgotten_ordinal, "wants 2 instances and has ordinals [0]"),
    (unexplained_waiting, "waits without a reason (9)"),
    (miscounted_refusal, "speaks of 3 of 2 cards (9)"),
    (old_revision_left, "ends at revision 1"),
    (assigned_elsewhere, "and ends with"),
    (waits_and_stays, "llm/0 waits, but "),
    (on_a_node_that_is_not_there, "ends on node nowhere, which is not there"),
    (room_made, "1 instances make room, and max_moves is 0 (6)"),
    (room_for_nobody, "makes room for big/0, which does not begin (6)"),
    (drained_for_somebody, "makes room and could not have stayed (6)"),
    (emptied, "1 instances empty cards, and rebalance allows 0 (6)"),
    (filled_again, "on a card that others were moved away from to empty it (6)"),
    (moves_in_place, "and breaks before it makes without saying so (7)"),
    (says_that_it_breaks, "after its successor is ready and says break-before-make (7)"),
]


@pytest.mark.parametrize(("case", "sentence"), CASES, ids=[case.__name__ for case, _ in CASES])
def test_a_broken_plan_is_found(case: Callable[[], Case], sentence: str) -> None:
    """By the sentence that names what is broken."""
    snapshot, wanted, made = case()
    found = violations(snapshot, wanted, made, REFUSE)
    assert any(sentence in fault for fault in found), found


def test_a_good_plan_is_not_found_fault_with() -> None:
    """The doctored roll, before it was doctored."""
    snapshot, wanted, made = rolled()
    assert violations(snapshot, wanted, made, REFUSE) == []


def test_the_other_kind_of_slices_on_a_node_is_found() -> None:
    """Only where they are to be kept apart."""
    snapshot, wanted, made = fresh(want("llm", 2), want("page", 2, 10), nodes=(node("a"),))
    assert violations(snapshot, wanted, made, REFUSE) == []
    (one, other) = violations(snapshot, wanted, made, PlanOptions(memory_only="separate"))
    assert "memory_only: separate" in one
    assert "memory_only: separate" in other


def test_every_plan_that_a_test_makes_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.placement.checker.violations", lambda *_: ["a fault"])
    with pytest.raises(AssertionError, match="a fault"):
        plan(picture([node("gpu-a")]), [want("llm", 8)], REFUSE)


WITHOUT_STEPS = """
from components.placement import plan as planning
from tests.placement.build import REFUSE, node, picture, want
planning.steps_of = lambda board: ()
planning.plan(picture([node("a")]), [want("llm", 8)], REFUSE)
"""


def test_so_is_every_plan_of_a_process_that_a_test_starts() -> None:
    """As `eas` and Pulumi's providers are in tests/cli and tests/e2e."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_STEPS], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "AssertionError: the checker rejects this plan" in done.stderr


def test_the_contract_on_imports_names_all_that_the_checker_must_not_share() -> None:
    """`make lint` holds it; here is held that no module of the planner is missing from it."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (contract,) = (one for one in contracts if one["name"].startswith("The checker shares no code"))
    here = {path.stem for path in (ROOT / "components" / "placement").iterdir() if path.suffix in ("", ".py")}
    modules = {f"components.placement.{name}" for name in here if not name.startswith("__")}
    data = {"components.placement.plan_types", "components.placement.snapshot"}
    checker = {name for name in modules if name.rpartition(".")[2].startswith("check")}
    assert set(contract["source_modules"]) == checker
    assert set(contract["forbidden_modules"]) == modules - checker - data
