"""Pools that another stack declares, in files: what is filled in, what stays this stack's, what is left open."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from components.rules import judge_project
from components.spec.fault import Fault
from components.spec.pool import Pool
from components.spec.project import load_project
from tests.spec.build import CONTAINER, POOL, RESOURCE, pool, project, rules_of, write

SLICE = {"metadata": {"gpu_memory": 4}, "containers": [CONTAINER]}
THERE = {"metadata": {"gpu_memory": 4, "resource": RESOURCE}, "containers": [CONTAINER]}


def recorded(named: Pool) -> Pool | Fault:
    """What a ledger would say: the test pool, under whatever name but one."""
    if named.name == "lost":
        return named.fault("pool-referenced", "invalid", "name", named.name, "there is none.", "Correct it.")
    there = pool(name=named.name)
    return replace(named, resource=there.resource, nodes=there.nodes, local=there.local)


def test_a_name_in_the_stack_is_all_it_takes_and_there_need_be_no_pool_file(tmp_path: Path) -> None:
    (tmp_path / "services").mkdir()
    write(tmp_path / "services" / "page.json", THERE)
    made = load_project(tmp_path, references=("gpus",), borrow=recorded)
    assert made.faults == ()
    assert made.references == ("gpus",)
    assert made.pool_of(made.services[0]).nodes == pool().nodes
    assert {fault.level for fault in judge_project(made)} <= {"notice"}


def test_a_pool_file_that_is_named_must_be_there_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "services").mkdir()
    made = load_project(tmp_path, references=("gpus",), borrow=recorded, pool_files=("other.yaml",))
    assert rules_of(made.faults) == ["readable"]


def test_the_file_of_a_referenced_pool_says_options_and_aliases_and_nothing_else(tmp_path: Path) -> None:
    mine = {"name": "gpus", "reference": True, "on_insufficient": "wait", "aliases": ["quota1"]}
    made = project(tmp_path, {"page.json": THERE}, mine, borrow=recorded)
    assert made.faults == ()
    [found] = made.pools
    assert (found.on_insufficient, found.aliases, found.resource) == ("wait", ("quota1",), RESOURCE)
    made = project(tmp_path, {"page.json": THERE}, {**POOL, "reference": True}, borrow=recorded)
    assert {fault.field for fault in made.faults} == {"nodes", "resource"}
    assert {(fault.rule, fault.level) for fault in made.faults} == {
        ("reference-says-no-nodes", "ineffective")
    }


def test_a_file_shared_with_the_stack_that_declares_the_pool_needs_no_change(tmp_path: Path) -> None:
    made = project(tmp_path, {"page.json": THERE}, references=("gpus",), borrow=recorded)
    assert made.faults == ()
    assert made.references == ("gpus",)


def test_a_pool_that_nobody_recorded_is_one_fault_beside_the_others(tmp_path: Path) -> None:
    mine = [{"name": "lost", "reference": True}, {"name": "gpus", "reference": True}]
    made = project(tmp_path, {"page.json": THERE, "bad.json": "{"}, mine, borrow=recorded)
    assert rules_of(made.faults) == ["pool-referenced", "readable"]
    assert [each.name for each in made.pools] == ["gpus"]


@pytest.mark.parametrize("service", [SLICE, THERE])
def test_without_a_ledger_what_is_recorded_stays_open_and_files_are_judged(
    tmp_path: Path, service: object
) -> None:
    made = project(tmp_path, {"page.json": service}, {"name": "gpus", "reference": True})
    assert made.faults == ()
    assert judge_project(made) == ()
    assert made.pools[0].unseen
