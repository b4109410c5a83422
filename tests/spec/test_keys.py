"""Dotted and nested keys are the same key; unknown ones are kept and told."""

from typing import Any

import pytest

from components.spec.keys import canonical
from tests.spec.build import read, rules_of, service

GRACE = {"eas.termination_grace_period": 7}


@pytest.mark.parametrize(
    ("dotted", "nested"),
    [
        ({"metadata": {"rpc.keepalive": 5}}, {"metadata": {"rpc": {"keepalive": 5}}}),
        ({"metadata.rpc.keepalive": 5}, {"metadata": {"rpc": {"keepalive": 5}}}),
        (
            {"metadata": {"rpc.keepalive": 5, "rpc": {"io_threads": 2}}},
            {"metadata": {"rpc": {"io_threads": 2, "keepalive": 5}}},
        ),
        ({"metadata": GRACE}, {"metadata": {"eas": {"termination_grace_period": 7}}}),
        ({"labels.a.b": "c"}, {"labels": {"a.b": "c"}}),
        (
            {"containers": [{"prepare.pythonRequirements": []}]},
            {"containers": [{"prepare": {"pythonRequirements": []}}]},
        ),
    ],
)
def test_both_spellings_give_one_document(dotted: Any, nested: Any) -> None:
    assert canonical(dotted).data == canonical(nested).data


def test_keys_of_labels_and_features_are_names_as_they_stand() -> None:
    data = {"labels": {"a.b": "1"}, "features": {"eas.aliyun.com/gpu-driver-version": "tesla=550.127.08"}}
    assert canonical(data).data == {"features": data["features"], "labels": data["labels"]}


def test_both_spellings_with_two_values_are_refused() -> None:
    made, faults = read({"metadata": {"rpc.keepalive": 5, "rpc": {"keepalive": 6}}})
    assert made is None
    assert [(fault.rule, fault.field) for fault in faults] == [("key-once", "metadata.rpc.keepalive")]


def test_both_spellings_with_one_value_are_one_key() -> None:
    assert read({"metadata": {"rpc.keepalive": 5, "rpc": {"keepalive": 5}}})[1] == []


def test_name_counts_at_either_level() -> None:
    assert service(name="from_file").name == "from_file"
    assert service(metadata={"name": "inner"}).name == "inner"
    made, _ = read({"name": "outer", "metadata": {"cpu": 1}})
    assert made is not None
    assert made.name == "outer"
    assert made.public() == {"metadata": {"cpu": 1, "name": "outer"}}


def test_two_different_names_are_refused() -> None:
    assert rules_of(read({"name": "a_b", "metadata": {"name": "c_d"}})[1]) == ["key-once"]


def test_the_literal_dotted_key_is_written_out_as_eas_documents_it() -> None:
    made = service(metadata={"eas": {"termination_grace_period": 7}})
    assert made.public() == {"metadata": GRACE}
    assert made.grace_seconds == 7


@pytest.mark.parametrize(
    ("data", "seconds"),
    [
        ({}, 30),
        ({"metadata": GRACE}, 7),
        ({"metadata": {"runtime.termination_grace_period": 8}}, 8),
        ({"runtime": {"termination_grace_period": 9}}, 9),
        ({"runtime": {"termination_grace_period": 9}, "metadata": GRACE}, 7),
    ],
)
def test_the_time_to_end_in_all_spellings(data: Any, seconds: Any) -> None:
    assert service(**data).grace_seconds == seconds


def test_unknown_keys_are_kept_at_every_depth() -> None:
    data = {"metadata": {"new": {"deep": [1]}}, "containers": [{"image": "x", "novel": 1}], "top": None}
    made, faults = read(data)
    assert made is not None
    assert made.public()["metadata"]["new"] == {"deep": [1]}
    assert made.public()["containers"][0]["novel"] == 1
    assert made.public()["top"] is None
    assert {fault.field for fault in faults} == {"metadata.new", "containers[0].novel", "top"}


@pytest.mark.parametrize(
    ("data", "field", "meant"),
    [
        ({"metadata": {"gpu_memroy": 20}}, "metadata.gpu_memroy", "'gpu_memory'"),
        ({"metadata": {"gpu_core_percent": 5}}, "metadata.gpu_core_percent", "'gpu_core_percentage'"),
        ({"gpu_memory": 20}, "gpu_memory", "metadata.gpu_memory"),
        ({"container": []}, "container", "'containers'"),
        ({"containers": [{"imag": "x"}]}, "containers[0].imag", "'image'"),
    ],
)
def test_a_misspelt_key_never_silently_widens_a_claim(data: Any, field: Any, meant: Any) -> None:
    """Known failure 15: a slice that is not read would make the instance another kind."""
    made, [fault] = read(data)
    assert made is not None
    assert (fault.rule, fault.level, fault.field) == ("misspelt-key", "ineffective", field)
    assert meant in fault.fix


def test_a_key_without_a_near_miss_is_only_noticed() -> None:
    assert [(fault.rule, fault.level) for fault in read({"metadata": {"zzz": 1}})[1]] == [
        ("unknown-key", "notice")
    ]


def test_snake_case_in_the_autoscaler_is_told() -> None:
    data = {"autoscaler": {"min": 1, "max": 2, "scale_strategies": [], "behavior": {"scale_up": {}}}}
    faults = read(data)[1]
    assert [(fault.rule, fault.fix) for fault in faults] == [
        ("autoscaler-camel-case", "Write 'scaleUp'."),
        ("autoscaler-camel-case", "Write 'scaleStrategies'."),
    ]


@pytest.mark.parametrize("data", [[], "text", 1, None, True])
def test_a_file_that_holds_no_object_is_refused(data: Any) -> None:
    made, [fault] = read(data)
    assert made is None
    assert fault.rule == "field-type"


def test_half_a_character_is_refused() -> None:
    made, [fault] = read({"metadata": {"name": "a\ud800"}})
    assert made is None
    assert "\ud800" not in str(fault)


def test_a_key_cannot_forge_a_line_of_the_report() -> None:
    _, [fault] = read({"metadata": {"x\nservices/other.json: fine \x1b[31m": 1}})
    assert "\n" not in str(fault)
    assert "\x1b" not in str(fault)
