"""What a program declares, as data, and random changes of it. No I/O but :meth:`Program.write`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any

POOL = "lab"
TYPE = "ecs.gn7e-c16g1.8xlarge"
"""Two A100-80G, 81,251 MiB usable each."""
NODES = ("n0", "n1", "n2", "n3", "n4", "n5")
MOST_SERVICES = 8
MOST_INSTANCES = 4
SIZES = (4, 6, 8, 8, 10, 12, 12, 16, 16, 20, 24, 24, 30, 36, 40, 48, 60, 72)
"""GiB of one slice."""
PERCENTAGES = (0, 0, 0, 5, 10, 10, 20, 25, 40)


@dataclass(frozen=True)
class Program:
    """``services``: name -> its document. ``states``: node -> what the pool's file says of it, ``ready`` left out."""

    services: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    made: int = 0
    """How many services were ever made: no name comes twice."""

    def write(self, root: Path, pool: Mapping[str, Any] = MappingProxyType({})) -> None:
        """Make ``pool.yaml`` and ``services/`` of a project say so; ``pool``: more keys of the pool's file."""
        nodes = {
            name: {"instance_type": TYPE, "zone": f"z{index % 2}"}
            | ({"state": self.states[name]} if name in self.states else {})
            for index, name in enumerate(NODES)
        }
        told = {"name": POOL, "resource": "eas-r-lab00001", "runtime": "simulated", **pool, "nodes": nodes}
        # JSON is YAML.
        (root / "pool.yaml").write_text(json.dumps(told, indent=1))
        folder = root / "services"
        for file in folder.glob("*.json"):
            if file.stem not in self.services:
                file.unlink()
        for name, document in self.services.items():
            (folder / f"{name}.json").write_text(json.dumps(document, indent=1))

    def put(self, name: str, document: Mapping[str, Any]) -> Program:
        """Return the program with this service, new or changed."""
        return replace(self, services={**self.services, name: document})


def changed(program: Program, kind: str, chance: Random) -> tuple[Program, str] | None:
    """Return the program after a random change of that kind, and what it is; None where there is nothing of it to do."""
    return CHANGES[kind](program, chance)


def first(chance: Random, services: int) -> Program:
    """Return a program to begin with."""
    program = Program()
    for _ in range(services):
        program, _ = _add(program, chance) or (program, "")
    return program


def _claim(chance: Random) -> dict[str, Any]:
    shape = chance.random()
    if shape < 0.1:
        return {"gpu": chance.choice((1, 1, 2))}
    if shape < 0.15:
        return {"cpu": 2, "memory": 4096}
    claim: dict[str, Any] = {"gpu_memory": chance.choice(SIZES)}
    if percentage := chance.choice(PERCENTAGES):
        claim["gpu_core_percentage"] = percentage
    return claim


def _document(name: str, chance: Random) -> dict[str, Any]:
    metadata = {"name": name, "instance": chance.choice((1, 1, 2, 3)), **_claim(chance)}
    if chance.random() < 0.2:
        metadata["rolling_strategy"] = {"max_surge": chance.choice((1, 2)), "max_unavailable": 0}
    if chance.random() < 0.15:
        metadata["scheduling.spread.policy"] = "host"
    return {
        "metadata": metadata,
        "containers": [{"image": "registry.example/model:1", "script": "exec serve", "port": 8000}],
    }


def _add(program: Program, chance: Random) -> tuple[Program, str] | None:
    if len(program.services) >= MOST_SERVICES:
        return None
    name = f"svc{program.made}"
    document = _document(name, chance)
    return replace(program.put(name, document), made=program.made + 1), f"{name} {document['metadata']}"


def _some(program: Program, chance: Random) -> tuple[str, dict[str, Any]] | None:
    if not program.services:
        return None
    name = chance.choice(sorted(program.services))
    return name, json.loads(json.dumps(program.services[name]))


def _scale(program: Program, chance: Random) -> tuple[Program, str] | None:
    if (found := _some(program, chance)) is None:
        return None
    name, document = found
    before = document["metadata"]["instance"]
    counts = [count for count in range(MOST_INSTANCES + 1) if count != before]
    document["metadata"]["instance"] = chance.choice(counts)
    return program.put(name, document), f"{name} {before} -> {document['metadata']['instance']}"


def _resize(program: Program, chance: Random) -> tuple[Program, str] | None:
    sliced = [name for name in sorted(program.services) if "gpu_memory" in program.services[name]["metadata"]]
    if not sliced:
        return None
    name = chance.choice(sliced)
    document = json.loads(json.dumps(program.services[name]))
    before = document["metadata"]["gpu_memory"]
    document["metadata"]["gpu_memory"] = chance.choice([size for size in SIZES if size != before])
    return program.put(name, document), f"{name} {before} -> {document['metadata']['gpu_memory']} GiB"


def _roll(program: Program, chance: Random) -> tuple[Program, str] | None:
    if (found := _some(program, chance)) is None:
        return None
    name, document = found
    image = document["containers"][0]["image"]
    number = int(image.rpartition(":")[2]) + 1
    document["containers"][0]["image"] = f"registry.example/model:{number}"
    return program.put(name, document), f"{name} to model:{number}"


def _token(program: Program, chance: Random) -> tuple[Program, str] | None:
    if (found := _some(program, chance)) is None:
        return None
    name, document = found
    document["token"] = f"token-{chance.randrange(10**9):09d}"
    return program.put(name, document), f"{name} another token"


def _remove(program: Program, chance: Random) -> tuple[Program, str] | None:
    if not program.services:
        return None
    names = chance.sample(sorted(program.services), min(len(program.services), chance.choice((1, 1, 1, 2))))
    left = {name: document for name, document in program.services.items() if name not in names}
    return replace(program, services=left), " ".join(names)


def _drain(program: Program, chance: Random) -> tuple[Program, str] | None:
    if not program.services:
        return None
    if program.states:
        return replace(program, states={}), f"{' '.join(program.states)} ready again"
    node = chance.choice(NODES)
    return replace(program, states={node: "draining"}), node


CHANGES: Mapping[str, Callable[[Program, Random], tuple[Program, str] | None]] = {
    "add": _add,
    "scale": _scale,
    "resize": _resize,
    "roll": _roll,
    "token": _token,
    "remove": _remove,
    "drain": _drain,
}
