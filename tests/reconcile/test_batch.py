"""Only so many leave in one pass."""

from __future__ import annotations

from components.ledger import OpenStep
from components.placement.plan_types import Op, Step
from components.placement.snapshot import Held, NodeState, NodeView, Place, Snapshot
from components.reconcile.batch import Leaving, leaving, put_off
from components.spec.node import Card, Node

OWNER = "o/p/s"


def view(name: str, state: NodeState = "ready", **cards: NodeState) -> NodeView:
    made = tuple(Card(f"{name}-{n}", n, "V100", 16384) for n in range(2))
    said = {f"{name}-{key[1:]}": value for key, value in cards.items()}
    return NodeView(Node("lab", name, "t", cpu_milli=1, memory_mib=1, cards=made), state, card_states=said)


def row(number: int, node: str, card: int = 0, owner: str = OWNER) -> Held:
    place = Place("lab", node, (f"{node}-{card}",), memory_mib=1)
    return Held(f"{owner}/page/{number}/i", owner, "page", number, "steady", "r", place, "ready")


def step(n: int, op: Op, number: int) -> OpenStep:
    return OpenStep(1, Step(n, op, "move", "page", number), f"{OWNER}/page/{number}/j")


def later(picture: Snapshot, steps: list[OpenStep], moves: int) -> set[int]:
    return {ordinal for _, ordinal in put_off({OWNER: leaving(picture, steps)}, moves)[OWNER]}


def moves_of(*numbers: int) -> list[OpenStep]:
    """A start and a stop for each, in this order."""
    made = [step(2 * n, "start", number) for n, number in enumerate(numbers)]
    return made + [step(2 * n + 1, "stop", number) for n, number in enumerate(numbers)]


def test_the_first_of_the_plan_go_and_the_others_wait() -> None:
    picture = Snapshot(OWNER, (view("a", "draining"),), tuple(row(n, "a") for n in range(4)))
    steps = moves_of(2, 0, 3, 1)
    assert later(picture, steps, 4) == set()
    assert later(picture, steps, 3) == {1}
    assert later(picture, steps, 1) == {0, 3, 1}
    assert later(picture, steps, 0) == {0, 1, 2, 3}


def test_those_on_lost_places_come_first() -> None:
    picture = Snapshot(OWNER, (view("a", "draining"), view("b", c1="lost")), (row(0, "a"), row(1, "b", 1)))
    assert later(picture, moves_of(0, 1), 1) == {0}


def test_one_that_only_has_to_stop_is_finished_and_counts() -> None:
    picture = Snapshot(OWNER, (view("a", "draining"),), (row(0, "a"), row(1, "a"), row(2, "a")))
    steps = [step(1, "stop", 0), *moves_of(1, 2)]
    assert later(picture, steps, 2) == {2}
    assert later(picture, steps, 0) == {1, 2}


def test_what_sits_well_is_never_put_off() -> None:
    picture = Snapshot(OWNER, (view("a"), view("b", c0="cordoned")), (row(0, "a"), row(1, "b")))
    assert later(picture, moves_of(0, 1), 0) == set()


def test_others_instances_do_not_count() -> None:
    rows = (row(0, "a"), *(row(n, "a", owner="x/y/z") for n in range(5)))
    assert later(Snapshot(OWNER, (view("a", "draining"),), rows), moves_of(0), 1) == set()


def slots(*numbers: int) -> list[tuple[str, int]]:
    return [("page", number) for number in numbers]


def test_the_moves_of_a_pass_are_shared_by_all_owners_by_turns_whatever_their_order() -> None:
    owners = {"b": Leaving(draining=slots(0, 1, 2)), "a": Leaving(draining=slots(0, 1, 2)), "c": Leaving()}
    for given in (owners, dict(reversed(owners.items()))):
        waiting = put_off(given, 3)
        assert {name: set(found) for name, found in waiting.items()} == {
            "a": set(slots(2)),
            "b": set(slots(1, 2)),
            "c": set(),
        }
    assert not any(put_off(owners, 6).values())
    assert sum(map(len, put_off(owners, 0).values())) == 6


def test_what_is_lost_comes_first_and_what_is_begun_counts_over_all_owners() -> None:
    owners = {"a": Leaving(begun=1, draining=slots(0, 1)), "b": Leaving(lost=slots(0, 1), draining=slots(2))}
    waiting = put_off(owners, 3)
    assert (set(waiting["a"]), set(waiting["b"])) == (set(slots(0, 1)), set(slots(2)))


def test_who_rests_takes_nobodys_turn() -> None:
    picture = Snapshot(OWNER, (view("a", "draining"),), tuple(row(n, "a") for n in range(3)))
    assert leaving(picture, moves_of(0, 1, 2), {("page", 0)}) == Leaving(0, (), tuple(slots(1, 2)))
