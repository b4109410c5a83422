"""Small documents for tests, and the shortest way from one to a service, a pool or a project."""

import json
from pathlib import Path
from typing import Any

from components.spec.fault import Fault
from components.spec.files import parse_document
from components.spec.pool import Pool, parse_pool
from components.spec.project import Project, load_project
from components.spec.service import Service, parse_service

ROOT = Path(__file__).resolve().parents[2]
RESOURCE = "eas-r-test"

POOL: dict[str, Any] = {
    "name": "gpus",
    "resource": RESOURCE,
    "nodes": {
        "a100-0": {"instance_type": "ecs.gn7e-c16g1.16xlarge"},
        "a10-0": {"instance_type": "ecs.gn7i-c32g1.16xlarge"},
        "gu30-0": {"instance_type": "ml.gu7i.c16m60.1-gu30"},
    },
    "local": {"run": {"default": "sleep 1"}},
}

CONTAINER = {"image": "registry.example.com/x:1", "script": "sleep 1", "port": 8000}


def read(
    data: Any, name: str = "svc", source: str = "services/svc.json"
) -> tuple[Service | None, list[Fault]]:
    """Type a service document."""
    service, faults = parse_service(data, source=source, default_name=name)
    return service, list(faults)


def read_text(text: str, source: str = "services/svc.json") -> tuple[Service | None, list[Fault]]:
    """Type a service from the text of its file, so that faults have line and column."""
    document = parse_document(text, source)
    service, faults = parse_service(document.data, source=source, default_name="svc", document=document)
    return service, list(faults)


def service(name: str = "svc", **top: Any) -> Service:
    """Return a service whose document has to be right."""
    made, faults = read(top, name)
    assert made is not None, faults
    return made


def sliced(gpu_memory: int, **metadata: Any) -> Service:
    """Return a service that asks for a slice."""
    return service(metadata={"gpu_memory": gpu_memory, **metadata})


def pool(**changes: Any) -> Pool:
    """Return the test pool with some fields changed."""
    made, faults = parse_pool({**POOL, **changes}, source="pool.yaml")
    assert made is not None, faults
    return made


def pool_faults(**changes: Any) -> list[Fault]:
    """Return what reading the test pool with some fields changed finds."""
    return list(parse_pool({**POOL, **changes}, source="pool.yaml")[1])


def project(root: Path, services: dict[str, Any], pools: Any = None, **options: Any) -> Project:
    """Write files and load them: ``services`` by file name, as data or as text."""
    (root / "services").mkdir(exist_ok=True)
    write(root / "pool.yaml", POOL if pools is None else pools)
    for name, data in services.items():
        write(root / "services" / name, data)
    return load_project(root, **options)


def write(path: Path, data: Any) -> None:
    """Write text as it is, anything else as JSON (which YAML reads too)."""
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")


def rules_of(faults: Any) -> list[str]:
    """Return the rule ids of faults, sorted."""
    return sorted(fault.rule for fault in faults)
