"""Generators of service documents: right ones, and anything that JSON can hold."""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For machines that are busy with something else."""

words = st.text(st.characters(codec="utf-8"), max_size=8)

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)

plain_values = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | words | st.lists(words, max_size=2)
"""What stays the same when Pulumi has handed it on."""

KEYS = [
    "metadata", "containers", "autoscaler", "labels", "name", "gpu", "gpu_memory", "gpu_core_percentage", "rpc",
    "rpc.keepalive", "metadata.gpu", "eas.termination_grace_period", "eas", "scheduling.spread.policy", "env", "image",
    "token", "cloud", "rolling_strategy", "min", "max", "features", "storage", "health_check", "instance", "resource",
]  # fmt: skip

near_services: st.SearchStrategy[Any] = st.recursive(
    json_values,
    lambda inner: st.dictionaries(st.sampled_from(KEYS), inner, max_size=5) | st.lists(inner, max_size=2),
    max_leaves=20,
)
"""Anything, but with the keys of services here and there."""


def _some(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


metadata = _some(
    {
        "instance": st.integers(0, 20),
        "cpu": st.integers(0, 200),
        "memory": st.integers(0, 10**6),
        "gpu": st.integers(0, 8),
        "gpu_memory": st.integers(0, 120),
        "gpu_core_percentage": st.integers(1, 100),
        "qos": st.sampled_from(["", "BestEffort"]),
        "resource": st.sampled_from(["eas-r-test", "gpus", "public"]),
        "rpc": _some({"keepalive": st.integers(0, 10**6), "batching": st.booleans()}),
        "rolling_strategy": _some(
            {"max_surge": st.sampled_from([0, 1, "2%", "50%"]), "max_unavailable": st.integers(0, 2)}
        ),
        "scheduling": _some({"spread": _some({"policy": st.sampled_from(["default", "host", "zone"])})}),
        "eas": _some({"termination_grace_period": st.integers(0, 100)}),
        "rdma": st.integers(0, 1),
        "not_known": plain_values,
    }
)

containers = st.lists(
    _some(
        {
            "image": words,
            "command": words | st.lists(words, max_size=3),
            "script": st.sampled_from(["run", "vllm serve -tp 4", "gunicorn --workers 8"]),
            "port": st.sampled_from([8000, 8080]),
            "env": st.lists(st.fixed_dictionaries({"name": words, "value": words}), max_size=2),
        }
    ),
    max_size=2,
)

services = _some(
    {
        "metadata": metadata,
        "containers": containers,
        "processor": st.sampled_from(["", "pmml"]),
        "labels": st.dictionaries(words, words, max_size=2),
        "features": st.dictionaries(words, plain_values, max_size=2),
        "autoscaler": _some(
            {"min": st.integers(0, 5), "max": st.integers(0, 5), "strategies": st.just({"qps": 1.5})}
        ),
        "token": words,
        "dockerAuth": words,
    }
)
"""Documents that a reader accepts, most of them."""
