"""JSON Schemas for editors: fresh, and in agreement with the readers by a stock validator."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from components.rules.schemas import FOLDER, rendered, schemas
from components.spec.project import load_project
from components.spec.service import parse_service
from tests.policies.cases import CASES
from tests.spec.build import ROOT

SCHEMAS = schemas()
SAMPLES = sorted([*(ROOT / "services").glob("*.json"), *(ROOT / "examples").glob("*.json")])


def says(kind: str, data: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMAS[kind]).iter_errors(data)]


@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_schema_is_one_and_its_file_is_fresh(kind: Any) -> None:
    Draft202012Validator.check_schema(SCHEMAS[kind])
    file = ROOT / FOLDER / f"{kind}.schema.json"
    assert file.read_text() == rendered(SCHEMAS[kind]), "run: python -m components.rules.schemas"


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.name)
def test_every_sample_service_is_valid(file: Path) -> None:
    assert says("service", json.loads(file.read_text())) == []


def test_the_sample_pool_is_valid() -> None:
    pool = yaml.safe_load((ROOT / "pool.yaml").read_text())
    assert says("pool", pool) == []
    assert says("pool", [pool, pool]) == []
    assert says("pool", {"pools": [pool]}) == []
    assert says("pool", {"pools": [{**pool, "max_moves": "two"}]})


WRONG: list[tuple[str, Any]] = [
    ("gpu_memory", "20GiB"),
    ("gpu_memory", -1),
    ("gpu_memory", 1.5),
    ("gpu_core_percentage", 101),
    ("instance", True),
    ("name", 5),
    ("rolling_strategy", {"max_surge": "two"}),
    ("qos", "Best"),
    ("gpu", None),
]


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_what_the_reader_refuses_is_underlined(field: Any, value: Any) -> None:
    document = {"metadata": {field: value}}
    service, faults = parse_service(document, source="x.json", default_name="svc")
    assert service is None or any(fault.level == "invalid" for fault in faults)
    assert says("service", document)


@pytest.mark.parametrize(
    "metadata",
    [
        {"gpu_memory": 20, "gpu_core_percentage": 100},
        {"gpu_memory": 20.0},
        {"rolling_strategy": {"max_surge": "2%", "max_unavailable": 1}},
        {"a_key_of_tomorrow": {"x": 1}},
    ],
)
def test_what_the_reader_takes_is_not_underlined(metadata: Any) -> None:
    service, faults = parse_service({"metadata": metadata}, source="x.json", default_name="svc")
    assert service is not None
    assert not [fault for fault in faults if fault.level == "invalid"]
    assert says("service", {"metadata": metadata}) == []
    assert says("service", {f"metadata.{key}": value for key, value in metadata.items()}) == []


@pytest.mark.parametrize(
    "field", [{"nodes": {"a": {"cpu": 0}}}, {"nodes": []}, {"runtime": "docker"}, {"capacity": 1}]
)
def test_what_the_pool_reader_refuses_is_underlined(field: Any, tmp_path: Path) -> None:
    (tmp_path / "pool.yaml").write_text(yaml.safe_dump({"name": "gpus", **field}))
    assert [fault for fault in load_project(tmp_path).faults if fault.level == "invalid"]
    assert says("pool", {"name": "gpus", **field})


def test_every_field_that_the_readers_know_is_completed() -> None:
    metadata = SCHEMAS["service"]["$defs"]["Metadata"]["properties"]
    assert {"gpu", "gpu_memory", "gpu_core_percentage", "instance", "resource"} <= set(metadata)
    assert "dockerAuth" in SCHEMAS["service"]["properties"]
    assert "pai-eas" in SCHEMAS["pool"]["$defs"]["PoolEntry"]["properties"]


@pytest.mark.parametrize("rule", CASES)
def test_the_configuration_of_each_rule_is_valid(rule: Any) -> None:
    assert says("policies", {"eas-rules": CASES[rule].config(rule)}) == []
    assert says("policies", {"eas-rules": {rule: "mandatroy"}})


def test_waivers() -> None:
    waiver = {"rule": "slice-fits-card", "service": "svc", "until": "2027-01-01", "reason": "agreed"}
    assert says("waivers", [waiver]) == []
    assert says("waivers", [{**waiver, "who": "me"}])
    assert says("waivers", {"waivers": [waiver]})
