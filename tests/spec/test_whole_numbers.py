"""Known failures 7, 12 and 15: a size or share that is not a whole number is refused with the right form."""

import json
from typing import Any

import pytest

from tests.spec.build import read, read_text

UNIT = "GiB on ecs.* nodes and GB on ml.* nodes"


@pytest.mark.parametrize(
    ("value", "rule", "fix"),
    [
        ("20GiB", "whole-number", f"Write 20 without quotes or unit (the field counts {UNIT})."),
        ("8000Mi", "whole-number", f"Write 8000 without quotes or unit (the field counts {UNIT})."),
        ("20", "whole-number", "Write 20 without quotes."),
        (20.5, "whole-number", "Write 20 or 21."),
        (True, "whole-number", "Write a number, not true or false."),
        (None, "whole-number", "Write a whole number, or leave the field out."),
        ([20], "whole-number", "Write a whole number, or leave the field out."),
        ("much", "whole-number", "Write a whole number, or leave the field out."),
        (-1, "in-range", f"Write 0 or more (counted in {UNIT})."),
        (10**30, "in-range", f"Write a smaller number (counted in {UNIT})."),
        (2**53 + 1, "in-range", f"Write a smaller number (counted in {UNIT})."),
    ],
)
def test_a_size_that_is_not_a_whole_number_is_refused(value: Any, rule: Any, fix: Any) -> None:
    service, [fault] = read({"metadata": {"gpu_memory": value}})
    assert service is None
    assert (fault.rule, fault.level, fault.fix) == (rule, "invalid", fix)
    assert fault.field == "metadata.gpu_memory"
    assert fault.value in fault.message
    assert json.loads(fault.value) == value


@pytest.mark.parametrize(("value", "whole"), [(20.0, 20), (1e9, 10**9), (20, 20)])
def test_a_whole_float_is_the_whole_number(value: Any, whole: Any) -> None:
    service, faults = read({"metadata": {"gpu_memory": value}})
    assert service is not None
    assert faults == []
    assert service.claim().gpu_memory == whole
    assert type(service.public()["metadata"]["gpu_memory"]) is int


@pytest.mark.parametrize("value", [0, 101, -5, 10**6])
def test_a_percentage_is_1_to_100(value: Any) -> None:
    service, [fault] = read({"metadata": {"gpu_memory": 20, "gpu_core_percentage": value}})
    assert service is None
    assert fault.rule == "percentage-1-100"
    assert fault.fix == "Write 1 to 100, or leave the field out to ask for no share."


@pytest.mark.parametrize("value", [1, 5, 99, 100])
def test_a_percentage_stays_what_was_asked(value: Any) -> None:
    service, _ = read({"metadata": {"gpu_memory": 20, "gpu_core_percentage": value}})
    assert service is not None
    assert service.claim().gpu_core_percentage == value


@pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_is_not_finite_never_gets_past_reading(token: Any) -> None:
    from components.spec.fault import SpecError

    with pytest.raises(SpecError) as error:
        read_text(f'{{"metadata": {{"gpu_memory": {token}}}}}')
    [fault] = error.value.faults
    assert fault.rule == "finite-number"
    assert token in fault.message


def test_nan_given_as_data_is_refused_too() -> None:
    service, [fault] = read({"metadata": {"gpu_memory": float("nan")}})
    assert service is None
    assert fault.field == "metadata.gpu_memory"


def test_all_faults_of_a_file_are_told_at_once() -> None:
    text = """{
  "metadata": {
    "gpu_memory": "20GiB",
    "gpu_core_percentage": 101,
    "instance": -1,
    "gpu_memroy": 3,
    "qos": "besteffort"
  }
}"""
    service, faults = read_text(text)
    assert service is None
    assert {(fault.rule, fault.line) for fault in faults} == {
        ("whole-number", 3),
        ("percentage-1-100", 4),
        ("in-range", 5),
        ("misspelt-key", 6),
        ("known-value", 7),
    }


def test_a_fault_names_file_line_field_value_and_what_to_do() -> None:
    _, [fault] = read_text('{\n  "metadata": { "gpu_memory": "20GiB" }\n}')
    assert str(fault) == (
        'services/svc.json:2:17: metadata.gpu_memory is "20GiB"; it is a whole number of GiB on ecs.* nodes and GB on '
        "ml.* nodes. Write 20 without quotes or unit (the field counts GiB on ecs.* nodes and GB on ml.* nodes). "
        "[whole-number]"
    )
