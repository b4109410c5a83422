"""One service, as one eascmd JSON file declares it: typed, frozen, every key kept."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field, PrivateAttr, ValidationError

from components.spec.autoscaler import Autoscaler
from components.spec.claim import Claim
from components.spec.cloud import Cloud, Networking, RuntimeBlock, Storage, UnitBlock
from components.spec.containers import Container, ProcessorBlock
from components.spec.fault import Fault, Level
from components.spec.files import Document
from components.spec.keys import NotPlain, canonical, written
from components.spec.metadata import Metadata
from components.spec.placed import placed
from components.spec.secret import split
from components.spec.shown import shown
from components.spec.startup import Command, command_of
from components.spec.typed import List, TypeFault, explain, unknown_keys
from components.spec.unknown import unknown_fault

CARD_MODEL_LABEL = "eas-slices/card-model"
"""A label that lists the card models a service may run on, with commas. EAS itself has no such field."""


class Service(ProcessorBlock):
    """What one file declares. Unknown keys are in ``model_extra``; :meth:`public` has them too.

    ``name`` falls back to the file's name, ``instance`` to 1.
    """

    metadata: Metadata = Metadata()
    containers: Annotated[tuple[Container, ...], List] = ()
    autoscaler: Autoscaler | None = None
    cloud: Cloud = Cloud()
    networking: Networking = Networking()
    storage: Annotated[tuple[Storage, ...], List] = ()
    runtime: RuntimeBlock = RuntimeBlock()
    unit: UnitBlock = UnitBlock()
    labels: dict[str, str] = Field(default_factory=dict)
    features: dict[str, Any] = Field(default_factory=dict)
    sinker: object = None
    aimaster: object = None
    confidential: object = None
    token: Annotated[str, Field(repr=False)] = ""
    docker_auth: Annotated[str, Field(alias="dockerAuth", repr=False)] = ""

    _data: dict[str, Any] = PrivateAttr(default_factory=dict)
    _name: str = PrivateAttr(default="")
    _source: str = PrivateAttr(default="")
    _document: Document | None = PrivateAttr(default=None)

    @property
    def name(self) -> str:
        """The service's name: as written, else from the file name."""
        return self.metadata.name or self._name

    @property
    def source(self) -> str:
        """The file, as the user named it."""
        return self._source

    @property
    def instance(self) -> int:
        """How many instances the file asks for; with an autoscaler only the first value."""
        return self.metadata.instance

    @property
    def resource(self) -> str:
        """The resource group or quota id as written, or an empty text."""
        return self.metadata.resource or self.metadata.quota_id

    @property
    def sliced(self) -> bool:
        """Whether an instance shares a card."""
        return self.metadata.sliced

    @property
    def grace_seconds(self) -> int:
        """How long an instance has to end, in seconds; EAS's default is 30."""
        if self.metadata.written_grace is None and self.runtime.termination_grace_period is not None:
            return self.runtime.termination_grace_period
        return self.metadata.grace_seconds

    def claim(self) -> Claim:
        """Return what one instance asks for, without what EAS would ignore."""
        meta = self.metadata
        return Claim(
            gpu=meta.gpu,
            gpu_memory=meta.gpu_memory if meta.sliced else 0,
            gpu_core_percentage=meta.gpu_core_percentage if meta.sliced else 0,
            cpu_milli=meta.cpu * 1000,
            memory_mib=meta.memory,
            best_effort=meta.qos == "BestEffort",
            models=self._models(),
            # In an elastic pool the types named are those of the public overflow, not of the pool's nodes.
            instance_types=() if meta.resource_burstable else self.cloud.computing.types,
        )

    def _models(self) -> tuple[str, ...]:
        listed = self.labels.get(CARD_MODEL_LABEL, "").split(",")
        return tuple(sorted({name.strip() for name in listed if name.strip()}))

    def command(self) -> Command | None:
        """Return what an instance runs; None where the file does not say (the pool's ``local.run`` may)."""
        return command_of(self.containers, self.grace_seconds)

    def data(self) -> dict[str, Any]:
        """Return the canonical document, secrets included: nested, sorted, no defaults, unknown keys kept."""
        return copy.deepcopy(self._data)

    def public(self) -> dict[str, Any]:
        """Return the canonical document with its secrets hidden (:mod:`.secret`), keys spelled as EAS documents them."""
        made = copy.deepcopy(self._halves[0])
        if "metadata" in made:
            made["metadata"] = written(made["metadata"])
        return made

    def secrets(self) -> dict[str, str]:
        """Return the secrets that the file holds, by place: ``token``, ``dockerAuth``, ``containers[0].env[1].value``."""
        return dict(self._halves[1])

    @cached_property
    def _halves(self) -> tuple[dict[str, Any], dict[str, str]]:
        return split(self._data)

    def locate(self, field: str) -> tuple[int, int] | tuple[None, None]:
        """Return line and column of a field in the file; nothing where there is no file."""
        return self._document.locate(field) if self._document else (None, None)

    def fault(self, rule: str, level: Level, field: str, value: Any, message: str, fix: str) -> Fault:
        """Return a fault at a field of this service, with its place in the file."""
        return placed(TypeFault(rule, field, value, message, fix), level, self.source, self._document)


def parse_service(
    data: Any, *, source: str, default_name: str, document: Document | None = None
) -> tuple[Service | None, tuple[Fault, ...]]:
    """Type one service document; answers all faults at once and never raises for what a file may hold.

    ``default_name`` is the name where the document has none. The service is None where a fault is
    ``invalid``.
    """
    reader = _Reader(source, document)
    made = reader.read(data, default_name)
    faults = tuple(reader.faults)
    return (None if any(fault.level == "invalid" for fault in faults) else made), faults


class _Reader:
    """Collects the faults of one document while typing it."""

    def __init__(self, source: str, document: Document | None) -> None:
        self._source = source
        self._document = document
        self.faults: list[Fault] = list(document.faults) if document else []

    def read(self, data: Any, default_name: str) -> Service | None:
        if not isinstance(data, Mapping):
            fix = 'Write one JSON object: { "metadata": { ... } }.'
            self._add(TypeFault("field-type", "", data, f"the file holds {shown(data)}, not a service.", fix))
            return None
        plain = self._canonical(data)
        if plain is None:
            return None
        self._lift_name(plain)
        for path, key, value, block in unknown_keys(Service, plain):
            unknown = unknown_fault(path, key, block, value)
            self._add(unknown.fault, unknown.level)
        try:
            service = Service.model_validate(plain)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                self._add(explain(Service, detail))
            return None
        service._data = plain
        service._name = default_name
        service._source = self._source
        service._document = self._document
        return service

    def _canonical(self, data: Mapping[Any, Any]) -> dict[str, Any] | None:
        try:
            made = canonical(data)
        except NotPlain as error:
            message = f"{error.path or 'the file'} {error}"
            self._add(TypeFault("field-type", error.path, None, message, error.fix))
            return None
        for path in made.clashes:
            self._clash(path)
        plain: dict[str, Any] = made.data
        return plain

    def _lift_name(self, plain: dict[str, Any]) -> None:
        """Put a top-level ``name`` where ``metadata.name`` is: EAS takes it at either level."""
        metadata = plain.get("metadata", {})
        if "name" not in plain or not isinstance(metadata, dict):
            return
        if metadata.get("name", plain["name"]) != plain["name"]:
            self._clash("name", "metadata.name")
        plain["metadata"] = dict(sorted({**metadata, "name": plain.pop("name")}.items()))

    def _clash(self, path: str, other: str = "") -> None:
        ways = f"as {other}" if other else "dotted and nested"
        message = f"{path} is also written {ways}, with another value."
        self._add(TypeFault("key-once", path, None, message, "Delete one of the two."))

    def _add(self, fault: TypeFault, level: Level = "invalid") -> None:
        self.faults.append(placed(fault, level, self._source, self._document))
