"""Inputs of resources as the engine hands them to policies: proxies, and floats for whole numbers."""

from typing import Any

from pulumi_policy import ResourceValidationArgs
from pulumi_policy.proxy import UNKNOWN_NUMBER_VALUE, UNKNOWN_OBJECT_VALUE, unknown_checking_proxy

from policies.judged import PLACEMENT, POOL, SERVICE
from policies.pack import policies
from tests.spec.build import pool, service

UNKNOWN = UNKNOWN_NUMBER_VALUE
UNKNOWN_OBJECT = UNKNOWN_OBJECT_VALUE


def floats(data: Any) -> Any:
    """Return data with floats for whole numbers, as protobuf has them."""
    if isinstance(data, bool):
        return data
    if isinstance(data, int):
        return float(data)
    if isinstance(data, dict):
        return {key: floats(value) for key, value in data.items()}
    return [floats(item) for item in data] if isinstance(data, (list, tuple)) else data


def service_inputs(
    spec: Any, name: str = "svc", about: dict[str, Any] | None = None, **changes: Any
) -> dict[str, Any]:
    """Return the inputs of an EasService."""
    return {
        "name": name,
        "pool": "gpus",
        "spec": spec,
        "about": {"source": f"services/{name}.json", "pool_facts": pool().facts, **(about or {})},
        **changes,
    }


def pool_inputs(**changes: Any) -> dict[str, Any]:
    """Return the inputs of a GpuPool."""
    made = pool()
    nodes = {node.name: node.to_dict() for node in made.nodes}
    return {"name": made.name, "resource": made.resource, "runtime": made.runtime, "nodes": nodes, **changes}


def placement_inputs(**changes: Any) -> dict[str, Any]:
    """Return the inputs of a Placement that has nothing to do."""
    labels = {"eas-slices/tolerates-downtime": "true"}
    services = {"svc": {"labels": {}}, "batch": {"labels": labels}}
    assignments = {"svc": {"0": "a100-0/0"}, "batch": {"0": "a100-0/1"}}
    pools = {"gpus": {"runtime": "simulated"}}
    return {
        "pools": pools,
        "services": services,
        "assignments": assignments,
        "change": {},
        "usage": {},
        **changes,
    }


def args(kind: str, inputs: dict[str, Any], config: dict[str, Any] | None = None) -> ResourceValidationArgs:
    """Return what a policy is called with."""
    props = unknown_checking_proxy(floats(inputs))
    name = inputs["name"] if isinstance(inputs.get("name"), str) else "fleet"
    return ResourceValidationArgs(kind, props, f"urn:{name}", name, None, None, config)  # type: ignore[arg-type]


def reported(kind: str, inputs: dict[str, Any], config: dict[str, Any] | None = None) -> dict[str, list[str]]:
    """Return the messages of each policy of the pack, asked in its order."""
    found: dict[str, list[str]] = {}
    for policy in policies():
        messages: list[str] = []
        policy.validate(  # type: ignore[attr-defined]
            args(kind, inputs, config if policy.name == "eas-rules" else None),
            lambda message, urn=None, messages=messages: messages.append(message),
        )
        found[policy.name] = messages
    return found


__all__ = ["PLACEMENT", "POOL", "SERVICE", "UNKNOWN", "UNKNOWN_OBJECT", "service"]
