"""``eas drain``, ``cordon``, ``uncordon`` and ``forget``."""

from __future__ import annotations

import pytest

from tests.cli.scratch import Scratch


def states(scratch: Scratch) -> list[tuple[str, str, str, str]]:
    """Return what is recorded: node, card, state, reason."""
    session = scratch.session()
    try:
        return [(row.node, row.card, row.state, row.reason) for row in session.ledger.node_states("lab")]
    finally:
        session.close()


def uuid_of(scratch: Scratch, node: str, index: int) -> str:
    """Return a card's UUID."""
    session = scratch.session()
    try:
        return next(c.uuid for c in session.ledger.cards() if (c.node, c.index) == (node, index))
    finally:
        session.close()


@pytest.mark.parametrize(("verb", "state"), [("drain", "draining"), ("cordon", "cordoned")])
def test_a_node_takes_nothing_new_with_who_and_why(fleet: Scratch, verb: str, state: str) -> None:
    node = fleet.node_of("llm")
    told = fleet.json(verb, node, "--reason", "new driver")
    assert "llm/0" in told["instances"]
    assert states(fleet) == [(node, "", state, "new driver")]
    shown = fleet.ok("pool")
    assert state in shown
    assert "new driver" in shown


def test_the_stricter_of_file_and_operator_holds_and_both_are_shown(fleet: Scratch) -> None:
    text = (fleet.root / "pool.yaml").read_text()
    said = text.replace("zone: z1}", "zone: z1, state: draining, reason: new driver}")
    (fleet.root / "pool.yaml").write_text(said)
    fleet.apply()
    fleet.ok("cordon", "gpu-a", "--reason", "noisy fan")
    shown = fleet.ok("pool")
    assert "draining" in next(line for line in shown.splitlines() if line.startswith("gpu-a "))
    assert "pool.yaml: new driver" in shown
    also = next(line for line in shown.splitlines() if line.startswith("gpu-a is also cordoned ("))
    assert also.endswith("UTC): noisy fan")
    (fleet.root / "pool.yaml").write_text(said.replace("draining", "cordoned"))
    fleet.apply()
    fleet.ok("drain", "gpu-a", "--reason", "noisy fan")
    shown = fleet.ok("pool")
    assert "gpu-a is also cordoned (pool.yaml): new driver" in shown


def test_of_a_card_too_the_stricter_of_file_and_operator_holds_and_both_are_shown(fleet: Scratch) -> None:
    text = (fleet.root / "pool.yaml").read_text()
    said = text.replace("zone: z1}", "zone: z1, gpus: [{}, {state: draining, reason: ECC errors}]}")
    (fleet.root / "pool.yaml").write_text(said)
    fleet.apply()
    fleet.ok("cordon", "gpu-a/1", "--reason", "noisy fan")
    lines = fleet.ok("pool").splitlines()
    assert next(line for line in lines if line.startswith("gpu-a/1 A100")).endswith("  draining")
    first, second = (line for line in lines if line.startswith("gpu-a/1 is "))
    assert first == "gpu-a/1 is draining (pool.yaml): ECC errors"
    assert second.startswith("gpu-a/1 is also cordoned (")
    assert second.endswith(" UTC): noisy fan")
    both = fleet.json("pool")["states"]
    assert [(each["state"], each["cause"], each["reason"]) for each in both] == [
        ("draining", "program", "ECC errors"),
        ("cordoned", "operator", "noisy fan"),
    ]
    assert both[0]["since"] is None
    assert both[1]["since"]
    (fleet.root / "pool.yaml").write_text(said.replace("draining", "cordoned"))
    fleet.apply()
    fleet.ok("drain", "gpu-a/1", "--reason", "noisy fan")
    lines = fleet.ok("pool").splitlines()
    assert "gpu-a/1 is also cordoned (pool.yaml): ECC errors" in lines
    assert any(line.startswith("gpu-a/1 is draining (") for line in lines)


def test_a_card_that_the_file_drains_is_left_with_the_next_up(fleet: Scratch) -> None:
    node, _, index = fleet.card_of("llm").partition("/")
    cards = ", ".join("{state: draining, reason: fan}" if str(number) == index else "{}" for number in (0, 1))
    text = (fleet.root / "pool.yaml").read_text()
    zone = "z1" if node == "gpu-a" else "z2"
    (fleet.root / "pool.yaml").write_text(text.replace(f"zone: {zone}}}", f"zone: {zone}, gpus: [{cards}]}}"))
    assert f"card {node}/{index} is draining (fan)" in fleet.ok("plan")
    assert f"card {node}/{index} is draining (fan)" in fleet.ok("why", "llm/0")
    fleet.apply()
    assert fleet.card_of("llm") != f"{node}/{index}"


def test_the_plan_says_who_drains_a_card_when_and_why(fleet: Scratch) -> None:
    card = fleet.card_of("llm")
    fleet.ok("drain", card, "--reason", "ECC errors")
    shown = fleet.ok("plan")
    assert f"card {card} is draining (ECC errors (" in shown
    assert " UTC))" in shown


def test_uncordon_takes_it_back(fleet: Scratch) -> None:
    fleet.ok("drain", "gpu-a")
    fleet.ok("uncordon", "gpu-a")
    assert states(fleet) == []


@pytest.mark.parametrize("name", ["lab/gpu-b", "gpu-b"])
def test_a_node_is_named_alone_or_with_its_pool(fleet: Scratch, name: str) -> None:
    assert fleet.json("cordon", name)["node"] == "gpu-b"


def test_a_card_is_named_by_its_place_or_its_uuid(fleet: Scratch) -> None:
    uuid = uuid_of(fleet, "gpu-b", 1)
    assert fleet.json("cordon", "gpu-b/1")["card"] == uuid
    assert fleet.json("cordon", "lab/gpu-b/1")["card"] == uuid
    assert fleet.json("uncordon", uuid)["card"] == uuid
    assert states(fleet) == []


@pytest.mark.parametrize(
    ("name", "says"),
    [("gpu-c", "did you mean gpu-"), ("gpu-a/9", "has no card 9"), ("zzz", "there is no node zzz")],
)
def test_what_is_not_there_is_a_sentence(fleet: Scratch, name: str, says: str) -> None:
    result = fleet.eas("drain", name)
    assert result.exit_code == 1
    assert says in result.stderr


def test_draining_before_the_first_up_says_that_nothing_is_recorded(scratch: Scratch) -> None:
    result = scratch.eas("drain", "gpu-a")
    assert result.exit_code == 1
    assert "`eas up` records" in result.stderr


def test_the_plan_moves_what_sits_on_a_draining_node(fleet: Scratch) -> None:
    fleet.ok("drain", fleet.node_of("llm"))
    change = fleet.json("plan")["change"]
    assert change
    assert {step["how"] for step in change.values()} <= {"move", "surge"}


def test_forget_gives_up_a_node_only_when_told_twice(fleet: Scratch) -> None:
    node = fleet.node_of("llm")
    result = fleet.eas("forget", node)
    assert result.exit_code == 1
    assert "--yes" in result.stderr
    told = fleet.json("forget", node, "--yes", "--reason", "sold")
    assert told["gone"]
    session = fleet.session()
    assert all(row.held.place.node != node for row in session.ledger.instances())
    session.close()
