"""What one instance asks for, and how a service wants its instances kept: the engine's whole input."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Literal

from components.spec.units import Unit, slice_mib

Kind = Literal["cpu", "slice", "exclusive"]
Spread = Literal["default", "host", "zone"]


EVICTABLE_LABEL = "eas-slices/evictable"
"""The label that says ``"false"`` where only a service's own stack may move its instances off a draining place."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What one instance asks for.

    ``gpu``: whole cards of one node (0: none). ``gpu_memory``: as written in the file, GiB on ``ecs.*`` and GB
    on ``ml.*`` nodes, on one card; 0 when unset. ``gpu_core_percentage``: percent of one card's compute; 0 when
    unset. ``cpu_milli``: thousandths of a core. ``memory_mib``: host memory. ``best_effort``: CPU is not counted.
    ``models``, ``instance_types``: allowed card models and instance types; empty means any.
    """

    gpu: int = 0
    gpu_memory: int = 0
    gpu_core_percentage: int = 0
    cpu_milli: int = 0
    memory_mib: int = 0
    best_effort: bool = False
    models: tuple[str, ...] = ()
    instance_types: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """``exclusive`` with whole cards (the slice fields are then ignored), ``slice`` with card memory, else ``cpu``."""
        if self.gpu > 0:
            return "exclusive"
        return "slice" if self.gpu_memory > 0 else "cpu"

    def slice_mib(self, unit: Unit) -> int:
        """Return the slice's size in MiB on a node of that unit."""
        return slice_mib(self.gpu_memory, unit)


def _told(value: Claim | Wanted) -> dict[str, Any]:
    """Return the fields that differ from their defaults; tuples as lists."""
    told: dict[str, Any] = {}
    for name, default in _DEFAULTS[type(value)]:
        here = getattr(value, name)
        if here != default:
            told[name] = list(here) if isinstance(here, tuple) else here
    return told


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the program declares of one service, as far as placement needs to know it.

    ``instances`` is the declared count; with an autoscaler ``autoscale`` is (min, max) and ``instances`` only the
    first value. ``max_surge`` is a count or a percentage such as ``"2%"`` (rounded up, at least 1).
    ``revision`` is the digest of all whose change restarts an instance; ``token_hash`` a keyed hash of the token, whose
    change alone is a ``reconfigure``.
    """

    service: str
    pool: str
    claim: Claim
    instances: int = 1
    revision: str = ""
    token_hash: str = ""
    spread: Spread = "default"
    max_surge: int | str = "2%"
    max_unavailable: int = 1
    autoscale: tuple[int, int] | None = None
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def evictable(self) -> bool:
        """Whether others may move it off a draining place: ``eas reconcile``, which acts for its owner."""
        return self.labels.get(EVICTABLE_LABEL) != "false"

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data without what has its default, for Pulumi inputs and saved plans."""
        return {"service": self.service, "pool": self.pool, "claim": _told(self.claim), **_told(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Wanted:
        """Read what :meth:`to_dict` wrote (numbers may come as whole floats, lists for tuples)."""
        claim = data["claim"]
        autoscale = data.get("autoscale")
        surge = data.get("max_surge", "2%")
        return cls(
            service=data["service"],
            pool=data["pool"],
            claim=Claim(
                gpu=int(claim.get("gpu", 0)),
                gpu_memory=int(claim.get("gpu_memory", 0)),
                gpu_core_percentage=int(claim.get("gpu_core_percentage", 0)),
                cpu_milli=int(claim.get("cpu_milli", 0)),
                memory_mib=int(claim.get("memory_mib", 0)),
                best_effort=bool(claim.get("best_effort", False)),
                models=tuple(claim.get("models", ())),
                instance_types=tuple(claim.get("instance_types", ())),
            ),
            instances=int(data.get("instances", 1)),
            revision=data.get("revision", ""),
            token_hash=data.get("token_hash", ""),
            spread=data.get("spread", "default"),
            max_surge=surge if isinstance(surge, str) else int(surge),
            max_unavailable=int(data.get("max_unavailable", 1)),
            autoscale=(int(autoscale[0]), int(autoscale[1])) if autoscale else None,
            labels=dict(data.get("labels", {})),
        )


_DEFAULTS: dict[type, tuple[tuple[str, Any], ...]] = {
    kind: tuple(
        (each.name, {} if each.name == "labels" else each.default)
        for each in fields(kind)
        if each.name == "labels" or each.default is not MISSING
    )
    for kind in (Claim, Wanted)
}
"""What has a default, with it: looked up for each of a thousand services."""
