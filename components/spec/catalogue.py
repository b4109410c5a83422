"""The instance types and their GPUs, as data; figures and sources are in ``data/catalogue.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from components.spec.nearest import nearest as nearest_names
from components.spec.node import CapacitySource
from components.spec.units import capacity_mib, unit_of

SYSTEM_CORES = 1
"""EAS keeps one core of each node for itself (PAI, "FAQ about EAS")."""

Preference = Literal["usable", "nominal"]


@dataclass(frozen=True, slots=True)
class InstanceType:
    """What a node of one type has. ``gb``: per card as sold, GiB on ``ecs.*`` and GB on ``ml.*``.

    ``usable``: MiB per card that processes can use, None where no public figure exists.
    """

    name: str
    vcpu: int
    memory_gib: int
    model: str
    count: int
    gb: int
    usable: int | None = None

    def card_mib(self, prefer: Preference = "usable") -> tuple[int, CapacitySource]:
        """Return one card's capacity in MiB and where the figure comes from."""
        if prefer == "usable" and self.usable is not None:
            return self.usable, "usable"
        return capacity_mib(self.gb, unit_of(self.name)), "nominal"

    @property
    def cpu_milli(self) -> int:
        """Allocatable thousandths of a core: one core is the system's."""
        return allocatable_milli(self.vcpu)

    @property
    def memory_mib(self) -> int:
        """Host memory in MiB."""
        return self.memory_gib * 1024


def allocatable_milli(cores: int) -> int:
    """Return what instances may use of a node's cores, in thousandths."""
    return max(cores - SYSTEM_CORES, 0) * 1000


@dataclass(frozen=True)
class Catalogue:
    """Instance types by name."""

    types: Mapping[str, InstanceType]

    def get(self, name: str) -> InstanceType | None:
        """Return one type, None where it is not known."""
        return self.types.get(name)

    def nearest(self, name: str) -> list[str]:
        """Return the known names that look like ``name``, the likest first."""
        return nearest_names(name, self.types)

    def overridden(self, changes: Mapping[str, Mapping[str, Any]]) -> Catalogue:
        """Return a catalogue with changed fields of known types, and new types where all fields are given."""
        types = dict(self.types)
        for name, fields in changes.items():
            known = types.get(name)
            types[name] = replace(known, **fields) if known else InstanceType(name=name, **fields)
        return Catalogue(types)


@cache
def catalogue() -> Catalogue:
    """Return the catalogue that ships with the project; read once."""
    text = files("components.spec").joinpath("data/catalogue.yaml").read_text(encoding="utf-8")
    table = yaml.load(text, Loader=yaml.CSafeLoader)["types"]
    return Catalogue({name: InstanceType(name=name, **fields) for name, fields in table.items()})


def nearest(name: str) -> list[str]:
    """Return the names of the shipped catalogue that look like ``name``."""
    return catalogue().nearest(name)
