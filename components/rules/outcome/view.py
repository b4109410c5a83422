"""What a plan would do, as rules see it: the checked inputs of ``Placement`` as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from components.spec.packed import unpacked, unpacked_each

READ = ("pools", "services", "assignments", "change", "usage")
"""The inputs of ``Placement`` that a view is made from."""

WAITING = "waiting"
"""What ``assignments`` says of an instance without a place."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """One instance on one card. ``owner`` is empty for this stack's own; a ``whole`` one has the card to itself."""

    owner: str
    service: str
    label: str
    mib: int
    compute: int
    whole: bool = False


@dataclass(frozen=True)
class OutcomeView:
    """``steps``: what the plan does, in its order; ``assignments``: service -> ordinal -> place.

    ``services``: what is wanted of each, ``pools``: name -> what ``Placement`` knows of it. Sizes are MiB and percent.
    """

    steps: tuple[Mapping[str, Any], ...] = ()
    assignments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    services: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    pools: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    usage: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, inputs: Mapping[str, Any]) -> OutcomeView:
        """Read the checked inputs of ``Placement``, as plain data."""
        change = unpacked_each(inputs.get("change"))
        return cls(
            steps=tuple(
                step for _, step in sorted(change.items()) if isinstance(step, Mapping) and "op" in step
            ),
            assignments=inputs.get("assignments") or {},
            services=unpacked_each(inputs.get("services")),
            pools=inputs.get("pools") or {},
            usage=inputs.get("usage") or {},
        )

    @cached_property
    def cards(self) -> dict[str, dict[str, Any]]:
        """Address -> card, as it will be."""
        return unpacked_each(self.usage.get("cards"))

    @cached_property
    def nodes(self) -> dict[str, dict[str, Any]]:
        """Name -> node, as it will be."""
        return unpacked_each(self.usage.get("nodes"))

    @cached_property
    def summaries(self) -> dict[str, dict[str, Any]]:
        """Pool -> its cards and free memory, after the plan and (under ``before``) before it."""
        return unpacked_each(self.usage.get("pools"))

    @cached_property
    def tenants(self) -> dict[str, tuple[Tenant, ...]]:
        """Address -> who will be on the card."""
        return self._tenants("instances")

    @cached_property
    def tenants_before(self) -> dict[str, tuple[Tenant, ...]]:
        """Address -> who is on the card now."""
        return self._tenants("before")

    def _tenants(self, key: str) -> dict[str, tuple[Tenant, ...]]:
        found = {}
        for address, card in self.cards.items():
            # A card that the plan does not change says nothing of before.
            if there := card.get(key, card.get("instances")):
                found[address] = tuple(_tenant(name, said, card) for name, said in sorted(there.items()))
        return found

    def label(self, service: str, name: str) -> str | None:
        """Return a label of one of the stack's services, or None."""
        value = (self.services.get(service, {}).get("labels") or {}).get(name)
        return None if value is None else str(value)

    def places(self) -> Iterator[tuple[str, str, str]]:
        """Yield (service, ordinal, place) of every instance that has one."""
        for service, places in sorted(self.assignments.items()):
            for ordinal, place in sorted(places.items(), key=lambda item: int(item[0])):
                if place != WAITING:
                    yield service, ordinal, place

    def pool_of(self, address: str) -> str:
        """Return the pool of a card or node; empty where the forecast does not say."""
        return str(self.nodes.get(node_of(address), {}).get("pool", ""))

    def runtime_of(self, pool: str) -> str:
        """Return the runtime of a pool; empty where it is not known."""
        return str(self.pools.get(pool, {}).get("runtime", ""))


def node_of(place: str) -> str:
    """Return the node of a place: ``gpu-a`` of ``gpu-a/0``, of ``gpu-a/0+1``, and of ``gpu-a``."""
    node, slash, _cards = place.rpartition("/")
    return node if slash else place


def cards_of(place: str) -> list[str]:
    """Return the addresses of a place's cards: ``gpu-a/0`` and ``gpu-a/1`` of ``gpu-a/0+1``; none on a node alone."""
    node, slash, cards = place.rpartition("/")
    return [f"{node}/{card}" for card in cards.split("+")] if slash else []


def step_pool(step: Mapping[str, Any]) -> str:
    """Return the pool of the place that a step is about: where its instance goes, else where it is."""
    place = unpacked(step.get("place")) or step.get("from") or {}
    return str(place.get("pool", ""))


def _tenant(name: str, said: str, card: Mapping[str, Any]) -> Tenant:
    parts = name.split("/")
    service, owner = parts[-2], "/".join(parts[:-2])
    if said == "whole card":
        return Tenant(owner, service, name, int(card["capacity_mib"]), 100, whole=True)
    mib, _, compute, _ = said.split(" ")
    return Tenant(owner, service, name, int(mib), int(compute))
