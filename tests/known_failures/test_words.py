"""Rows 12, 15, 18 and 19: what is refused or said before anything happens."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.rules import judge_project
from components.runtimes.local import gpu
from components.spec.fault import Fault
from components.spec.node import Card
from tests.known_failures.conftest import Open
from tests.known_failures.pools import GIB, node, places, planned, wants
from tests.spec.build import project, service, write

ECS = {
    "name": "gpus",
    "resource": "eas-r-test",
    "nodes": {"a100-0": {"instance_type": "ecs.gn7e-c16g1.16xlarge"}},
    "local": {"run": {"default": "sleep 1"}},
}


def faults(root: Path, text: str, pool: Any = None) -> list[Fault]:
    """Return what is said of a project with this one service file."""
    made = project(root, {"page.json": text}, pool or ECS)
    return [*made.faults, *judge_project(made)]


NUMBERS = {
    '"8000Mi"': "Write 8000 without quotes or unit",
    '"20GiB"': "Write 20 without quotes or unit",
    '"20"': "Write 20 without quotes",
    '"NaN"': "Write a whole number",
    "NaN": "Write a number",
    "Infinity": "Write a number",
    "-Infinity": "Write a number",
    "-1": "Write 0 or more",
    "-0.5": "Write 0 or 1",
    "20.5": "Write 20 or 21",
    "true": "Write a number, not true or false",
    "null": "Write a whole number, or leave the field out",
    "[20]": "Write a whole number",
    "{}": "Write a whole number",
    "9007199254740993": "Write a smaller number",
    "18446744073709551616": "Write a smaller number",
}


@pytest.mark.parametrize("value", NUMBERS)
@pytest.mark.parametrize("key", ["gpu_memory", "gpu", "cpu", "memory", "instance"])
def test_12_what_is_no_number_is_refused_by_field_and_value_with_the_right_form(
    tmp_path: Path, key: str, value: str
) -> None:
    [fault] = faults(tmp_path, f'{{"metadata": {{"{key}": {value}}}}}')
    assert fault.level == "invalid"
    assert str(fault).startswith(f"services/page.json:1:{fault.column}: metadata.{key} is {value}")
    assert fault.fix.startswith(NUMBERS[value])


BEYOND = {"1e30": "metadata.gpu_memory is 1e+30", "1e999": "metadata.gpu_memory is 1e999"}


@pytest.mark.parametrize("value", BEYOND)
@pytest.mark.parametrize("key", ["gpu_memory", "instance"])
def test_12_a_number_beyond_all_counting_is_refused(tmp_path: Path, key: str, value: str) -> None:
    [fault] = faults(tmp_path, f'{{"metadata": {{"{key}": {value}}}}}')
    assert (fault.level, fault.source) == ("invalid", "services/page.json")


@pytest.mark.parametrize("value", BEYOND)
def test_12_a_number_beyond_all_counting_is_told_its_field_and_a_form_that_would_do(
    tmp_path: Path, value: str
) -> None:
    [fault] = faults(tmp_path, f'{{"metadata": {{"gpu_memory": {value}}}}}')
    assert BEYOND[value] in fault.message
    assert "0000000" not in fault.fix


@pytest.mark.parametrize("value", ['"22731Mi"', "-1", "0", "NaN", "1.5", "true", "1e30"])
def test_12_the_sizes_of_a_pool_are_as_strict(tmp_path: Path, value: str) -> None:
    pool = f"""{{"name": "gpus", "resource": "eas-r-x", "nodes": {{"n": {{"cpu": 8, "memory": 65536,
        "gpus": [{{"model": "X", "memory_mib": {value}}}]}}}}}}"""
    write(tmp_path / "pool.yaml", pool)
    found = [fault for fault in faults(tmp_path, "{}", pool) if fault.source == "pool.yaml"]
    assert found
    assert {fault.level for fault in found} == {"invalid"}
    assert any("memory_mib" in str(fault) and fault.fix for fault in found)


@pytest.mark.parametrize("asked", [2**53, 2**53 - 1, 10**12])
def test_12_nothing_wraps_on_the_way_to_a_card(asked: int) -> None:
    made = planned([node("n1", 16 * GIB)], wants("huge", asked))
    assert places(made) == []
    assert f"{asked * 1024:,}" in made.blocking[0].asks


def test_15_a_percentage_alone_never_becomes_a_card(tmp_path: Path) -> None:
    text = '{"metadata": {"gpu_core_percentage": 50}}'
    [fault] = [fault for fault in faults(tmp_path, text) if fault.level != "notice"]
    assert (fault.rule, fault.level) == ("slice-percentage-needs-memory", "ineffective")
    assert "gpu_memory" in fault.fix
    claim = service(metadata={"gpu_core_percentage": 50}).claim()
    assert claim.kind == "cpu"
    [place] = places(planned([node("n1", 16 * GIB)], replace(wants("page"), claim=claim)))
    assert (place.cards, place.exclusive, place.compute) == ((), False, 0)


def test_15_nor_does_it_where_the_wish_comes_without_a_file() -> None:
    made = planned([node("n1", 16 * GIB)], wants("page", 0, 50), wants("other", gpu=1))
    assert made.refusals == ()
    [place] = places(made, "page")
    assert (place.cards, place.exclusive) == ((), False)


@pytest.mark.parametrize("metadata", [{}, {"gpu_memory": 0}, {"gpu": 0}, {"gpu": 0, "gpu_memory": 0}])
def test_15_no_size_is_no_card(metadata: dict[str, int]) -> None:
    claim = service(metadata=metadata).claim()
    [place] = places(planned([node("n1", 16 * GIB)], replace(wants("page"), claim=claim)))
    assert (place.cards, place.exclusive) == ((), False)


def test_15_whole_cards_beside_a_size_are_said_to_be_whole(tmp_path: Path) -> None:
    text = '{"metadata": {"gpu": 1, "gpu_memory": 4, "gpu_core_percentage": 10}}'
    found = [fault for fault in faults(tmp_path, text) if fault.rule == "whole-card-ignores-slice"]
    assert {fault.field for fault in found} == {"metadata.gpu_memory", "metadata.gpu_core_percentage"}
    assert all("a whole card" in fault.message for fault in found)


# ---------------------------------------------------------------------------------------- rows 18 and 19


@pytest.mark.parametrize(
    "line", ["torchrun --nproc-per-node 2 a.py", "gunicorn app:app -w 4", "uvicorn a:b --workers 2"]
)
def test_18_two_processes_of_a_slice_are_told_that_each_has_the_limit(tmp_path: Path, line: str) -> None:
    """In every preview and by ``eas check``, before anything is applied."""
    text = {"metadata": {"gpu_memory": 4}, "containers": [{"image": "x", "script": line, "port": 8000}]}
    found = [fault for fault in faults(tmp_path, json.dumps(text)) if fault.rule == "limit-per-process"]
    assert len(found) == 1
    assert "each" in found[0].message
    assert "One" in found[0].fix or "one process" in found[0].fix


@pytest.mark.parametrize(
    ("mps", "sentence"),
    [(True, "they hold for each process"), (False, "are not enforced")],
    ids=["with MPS", "without"],
)
def test_18_the_runtime_says_what_it_cannot_hold(
    monkeypatch: pytest.MonkeyPatch, mps: bool, sentence: str
) -> None:
    monkeypatch.setattr(gpu, "present", lambda: (Card("GPU-a", 0, "A10", 22_731),))
    monkeypatch.setattr(gpu, "mps_running", lambda: mps)
    can = gpu.capabilities()
    assert (can.enforce_memory, can.enforce_compute) == (mps, mps)
    assert sentence in can.enforced


def test_18_it_is_said_before_the_first_instance_is_told_anything(fleet: Open) -> None:
    here = fleet(node("n1", 16 * GIB))
    assert here.up(wants("page", 4)).complete
    assert "no process holds any card" in here.said[0]
    assert any("starting" in line for line in here.said[1:])


@pytest.mark.parametrize(
    "metadata", [{"gpu_memory": 4}, {"gpu_memory": 4, "gpu_core_percentage": 30}, {"gpu": 1}]
)
def test_19_tensor_parallelism_over_one_card_is_said_not_to_start(
    tmp_path: Path, metadata: dict[str, int]
) -> None:
    line = "vllm serve model --tensor-parallel-size 2 --port 8000"
    text = {"metadata": metadata, "containers": [{"image": "x", "script": line, "port": 8000}]}
    [fault] = [
        fault for fault in faults(tmp_path, json.dumps(text)) if fault.rule == "tensor-parallel-has-cards"
    ]
    assert fault.level == "ineffective", "a warning of `up`, a violation of the policy pack"
    assert "will not start" in fault.message
    assert "gpu" in fault.fix
    text["metadata"] = {"gpu": 2}
    assert not [
        fault for fault in faults(tmp_path, json.dumps(text)) if fault.rule == "tensor-parallel-has-cards"
    ]
