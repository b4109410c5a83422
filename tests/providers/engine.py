"""Pulumi's engine in a hundred lines: calls the providers in its order, keeps a state, runs each phase in a fresh session.

What real engines do to values is done here too: whole numbers arrive as floats, every bag has ``__provider``, and a
preview calls ``check`` and ``diff`` only. ``facts/pulumi.md`` of this project's notes has where each of that was measured.
"""

from __future__ import annotations

import copy
import gc
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.ledger import Ledger, open_ledger
from components.placement.address import address_of, card_indexes
from components.providers.placement import PlacementProvider
from components.providers.pool import GpuPoolProvider
from components.providers.service import EasServiceProvider
from components.providers.shell import Shell
from components.providers.work import session
from components.resources.properties import placement_properties, pool_properties, service_properties
from components.runtimes.simulated import SimulatedRuntime
from components.spec.packed import unpacked
from components.spec.pool import Pool, parse_pool
from components.spec.revision import wanted_of
from components.spec.service import Service, parse_service

OWNER = "organization/shop/dev-11aa22"
OTHER = "organization/search/prod-33bb44"
SECRET = "secret-of-the-stack"
PROVIDER = "__provider"
KINDS: dict[str, Shell] = {
    "pool": GpuPoolProvider(),
    "service": EasServiceProvider(),
    "placement": PlacementProvider(),
}
PLACEMENT = "placement/fleet"
TYPE = "ecs.gn7e-c16g1.8xlarge"
"""Two A100-80G: 81,251 MiB usable each."""


class Refused(Exception):
    """Checks failed; ``reasons`` are their sentences."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = reasons


@dataclass
class Resource:
    """What the state holds of one resource."""

    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]


@dataclass
class Phase:
    """What one preview or update came to: checked inputs and, by resource, ``create``, ``update`` or ``same``."""

    checked: dict[str, dict[str, Any]] = field(default_factory=dict)
    did: dict[str, str] = field(default_factory=dict)

    @property
    def placement(self) -> dict[str, Any]:
        """The checked inputs of Placement."""
        return self.checked[PLACEMENT]

    @property
    def places(self) -> dict[str, str]:
        """``service/ordinal`` -> where."""
        return {
            f"{service}/{ordinal}": place
            for service, places in self.placement["assignments"].items()
            for ordinal, place in places.items()
        }

    @property
    def hows(self) -> dict[str, str]:
        """``service/ordinal`` -> how, of the steps that are not the stop of what is replaced."""
        steps = [unpacked(step) for number, step in self.placement["change"].items() if number.isdigit()]
        named = {
            f"{step['service']}/{step['ordinal']}": step["how"] for step in steps if step["op"] == "stop"
        }
        return named | {
            f"{step['service']}/{step['ordinal']}": step["how"] for step in steps if step["op"] != "stop"
        }


def wire(value: Any) -> Any:
    """Return what arrives on the other side of Pulumi's protocol: JSON, every number a float."""
    return json.loads(json.dumps(value), parse_int=float)


class Stack:
    """One program with one stack's state."""

    def __init__(self, root: Path, *, owner: str = OWNER, ledger: Path | str | None = None) -> None:
        """Start with no pool, no service and no state; ``ledger``, a file or URL, is the project's own unless named."""
        self.root = root
        self.owner = owner
        self.ledger_file = Path(ledger or root / ".eas" / "ledger.db")
        self.config: dict[str, Any] = {"eas:secret": SECRET, "eas:owner": owner}
        if ledger is not None:
            self.config["eas:ledger"] = str(ledger)
        self.pools: dict[str, dict[str, Any]] = {}
        self.references: list[str] = []
        self.services: dict[str, dict[str, Any]] = {}
        self.options: dict[str, Any] = {}
        self.state: dict[str, Resource] = {}
        root.mkdir(parents=True, exist_ok=True)

    # ------------------------------------------------------------------------------------------ the program

    def pool(self, *nodes: str, name: str = "lab", **more: Any) -> None:
        """Declare a pool of nodes with two A100 each; a node may be ``name=state``."""
        declared = {}
        for node in nodes:
            called, _, state = node.partition("=")
            declared[called] = {"instance_type": TYPE, **({"state": state} if state else {})}
        resource = f"eas-r-{name}00001"
        self.pools[name] = {
            "name": name,
            "resource": resource,
            "runtime": "simulated",
            "nodes": declared,
            **more,
        }

    def service(
        self, name: str, *, token: str = "", labels: Mapping[str, str] | None = None, **metadata: Any
    ) -> None:
        """Declare a service, anew if it is there."""
        document: dict[str, Any] = {
            "metadata": {"name": name, "instance": 1, "resource": "eas-r-lab00001", **metadata},
            "containers": [{"image": "registry.example/model:1", "script": "exec serve", "port": 8000}],
        }
        if token:
            document["token"] = token
        if labels:
            document["labels"] = dict(labels)
        self.services[name] = document

    def typed_pools(self) -> list[Pool]:
        """Return the declared pools, typed."""
        typed = []
        for data in self.pools.values():
            pool, faults = parse_pool(data, source="pool.yaml")
            assert pool is not None, faults
            typed.append(pool)
        return typed

    def typed_services(self) -> list[Service]:
        """Return the declared services, typed."""
        typed = []
        for name, data in self.services.items():
            service, faults = parse_service(data, source=f"services/{name}.json", default_name=name)
            assert service is not None, faults
            typed.append(service)
        return typed

    def program(self) -> dict[str, dict[str, Any]]:
        """Return what the program registers, in its order: name -> inputs as Pulumi hands them on."""
        pools = self.typed_pools()
        own = [pool for pool in pools if pool.name not in self.references]
        registered = {f"pool/{pool.name}": pool_properties(pool, self.owner) for pool in own}
        wants = []
        for service in self.typed_services():
            pool = next(pool for pool in pools if service.resource in pool.ids)
            want = wanted_of(service, pool, secret=str(self.config.get("eas:secret", SECRET)).encode())
            wants.append(want)
            props = service_properties(service, pool, want, self.owner)
            if secrets := service.secrets():
                props["secrets"] = secrets
            registered[f"service/{service.name}"] = props
        registered[PLACEMENT] = placement_properties(
            own, wants, self.owner, references=self.references, options=self.options
        )
        return {name: {PROVIDER: "by reference", **wire(props)} for name, props in registered.items()}

    # ------------------------------------------------------------------------------------------- the engine

    def process(self) -> session.Session:
        """Begin a new provider process: what an earlier one had opened is closed."""
        fresh = session.Session(self.root, self.config)
        session.reset(fresh)
        return fresh

    def preview(self, program: dict[str, dict[str, Any]] | None = None) -> Phase:
        """Check and diff everything; raises :class:`Refused` at the first resource that fails, as Pulumi does."""
        self.process()
        phase = Phase()
        for name, news in (program or self.program()).items():
            self._judge(phase, name, news)
        return phase

    def up(self) -> Phase:
        """Preview, then check and diff again and carry out, then delete what is no longer declared."""
        self.preview()
        return self.apply()

    def apply(self, *, only: str = "") -> Phase:
        """The update phase alone; ``only`` targets one resource."""
        self.process()
        phase = Phase()
        for name, news in self.program().items():
            if only and name != only:
                continue
            self._judge(phase, name, news)
            self._carry_out(phase, name)
        if not only:
            for name in reversed([name for name in self.state if name not in phase.did]):
                self.delete(name)
        return phase

    def replace(self, name: str) -> None:
        """``pulumi up --replace``: check twice, the second time without old inputs; create, then delete the old one."""
        self.process()
        provider, news = self._provider(name), self.program()[name]
        self._checked(name, news)
        old, checked = self.state[name], self._checked(name, news, olds={})
        made = provider.create(wire(checked))
        self.state[name] = Resource(made.id, checked, {PROVIDER: news[PROVIDER], **(made.outs or {})})
        provider.delete(old.id, wire(old.outputs))

    def refresh(self) -> dict[str, Any]:
        """Read everything; return the assignments as they are seen now."""
        self.process()
        for name, resource in self.state.items():
            read = self._provider(name).read(resource.id, wire(resource.outputs))
            assert read.outs is not None
            resource.outputs = {PROVIDER: "by reference", **read.outs}
            if read.inputs is not None:
                resource.inputs = {PROVIDER: "by reference", **read.inputs}
        return dict(self.state[PLACEMENT].inputs["assignments"]) if PLACEMENT in self.state else {}

    def destroy(self) -> None:
        """Delete everything, dependents first."""
        self.process()
        for name in reversed(list(self.state)):
            self.delete(name)

    def delete(self, name: str) -> None:
        """Delete one resource with the outputs that the state holds."""
        resource = self.state[name]
        self._provider(name).delete(resource.id, wire(resource.outputs))
        del self.state[name]

    def _judge(self, phase: Phase, name: str, news: dict[str, Any]) -> None:
        checked = self._checked(name, news)
        phase.checked[name] = checked
        old = self.state.get(name)
        if old is None:
            phase.did[name] = "create"
            return
        diff = self._provider(name).diff(old.id, wire(old.outputs), wire(checked))
        assert diff.replaces in (None, []), "no provider asks for a replacement"
        # Where a provider leaves it open, the engine compares old inputs with new ones.
        changed = wire(old.inputs) != wire(checked) if diff.changes is None else diff.changes
        phase.did[name] = "update" if changed else "same"

    def _checked(self, name: str, news: dict[str, Any], olds: dict[str, Any] | None = None) -> dict[str, Any]:
        old = self.state.get(name)
        before = (old.inputs if old else {}) if olds is None else olds
        given = copy.deepcopy(news)
        result = self._provider(name).check(wire(before), given)
        if result.failures:
            raise Refused([failure.reason for failure in result.failures])
        assert given == news, "check may not write into what it is given"
        return {**result.inputs, PROVIDER: news[PROVIDER]}

    def _carry_out(self, phase: Phase, name: str) -> None:
        provider, checked, old = self._provider(name), phase.checked[name], self.state.get(name)
        if old is None:
            made = provider.create(wire(checked))
            self.state[name] = Resource(made.id, checked, {PROVIDER: checked[PROVIDER], **(made.outs or {})})
            self._in_order()
        elif phase.did[name] == "update":
            done = provider.update(old.id, wire(old.outputs), wire(checked))
            self.state[name] = Resource(old.id, checked, {PROVIDER: checked[PROVIDER], **(done.outs or {})})
        else:
            # Fact 10: the new inputs are stored although nothing was updated.
            self.state[name] = Resource(old.id, checked, old.outputs)

    def _in_order(self) -> None:
        """Keep Placement last: it depends on all others."""
        placement = self.state.pop(PLACEMENT, None)
        if placement is not None:
            self.state[PLACEMENT] = placement

    def _provider(self, name: str) -> Shell:
        return KINDS[name.partition("/")[0]]

    # ------------------------------------------------------------------------------------------ looking at it

    def read_ledger(self) -> Ledger:
        """Open the ledger for looking; the caller closes it."""
        return open_ledger(str(self.ledger_file), home=self.root / ".eas", create=False)

    def rows(self) -> dict[str, tuple[str, str, str]]:
        """Return ``service/ordinal`` -> (state, place, id) of this owner's rows."""
        with self.read_ledger() as ledger:
            view = ledger.snapshot(self.owner, None, [pool.name for pool in ledger.pools()])
            indexes = card_indexes(node.node for node in view.nodes)
            return {
                f"{row.held.service}/{row.held.ordinal}": (
                    row.held.state,
                    address_of(row.held.place, indexes),
                    row.held.id,
                )
                for row in ledger.instances(owner=self.owner)
            }

    def runs(self) -> dict[str, int]:
        """Return instance id -> how often it was started, as the runtime knows it."""
        runtime = SimulatedRuntime(self.root / ".eas")
        try:
            seen = runtime.observe(runtime.listing(self.owner))
            return {id_: int(_starts(runtime, id_)) for id_ in seen}
        finally:
            runtime.close()

    def runtime(self) -> SimulatedRuntime:
        """Return the runtime, to let instances die."""
        return SimulatedRuntime(self.root / ".eas")


def _starts(runtime: SimulatedRuntime, id_: str) -> int:
    with runtime._rows() as rows:
        return int(rows.execute("SELECT starts FROM instance WHERE id = ?", (id_,)).fetchone()[0])


def files(root: Path) -> dict[str, bytes]:
    """Return every file below a folder with its bytes, once what a closed session had open is let go.

    Its runtime's SQLite files change when the last connection goes, which would otherwise be at any moment.
    """
    gc.collect()
    return {
        str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()
    }


def leaves(value: Any) -> Iterator[Any]:
    """Yield every leaf of plain data."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    else:
        yield value


Make = Callable[..., Stack]
