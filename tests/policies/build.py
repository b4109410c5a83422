"""Inputs of resources as the engine hands them to policies: proxies, and floats for whole numbers."""

from datetime import date
from pathlib import Path
from typing import Any

from pulumi_policy.proxy import UNKNOWN_NUMBER_VALUE, UNKNOWN_OBJECT_VALUE

from components.rules import RULES
from policies.judged import PLACEMENT, POOL, SERVICE
from policies.testing import reported as asked
from tests.spec.build import ROOT, pool, service

UNKNOWN = UNKNOWN_NUMBER_VALUE
UNKNOWN_OBJECT = UNKNOWN_OBJECT_VALUE


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


def reported(
    kind: str,
    inputs: dict[str, Any],
    config: dict[str, Any] | None = None,
    *,
    today: date = date(2026, 11, 25),
    folder: Path = ROOT / "nowhere",
) -> dict[str, list[str]]:
    """Return the messages of each policy of the pack, asked in its order."""
    return asked(RULES, kind, inputs, config, today=today, folder=folder)


__all__ = ["PLACEMENT", "POOL", "SERVICE", "UNKNOWN", "UNKNOWN_OBJECT", "service"]
