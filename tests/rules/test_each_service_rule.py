"""Each rule about a service: a document that breaks it, and one that keeps it."""

from typing import Any

import pytest

from components.rules import BY_ID, judge_service
from components.rules.table import SERVICE_RULES
from tests.spec.build import CONTAINER, RESOURCE, pool, service

SLICE = {"gpu_memory": 4}
TP = {"image": "vllm:1", "script": "vllm serve m --tensor-parallel-size {}"}
WORKERS = {"image": "x:1", "command": ["gunicorn", "-w", "{}"]}
PROBE = {"http_get": {"path": "/"}}
SCALED = {"strategies": {"qps": 10}}


def run(script: Any, count: Any) -> Any:
    return [
        {
            key: (value.format(count) if isinstance(value, str) else [w.format(count) for w in value])
            for key, value in script.items()
        }
    ]


def burst(**metadata: Any) -> Any:
    cloud = {"computing": {"instance_type": "ecs.gn7i-c8g1.2xlarge"}, "networking": {"vpc_id": "vpc-x"}}
    return {"metadata": {"resource_burstable": True, **metadata}, "cloud": cloud}


def in_pool(**changes: Any) -> Any:
    return pool(**changes)


NONE: dict[str, Any] = {"run": {}}

# rule -> (breaks it, keeps it); a document, or (document, changes of the pool)
CASES = {
    "slice-percentage-needs-memory": (
        {"metadata": {"gpu_core_percentage": 5}},
        {"metadata": {"gpu_core_percentage": 5, **SLICE}},
    ),
    "whole-card-ignores-slice": ({"metadata": {"gpu": 2, **SLICE}}, {"metadata": {"gpu": 2}}),
    "slice-needs-dedicated": (
        {"metadata": {"resource": "public", **SLICE}},
        {"metadata": {"resource": RESOURCE, **SLICE}},
    ),
    "slice-fits-card": ({"metadata": {"gpu_memory": 80}}, {"metadata": {"gpu_memory": 79}}),
    "tensor-parallel-has-cards": (
        {"metadata": SLICE, "containers": run(TP, 2)},
        {"metadata": {"gpu": 2}, "containers": run(TP, 2)},
    ),
    "limit-per-process": (
        {"metadata": SLICE, "containers": run(WORKERS, 4)},
        {"metadata": SLICE, "containers": run(WORKERS, 1)},
    ),
    "percentage-multiple-of-5": (
        (
            {"metadata": {"gpu_core_percentage": 7, **SLICE}, "containers": [CONTAINER]},
            {"runtime": "kubernetes"},
        ),
        (
            {"metadata": {"gpu_core_percentage": 10, **SLICE}, "containers": [CONTAINER]},
            {"runtime": "kubernetes"},
        ),
    ),
    "service-name": ({"name": "No-Good"}, {"name": "all_good_1"}),
    "evictable-true-or-false": (
        {"labels": {"eas-slices/evictable": "no"}},
        {"labels": {"eas-slices/evictable": "false"}},
    ),
    "one-resource": (
        {"metadata": {"resource": "eas-r-x", "quota_id": "quota1"}},
        {"metadata": {"resource": "eas-r-x", "quota_id": "eas-r-x"}},
    ),
    "rolling-can-advance": (
        {"metadata": {"rolling_strategy": {"max_surge": 0, "max_unavailable": 0}}},
        {"metadata": {"rolling_strategy": {"max_surge": "0%", "max_unavailable": 0}}},
    ),
    "rdma-needs-lingjun": ({"metadata": {"rdma": 1}}, {"metadata": {"rdma": 1, "quota_id": "quota1"}}),
    "burstable-needs-cloud": ({"metadata": {"resource_burstable": True}}, burst()),
    "burstable-slice": (burst(**SLICE), burst(gpu=1)),
    "batching-needs-processor": (
        {"metadata": {"rpc.batching": True}, "containers": [CONTAINER]},
        {"metadata": {"rpc.batching": True}, "processor": "pmml"},
    ),
    "port-not-reserved": (
        {"containers": [{**CONTAINER, "port": 8080}]},
        {"containers": [{**CONTAINER, "port": 8081}]},
    ),
    "container-has-image": ({"containers": [{"script": "x"}]}, {"containers": [CONTAINER]}),
    "container-runs-something": (
        ({"containers": [{"image": "x"}]}, {"runtime": "kubernetes"}),
        ({"containers": [{"image": "x"}]}, {"local": {"run": {"x": "sleep 1"}}}),
    ),
    "command-or-script": ({"containers": [{**CONTAINER, "command": "x"}]}, {"containers": [CONTAINER]}),
    "containers-or-processor": ({"containers": [CONTAINER], "processor": "pmml"}, {"processor": "pmml"}),
    "check-has-one-probe": (
        {"containers": [{**CONTAINER, "health_check": {**PROBE, "tcp_socket": {"port": 1}}}]},
        {"containers": [{**CONTAINER, "health_check": PROBE}]},
    ),
    "env-once": (
        {"containers": [{**CONTAINER, "env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}]},
        {"containers": [{**CONTAINER, "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}]},
    ),
    "mount-has-one-source": (
        {"storage": [{"mount_path": "/a", "oss": {"path": "oss://x"}, "nfs": {"server": "y"}}]},
        {"storage": [{"mount_path": "/a", "oss": {"path": "oss://x"}}]},
    ),
    "something-to-run": (({"processor": "pmml"}, {"local": NONE}), {"processor": "pmml"}),
    "autoscaler-max-above-min": (
        {"autoscaler": {"min": 2, "max": 2, **SCALED}},
        {"autoscaler": {"min": 1, "max": 2, **SCALED}},
    ),
    "autoscaler-complete": (
        {"autoscaler": {"min": 1, **SCALED}},
        {"autoscaler": {"min": 1, "max": 2, **SCALED}},
    ),
    "autoscaler-has-measure": (
        {"autoscaler": {"min": 1, "max": 2}},
        {"autoscaler": {"min": 1, "max": 2, "scaleStrategies": [{"metricName": "qps", "threshold": 1.5}]}},
    ),
    "autoscaler-first-value": (
        {"metadata": {"instance": 5}, "autoscaler": {"min": 1, "max": 2, **SCALED}},
        {"metadata": {"instance": 2}, "autoscaler": {"min": 1, "max": 2, **SCALED}},
    ),
    "card-model-known": (
        {"labels": {"eas-slices/card-model": "A100-80GB"}},
        {"labels": {"eas-slices/card-model": "A100-80G,A10"}},
    ),
    "instance-type-in-pool": (
        {"cloud": {"computing": {"instance_type": "ecs.gn8v.4xlarge"}}},
        {"cloud": {"computing": {"instance_type": "ecs.gn7i-c32g1.16xlarge"}}},
    ),
    "enough-cards": ({"metadata": {"gpu": 5}}, {"metadata": {"gpu": 4}}),
    "node-fits-instance": ({"metadata": {"cpu": 64}}, {"metadata": {"cpu": 63}}),
}


def judged(case: Any) -> Any:
    document, changes = case if isinstance(case, tuple) else (case, {})
    return judge_service(service(**document), pool(**changes))


@pytest.mark.parametrize("rule", CASES)
def test_the_rule_speaks_where_it_is_broken(rule: Any) -> None:
    faults = [fault for fault in judged(CASES[rule][0]) if fault.rule == rule]
    assert faults
    for fault in faults:
        assert fault.level == BY_ID[rule].level
        assert fault.source == "services/svc.json"
        assert fault.message.endswith(".")
        assert fault.fix.endswith((".", "?"))


@pytest.mark.parametrize("rule", CASES)
def test_the_rule_is_silent_where_it_is_kept(rule: Any) -> None:
    assert rule not in [fault.rule for fault in judged(CASES[rule][1])]


def test_every_service_rule_has_a_case() -> None:
    assert set(CASES) == {rule.id for rule in SERVICE_RULES}


@pytest.mark.parametrize("rule", CASES)
def test_without_a_pool_no_rule_fails(rule: Any) -> None:
    for case in CASES[rule]:
        document = case[0] if isinstance(case, tuple) else case
        judge_service(service(**document), None)
