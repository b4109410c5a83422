"""Runs a Pulumi program against mocks, and keeps what it registered."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import mocks
from pulumi.runtime.stack import run_pulumi_func

CONFIG = {"eas:owner": "organization/shop/dev-11aa22", "eas:secret": "secret-of-the-stack"}
TYPE = "ecs.gn7e-c16g1.8xlarge"


@dataclass
class Registered:
    """What a program registered, by Pulumi name; a secret input is a mapping with Pulumi's signature in it."""

    types: dict[str, list[str]] = field(default_factory=dict)
    inputs: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def of(self, kind: str, name: str) -> dict[str, Any]:
        """Return the inputs of one resource."""
        return self.inputs[kind, name]

    def names(self, kind: str) -> list[str]:
        """Return the names of all resources of a kind, sorted: they are registered from several threads."""
        return sorted(name for each, name in self.inputs if each == kind)


class Mocks(mocks.Mocks):
    """An engine that creates everything at once."""

    def __init__(self, registered: Registered) -> None:
        self.registered = registered
        self.loops: set[asyncio.AbstractEventLoop] = set()

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Keep the inputs; answer what a provider would have added."""
        # The mock monitor makes a loop for each thread that it is called from, and closes none.
        self.loops.add(asyncio.get_event_loop())
        kind = args.typ.rpartition(":")[2]
        self.registered.types.setdefault(args.typ, []).append(args.name)
        self.registered.inputs[kind, args.name] = dict(args.inputs)
        outputs = dict(args.inputs)
        if kind == "Placement":
            services = args.inputs["services"]
            outputs |= {
                "assignments": {name: {"0": "gpu-a/0"} for name in services},
                "change": {},
                "usage": {},
                "endpoints": {name: {"0": f"http://{name}.example"} for name in services},
                "tokens": {name: f"token-of-{name}" for name in services},
                "status": dict.fromkeys(services, "1/1 ready"),
            }
        return f"{args.name}-id", outputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], None]:
        """Nothing is invoked."""
        raise AssertionError(args.token)


def run(program: Callable[[], object], config: Mapping[str, Any] | None = None) -> Registered:
    """Run ``program`` as a Pulumi program; raises what it raises. Values of ``config`` that are no text become JSON."""
    registered = Registered()
    told = {**CONFIG, **(config or {})}
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    engine = Mocks(registered)
    try:
        heard = logging.Logger("pulumi-mock")
        heard.addHandler(_Keep(registered.said))
        mocks.set_mocks(engine, project="shop", stack="dev", logger=heard)
        pulumi.runtime.set_all_config(
            {name: value if isinstance(value, str) else json.dumps(value) for name, value in told.items()}
        )
        loop.run_until_complete(run_pulumi_func(lambda: _finish(program())))
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        asyncio.set_event_loop(None)
        for made in {loop, *engine.loops}:
            made.close()
    return registered


async def _finish(program: object) -> None:
    """Await what an asynchronous program still does; it returns nothing to Pulumi."""
    if inspect.isawaitable(program):
        await program


class _Keep(logging.Handler):
    def __init__(self, said: list[str]) -> None:
        super().__init__()
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append(record.getMessage())


def pool(**more: Any) -> dict[str, Any]:
    """Return a pool document of two nodes."""
    nodes = {"gpu-a": {"instance_type": TYPE}, "gpu-b": {"instance_type": TYPE}}
    return {"name": "lab", "resource": "eas-r-lab00001", "runtime": "simulated", "nodes": nodes, **more}


def service(**more: Any) -> dict[str, Any]:
    """Return a service document without a name."""
    document = {"metadata": {"gpu_memory": 20, **more.pop("metadata", {})}, **more}
    document.setdefault(
        "containers", [{"image": "registry.example/model:1", "script": "exec serve", "port": 8000}]
    )
    return document
