"""Each rule about a pool, and about all pools and services together: one that breaks it, one that keeps it."""

from pathlib import Path
from typing import Any

import pytest

from components.rules import BY_ID, judge_pool, judge_project
from components.rules.pools import POOLS
from components.rules.projects import PROJECTS
from tests.spec.build import POOL, pool, project

A10 = {"instance_type": "ecs.gn7i-c32g1.16xlarge"}
GU30 = {"instance_type": "ml.gu7i.c16m60.1-gu30"}
BARE = {"cpu": 8, "memory": 65536, "gpus": []}

CASES: dict[str, Any] = {
    "pool-name": ({"name": "No Good"}, {"name": "gpu-1"}),
    "node-name": ({"nodes": {"a/b": A10}}, {"nodes": {"a.b-c_D1": A10}}),
    "pool-resource-id": ({"resource": "public"}, {"resource": "eas-vr-1", "aliases": ["quota1"]}),
    "pool-has-nodes": ({"nodes": {}}, {"nodes": {}, "discover": True}),
    "runtime-here": ({"runtime": "kubernetes"}, {"runtime": "simulated"}),
    "node-memory-in-mb": ({"nodes": {"n": {**BARE, "memory": 64}}}, {"nodes": {"n": BARE}}),
    "node-has-cores": ({"nodes": {"n": {**BARE, "cpu": 1}}}, {"nodes": {"n": {**BARE, "cpu": 2}}}),
    "reason-needs-state": (
        {"nodes": {"n": {**A10, "reason": "fan"}}},
        {"nodes": {"n": {**A10, "reason": "fan", "state": "cordoned"}}},
    ),
    "capacity-usable": (
        {"nodes": {"n": A10}, "capacity": "nominal"},
        {"nodes": {"n": {"instance_type": "ecs.gn8v.4xlarge"}}, "capacity": "nominal"},
    ),
    "units-alike": ({"nodes": {"a": A10, "b": GU30}}, {"nodes": {"a": A10}}),
    "local-ports": ({"local": {"ports": [5, 4]}}, {"local": {"ports": [20000, 20001]}}),
    "pool-holds-no-secret": (
        {"local": {"run": {"a": "serve --api-key s3cret"}}},
        {"local": {"run": {"a": ["serve", "--api-key", "$KEY"], "b": "KEY_B=$KEY serve"}}},
    ),
    "quota-owner": (
        {"quotas": {"acme/search": {"cards": 1}}},
        {"quotas": {"acme/*/prod-*": {"cards": 1}, "default": {}}},
    ),
    "local-run": ({"local": {"run": {"a": " "}}}, {"local": {"run": {"a": ["x"]}}}),
}


@pytest.mark.parametrize("rule", CASES)
def test_the_rule_speaks_where_it_is_broken(rule: Any) -> None:
    [fault] = [fault for fault in judge_pool(pool(**CASES[rule][0])) if fault.rule == rule]
    assert fault.level == BY_ID[rule].level
    assert fault.source == "pool.yaml"
    assert fault.message.endswith(".")


@pytest.mark.parametrize("rule", CASES)
def test_the_rule_is_silent_where_it_is_kept(rule: Any) -> None:
    assert rule not in [fault.rule for fault in judge_pool(pool(**CASES[rule][1]))]


def test_every_pool_rule_has_a_case() -> None:
    assert set(CASES) == {rule.id for rule in POOLS}


@pytest.mark.parametrize("ports", [[20000], [1, 2, 3], [80, 90], [60000, 70000]])
def test_port_ranges_that_cannot_be_used(ports: Any) -> None:
    assert "local-ports" in [fault.rule for fault in judge_pool(pool(local={"ports": ports}))]


OTHER = {"name": "other", "resource": "eas-r-other", "nodes": {"o": A10}}
TOGETHER: dict[str, Any] = {
    "one-default-pool": (
        ([{**POOL, "default": True}, {**OTHER, "default": True}], {}),
        ([{**POOL, "default": True}, OTHER], {}),
    ),
    "options-agree": (([POOL, {**OTHER, "max_moves": 2}], {}), ([POOL, OTHER], {})),
    "pool-field-has-effect": (({**POOL, "single_user": True}, {}), ({**POOL, "single_user": False}, {})),
    "memory-only-beside-percentage": (
        (
            POOL,
            {
                "a_b.json": {"metadata": {"gpu_memory": 1, "gpu_core_percentage": 5}},
                "c_d.json": {"metadata": {"gpu_memory": 1}},
            },
        ),
        (
            {**POOL, "memory_only": "separate"},
            {
                "a_b.json": {"metadata": {"gpu_memory": 1, "gpu_core_percentage": 5}},
                "c_d.json": {"metadata": {"gpu_memory": 1}},
            },
        ),
    ),
}


@pytest.mark.parametrize("rule", TOGETHER)
def test_a_rule_of_all_together_is_kept_or_broken(tmp_path: Path, rule: Any) -> None:
    for (pools, services), expected in zip(TOGETHER[rule], (1, 0), strict=True):
        folder = tmp_path / str(expected)
        folder.mkdir()
        made = project(folder, services, pools)
        found = [fault for fault in judge_project(made) if fault.rule == rule]
        assert len(found) == expected
        assert all(fault.source == "pool.yaml" for fault in found)


def test_every_rule_of_all_together_has_a_case() -> None:
    assert set(TOGETHER) == {rule.id for rule in PROJECTS}


def test_labels_of_nodes_are_said_to_choose_nothing(tmp_path: Path) -> None:
    labelled = {**POOL, "nodes": {"n": {**A10, "labels": {"rack": "7"}}}}
    [fault] = [each for each in judge_project(project(tmp_path, {}, labelled)) if each.level == "ineffective"]
    assert (fault.rule, fault.field) == ("pool-field-has-effect", "nodes.n.labels")
    assert "eas-slices/card-model" in fault.fix


def test_memory_only_alone_is_no_matter(tmp_path: Path) -> None:
    made = project(tmp_path, {"c_d.json": {"metadata": {"gpu_memory": 1}}})
    assert "memory-only-beside-percentage" not in [fault.rule for fault in judge_project(made)]
