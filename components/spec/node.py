"""Nodes and cards as every later stage sees them: spelled out, in MiB, percent and thousandths of a core."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from components.spec.units import Unit, unit_of

CapacitySource = Literal["reported", "usable", "nominal"]
DeclaredState = Literal["ready", "cordoned", "draining"]


@dataclass(frozen=True, slots=True)
class Card:
    """One physical GPU. ``uuid`` is its identity, ``index`` only its place in the node's list (for display).

    ``capacity_source`` says where ``memory_mib`` comes from; a refusal names it, with the way to override it.
    ``state`` is what the program declares, as of a node.
    """

    uuid: str
    index: int
    model: str
    memory_mib: int
    capacity_source: CapacitySource = "nominal"
    state: DeclaredState = "ready"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """One machine. ``cpu_milli`` and ``memory_mib`` are allocatable: one core is already kept for the system.

    ``state`` is what the program declares; what operators or observation say stands in the ledger, and the
    stricter of the two counts.
    """

    pool: str
    name: str
    instance_type: str
    cpu_milli: int
    memory_mib: int
    cards: tuple[Card, ...] = ()
    zone: str = ""
    state: DeclaredState = "ready"
    reason: str = ""

    @property
    def unit(self) -> Unit:
        """The unit of ``gpu_memory`` here."""
        return unit_of(self.instance_type)

    @property
    def key(self) -> str:
        """``pool/name``: node names are unique within a pool only."""
        return f"{self.pool}/{self.name}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data, for Pulumi inputs, the ledger and saved plans."""
        own = {name: getattr(self, name) for name in self.__slots__}
        return {**own, "cards": tuple(_card_data(card) for card in self.cards)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Node:
        """Read what :meth:`to_dict` wrote (numbers may come as whole floats)."""
        return cls(
            pool=data["pool"],
            name=data["name"],
            instance_type=data["instance_type"],
            cpu_milli=int(data["cpu_milli"]),
            memory_mib=int(data["memory_mib"]),
            cards=tuple(
                Card(
                    uuid=card["uuid"],
                    index=int(card["index"]),
                    model=card["model"],
                    memory_mib=int(card["memory_mib"]),
                    capacity_source=card.get("capacity_source", "nominal"),
                    state=card.get("state", "ready"),
                    reason=card.get("reason", ""),
                )
                for card in data.get("cards", ())
            ),
            zone=data.get("zone", ""),
            state=data.get("state", "ready"),
            reason=data.get("reason", ""),
        )


def _card_data(card: Card) -> dict[str, Any]:
    """Return a card as plain data; that it is ready goes unsaid, so that pools stand in state as they always did."""
    data = {name: getattr(card, name) for name in card.__slots__}
    return {
        key: value
        for key, value in data.items()
        if key not in ("state", "reason") or value not in ("ready", "")
    }
