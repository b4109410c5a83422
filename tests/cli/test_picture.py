"""The table of changes, one row for each instance that a plan touches, and the line of a card."""

from __future__ import annotations

from typing import Any

import pytest

from components.placement.picture import card_lines, change_table, columns, natural, unchanged
from components.placement.plan_types import Plan, Step
from components.placement.snapshot import Place

A0 = Place("lab", "gpu-a", ("uuid-a0",), 20480, 5)
A1 = Place("lab", "gpu-a", ("uuid-a1",), 20480, 5)
B0 = Place("lab", "gpu-b", ("uuid-b0",), 20480, 5)
INDEXES = {"uuid-a0": 0, "uuid-a1": 1, "uuid-b0": 0}


def table(*steps: Step, unchanged: int = 0, **before: Place) -> list[str]:
    """Return the table's lines."""
    return change_table(steps, before, INDEXES, unchanged).splitlines()


def test_a_new_instance_comes_from_nowhere() -> None:
    assert table(Step(1, "start", "start", "page", 0, place=A0, reason="new"), unchanged=3) == [
        "instance  from  to       how    reason",
        "page/0    -     gpu-a/0  start  new",
        "3 unchanged",
    ]


def test_one_that_stops_goes_nowhere() -> None:
    steps = [Step(1, "stop", "stop", "page", 1, instance="old", reason="page has 1 instance now")]
    assert table(*steps, old=A1)[1] == "page/1    gpu-a/1  -   stop  page has 1 instance now"


def test_a_move_is_one_row_although_it_is_two_steps() -> None:
    steps = [
        Step(1, "start", "move", "llm", 0, place=B0, mode="make-before-break", reason="gpu-a is draining"),
        Step(2, "stop", "move", "llm", 0, instance="old", after=(1,)),
    ]
    assert table(*steps, old=A0) == [
        "instance  from     to       how                      reason",
        "llm/0     gpu-a/0  gpu-b/0  move, make-before-break  gpu-a is draining",
        "0 unchanged",
    ]


def test_a_repair_stays_where_it_is() -> None:
    steps = [Step(1, "restart", "restart", "llm", 0, instance="old", reason="it crashed")]
    assert table(*steps, old=A0)[1].split() == ["llm/0", "gpu-a/0", "gpu-a/0", "restart", "it", "crashed"]


def test_a_new_token_moves_nobody() -> None:
    steps = [Step(1, "reconfigure", "reconfigure", "llm", 0, instance="old", place=A0)]
    assert table(*steps)[1].split() == ["llm/0", "gpu-a/0", "gpu-a/0", "reconfigure"]


def test_a_temporary_instance_is_a_row_of_its_own() -> None:
    steps = [
        Step(1, "start", "surge", "llm", 0, role="surge", place=B0, wave=1, reason="temporary"),
        Step(2, "stop", "roll", "llm", 0, instance="old", wave=1, after=(1,)),
        Step(3, "start", "roll", "llm", 0, place=A0, mode="in-place", wave=1, after=(2,)),
        Step(4, "stop", "surge", "llm", 0, role="surge", wave=1, after=(3,)),
    ]
    rows = table(*steps, old=A0)
    assert rows[1].split() == ["llm/0", "gpu-a/0", "gpu-a/0", "roll,", "in-place"]
    assert rows[2].split() == ["llm/+0", "-", "gpu-b/0", "surge", "temporary"]
    assert len(rows) == 4


def test_waves_are_told_where_there_is_more_than_one() -> None:
    steps = [
        Step(1, "start", "roll", "llm", 0, place=A0, wave=1),
        Step(2, "start", "roll", "llm", 1, place=A1, wave=2),
        Step(3, "start", "roll", "page", 0, place=B0, wave=1),
    ]
    hows = [row.split(maxsplit=3)[3] for row in table(*steps)[1:4]]
    assert hows == ["roll, wave 1", "roll, wave 2", "roll"]


def test_rows_are_by_service_and_number_not_by_text() -> None:
    steps = [Step(n, "start", "start", "llm", n, place=A0) for n in (10, 9, 1)]
    assert [row.split()[0] for row in table(*steps)[1:-1]] == ["llm/1", "llm/9", "llm/10"]


def test_nothing_to_do_is_one_line() -> None:
    assert table(unchanged=1) == ["nothing to do: 1 instance unchanged"]
    assert table(unchanged=12) == ["nothing to do: 12 instances unchanged"]


def test_a_card_that_is_no_longer_declared_reads_as_its_uuid() -> None:
    lost = Place("lab", "gpu-x", ("uuid-x",), 1024)
    steps = [Step(1, "stop", "stop", "llm", 0, instance="old")]
    assert "gpu-x/uuid-x" in table(*steps, old=lost)[1]


def test_unchanged_counts_placed_instances_that_no_step_touches() -> None:
    plan = Plan(
        {"llm": {0: A0, 1: A1}, "page": {0: None}},
        (Step(1, "start", "start", "llm", 1, place=A1), Step(2, "stop", "stop", "gone", 0, instance="x")),
    )
    assert unchanged(plan) == 1


def test_columns_have_no_trailing_blanks() -> None:
    assert columns(("A", "B"), [("long", ""), ("x", "y")]) == "A     B\nlong\nx     y"


def usage(
    *instances: dict[str, Any],
    model: str = "A100-80G",
    capacity: int = 81251,
    kind: str = "ecs.gn7e",
    state: str = "ready",
    address: str = "gpu-a/0",
) -> dict[str, Any]:
    """Return the usage of one card with these on it."""
    used = sum(capacity if each["exclusive"] else each["mib"] for each in instances)
    card = {
        "model": model,
        "capacity_mib": capacity,
        "free_mib": capacity - used,
        "free_compute": 100 - sum(each["compute"] for each in instances),
        "instances": list(instances),
    }
    node = {"instance_type": kind, "state": state}
    return {"cards": {address: card}, "nodes": {address.rpartition("/")[0]: node}}


def on(
    name: str, mib: int, compute: int = 0, *, owner: str = "own", exclusive: bool = False
) -> dict[str, Any]:
    """Return one instance on a card."""
    return {"instance": name, "owner": owner, "mib": mib, "compute": compute, "exclusive": exclusive}


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (
            usage(on("page/0", 20480, 5), on("llm/0", 49152, 10)),
            "gpu-a/0 A100 80G [page/0 20G 5 % | llm/0 48G 10 % | ···] free 11.3 GiB 85 %",
        ),
        (usage(), "gpu-a/0 A100 80G [····················] free 79.3 GiB 100 %"),
        (usage(on("video/0", 81251, 100, exclusive=True)), "gpu-a/0 A100 80G [video/0 whole] full"),
        (
            usage(on("embed/0", 6144), model="A10", capacity=22731),
            "gpu-a/0 A10 22.2G [embed/0 6G | ···············] free 16.1 GiB 100 %",
        ),
        (
            usage(on("eval/0", 19074, 50), model="GU30", capacity=22888, kind="ml.gu7i.c16m60.1-gu30"),
            "gpu-a/0 GU30 24G [eval/0 20G 50 % | ····] free 3.9 GB 50 %",
        ),
        (
            usage(on("llm/+1", 1024, 1, owner="organization/eas-slices/prod-0a1b2c")),
            "gpu-a/0 A100 80G [prod-0a1b2c:llm/+1 1G 1 % | ····················] free 78.3 GiB 99 %",
        ),
        (
            usage(state="draining", address="lab/gpu-a/0"),
            "lab/gpu-a/0 A100 80G [····················] free 79.3 GiB 100 %  draining",
        ),
    ],
    ids=["two", "empty", "whole", "capacity", "gb", "foreign", "draining"],
)
def test_the_line_of_a_card(given: dict[str, Any], line: str) -> None:
    assert card_lines(given) == [line]


def test_lines_are_aligned_and_in_the_order_of_numbers() -> None:
    parts = [
        usage(address=address, model=model)
        for address, model in (("n-10/0", "A10"), ("n-2/11", "A100-80G"), ("n-2/9", "T4"))
    ]
    given = {
        key: {name: value for part in parts for name, value in part[key].items()}
        for key in ("cards", "nodes")
    }
    lines = card_lines(given)
    assert [line.split()[0] for line in lines] == ["n-2/9", "n-2/11", "n-10/0"]
    assert len({line.index("[") for line in lines}) == 1


def test_no_cards_are_no_lines() -> None:
    assert card_lines({"cards": {}, "nodes": {}}) == []


def test_natural_order() -> None:
    assert sorted(["b", "a-10", "a-9", "a"], key=natural) == ["a", "a-9", "a-10", "b"]
