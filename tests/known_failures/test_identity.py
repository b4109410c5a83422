"""Rows 10 and 11: which card an instance gets, by model and by UUID."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from components.placement.feasible import FEW_FREE, MODEL
from components.placement.plan_types import Plan
from components.rules import judge_service
from components.runtimes.local import gpu
from components.runtimes.port import Launch, PinnedCard
from components.runtimes.simulated import SimulatedRuntime
from components.spec.node import Card, Node
from tests.known_failures.conftest import Open
from tests.known_failures.engines import Spy
from tests.known_failures.pools import GIB, as_held, node, places, planned, wants
from tests.spec.build import pool, service

MIXED = node(
    "mixed",
    ("A10", 22 * GIB),
    ("A100", 80 * GIB),
    ("A10", 22 * GIB),
    ("A100", 80 * GIB),
)
A10S = {"GPU-mixed-0", "GPU-mixed-2"}
A100S = {"GPU-mixed-1", "GPU-mixed-3"}


def cards(made: Plan, name: str) -> set[str]:
    """Return the cards that a service gets."""
    return {uuid for place in places(made, name) for uuid in place.cards}


@pytest.mark.parametrize(("model", "expected"), [("A10", A10S), ("A100", A100S)])
def test_10_whole_cards_of_a_mixed_node_are_of_the_model_asked_for(model: str, expected: set[str]) -> None:
    assert cards(planned([MIXED], wants("train", gpu=2, models=(model,))), "train") == expected
    assert cards(planned([MIXED], wants("any", gpu=4)), "any") == A10S | A100S
    three = planned([MIXED], wants("train", gpu=3, models=(model,)))
    [refusal] = three.blocking
    assert refusal.counts == {MODEL: 2, FEW_FREE: 2}


def test_10_a_slice_of_a_mixed_node_is_on_the_model_asked_for() -> None:
    small = wants("small", 20, models=("A100",), instances=8)
    made = planned([MIXED], small)
    assert cards(made, "small") == A100S
    assert made.refusals == ()
    large = planned([MIXED], wants("large", 40, models=("A10",)))
    assert large.blocking[0].counts == {MODEL: 2, "smaller than the slice": 2}


def test_10_an_instance_moves_off_a_model_that_it_no_longer_allows() -> None:
    before = wants("small", 20, models=("A10",))
    rows = as_held(planned([MIXED], before), [before])
    assert set(rows[0].place.cards) <= A10S
    made = planned([MIXED], replace(before, claim=replace(before.claim, models=("A100",))), rows=rows)
    assert cards(made, "small") <= A100S
    assert {step.op for step in made.steps} == {"start", "stop"}


def test_10_the_selector_of_a_file_reaches_the_card() -> None:
    gpus = [{"model": card.model, "memory_mib": card.memory_mib} for card in MIXED.cards]
    where = pool(nodes={"n": {"cpu": 32, "memory": 65536, "gpus": gpus}})
    label = {"eas-slices/card-model": "A10"}
    two = service(metadata={"gpu": 2}, labels=label)
    assert judge_service(two, where) == ()
    [fault] = judge_service(service(metadata={"gpu": 3}, labels=label), where)
    assert fault.rule == "enough-cards"
    claim = two.claim()
    made = planned([MIXED], wants("two", gpu=claim.gpu, models=claim.models))
    assert cards(made, "two") == A10S


def without(whole: Node, *lost: int) -> Node:
    """Return the node as a driver lists it that has lost cards: all behind them have another index now."""
    left = [card for card in whole.cards if card.index not in lost]
    return replace(whole, cards=tuple(replace(card, index=n) for n, card in enumerate(left)))


def test_11_a_card_that_is_gone_shifts_no_other_instance(fleet: Open, tmp_path: Path) -> None:
    four = node("n1", *[16 * GIB] * 4)
    spy = Spy(SimulatedRuntime(tmp_path))
    here = fleet(four, node("n2", 16 * GIB), runtime=spy)
    wanted = [wants(f"s{n}", 12) for n in range(4)]
    assert here.up(*wanted).complete
    before = here.where()
    card_of = {name: place.cards[0] for name, (_, place) in before.items()}
    lost = "GPU-n1-1"
    [victim] = [name for name, uuid in card_of.items() if uuid == lost] or [""]

    here.nodes = [without(four, 1), here.nodes[1]]
    assert here.up(*wanted).complete
    after = here.where()
    assert {name: row for name, row in after.items() if name != victim} == {
        name: row for name, row in before.items() if name != victim
    }
    if victim:
        assert after[victim][1].cards[0] not in {lost, *(card_of[name] for name in before if name != victim)}

    # What is started anew is told its card, with the index that it has now.
    spy.launches.clear()
    assert here.up(*(replace(want, revision="r2") for want in wanted)).complete
    told = {launch.cards[0].uuid: launch.cards[0].index for launch in spy.launches}
    assert told == {uuid: after_index(here.nodes, uuid) for uuid in told}
    assert len(told) == 4
    assert told["GPU-n1-3"] == 2


def after_index(nodes: list[Node], uuid: str) -> int:
    """Return the index that a card has in these nodes."""
    return next(card.index for each in nodes for card in each.cards if card.uuid == uuid)


def test_11_cards_listed_in_another_order_are_the_same_cards() -> None:
    four = node("n1", *[16 * GIB] * 4)
    wanted = [wants(f"s{n}", 12) for n in range(4)]
    rows = as_held(planned([four], *wanted), wanted)
    shuffled = tuple(replace(card, index=3 - card.index) for card in reversed(four.cards))
    assert planned([replace(four, cards=shuffled)], *wanted, rows=rows).steps == ()


def test_11_cuda_is_told_uuids_never_indexes(monkeypatch: pytest.MonkeyPatch) -> None:
    left = (Card("GPU-a", 0, "A10", 22_731), Card("GPU-c", 1, "A10", 22_731))
    monkeypatch.setattr(gpu, "present", lambda: left)
    monkeypatch.setattr(gpu, "mps_running", lambda: True)
    told = gpu.environment(_launch(PinnedCard("GPU-c", 2, "A10", 2048, 10, 22_731)))
    assert told["CUDA_VISIBLE_DEVICES"] == "GPU-c"
    assert told["CUDA_MPS_PINNED_DEVICE_MEM_LIMIT"] == "0=2048M"
    gone = gpu.environment(_launch(PinnedCard("GPU-b", 1, "A10", 2048, 10, 22_731)))
    assert gone["CUDA_VISIBLE_DEVICES"] == "", "a card that is not there is not replaced by its neighbour"


def _launch(card: PinnedCard) -> Launch:
    return Launch("o/s/0/i", "o", "s", 0, "p", "n", (card,), exclusive=False, spec={})
