"""Reading what Pulumi hands to a provider: plain dicts in, typed values or a sentence out.

Numbers may come as whole floats and any leaf may be unknown in a preview.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pulumi.runtime.rpc import UNKNOWN

from components.placement.plan_types import PlanOptions
from components.spec.claim import Wanted
from components.spec.node import Node
from components.spec.packed import unpacked, unpacked_each
from components.spec.quotas import Quotas
from components.spec.whole import whole

INTERNAL = "__provider"
"""Pulumi's own key in every property bag of a dynamic resource."""


class InputError(Exception):
    """A property is missing or of the wrong kind; the message names it."""


def unknowns(value: Any, path: str = "") -> Iterator[str]:
    """Yield the dotted path of every leaf that is not known before apply."""
    if isinstance(value, str):
        if value == UNKNOWN:
            yield path or "the whole value"
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key != INTERNAL:
                yield from unknowns(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from unknowns(item, f"{path}[{index}]")


def text(props: Mapping[str, Any], name: str) -> str:
    """Return a required string property; raises :class:`InputError`."""
    value = props.get(name)
    if not isinstance(value, str) or not value:
        raise InputError(f"property {name} is {value!r}; it must be a non-empty string")
    return value


def mapping(props: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a required property with string keys; raises :class:`InputError`."""
    value = unpacked(props.get(name))
    if not isinstance(value, Mapping):
        raise InputError(f"property {name} is {value!r}; it must be a dict")
    return dict(value)


def public(props: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties without Pulumi's own."""
    return {key: value for key, value in props.items() if key != INTERNAL}


OnConflict = Literal["fail", "replan"]


@dataclass(frozen=True, slots=True)
class PoolInput:
    """One pool as ``Placement`` sees it; a ``reference`` pool is declared by another stack and read from the ledger."""

    name: str
    runtime: str
    settings: dict[str, Any]
    reference: bool
    nodes: tuple[Node, ...]
    quotas: Quotas


@dataclass(frozen=True, slots=True)
class PlacementInput:
    """The typed inputs of ``Placement``."""

    owner: str
    pools: tuple[PoolInput, ...]
    wanted: tuple[Wanted, ...]
    options: PlanOptions
    on_conflict: OnConflict

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes that the program declares."""
        return tuple(node for pool in self.pools for node in pool.nodes)

    @property
    def quotas(self) -> dict[str, Quotas]:
        """What each owner may take of the pools that the program declares."""
        return {pool.name: pool.quotas for pool in self.pools if not pool.reference}

    @property
    def pool_names(self) -> tuple[str, ...]:
        """The names of all pools, declared and referenced."""
        return tuple(pool.name for pool in self.pools)


def placement_input(props: Mapping[str, Any]) -> PlacementInput:
    """Read the inputs of ``Placement``; raises :class:`InputError` naming the property."""
    try:
        pools = tuple(_pool(name, data) for name, data in sorted(mapping(props, "pools").items()))
        services = unpacked_each(mapping(props, "services"))
        wanted = tuple(Wanted.from_dict(data) for _, data in sorted(services.items()))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"pools or services cannot be read ({type(error).__name__}: {error})") from error
    options = mapping(props, "options") if props.get("options") else {}
    return PlacementInput(
        owner=text(props, "owner"),
        pools=pools,
        wanted=wanted,
        options=PlanOptions(
            on_insufficient=_choice(options, "on_insufficient", ("refuse", "wait")),
            max_moves=_count(options, "max_moves"),
            rebalance=_count(options, "rebalance"),
            memory_only=_choice(options, "memory_only", ("mixed", "separate")),
        ),
        on_conflict=_choice(options, "on_conflict", ("fail", "replan")),
    )


def _pool(name: str, data: Mapping[str, Any]) -> PoolInput:
    return PoolInput(
        name=name,
        runtime=str(data.get("runtime", "local")),
        settings=dict(data.get("settings") or {}),
        reference=bool(data.get("reference", False)),
        nodes=nodes_of(data.get("nodes")),
        quotas=dict(data.get("quotas") or {}),
    )


def spelled_out(props: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs of ``Placement`` or ``GpuPool`` with what stands there as one line of JSON spelled out, to compare."""
    spelled = whole(props)
    if isinstance(spelled.get("services"), dict):
        spelled["services"] = unpacked_each(spelled["services"])
    pools = spelled.get("pools")
    for pool in (spelled, *(pools.values() if isinstance(pools, dict) else ())):
        if isinstance(pool, dict) and isinstance(pool.get("nodes"), dict):
            pool["nodes"] = unpacked_each(pool["nodes"])
    return dict(spelled)


def nodes_of(declared: Mapping[str, Any] | None) -> tuple[Node, ...]:
    """Return the nodes of a pool, by name."""
    return tuple(Node.from_dict(node) for _, node in sorted(unpacked_each(declared).items()))


def _choice(options: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> Any:
    value = options.get(name, allowed[0])
    if value not in allowed:
        raise InputError(f"option {name} is {value!r}; it must be one of {', '.join(allowed)}")
    return value


def _count(options: Mapping[str, Any], name: str) -> int:
    value = whole(options.get(name, 0))
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InputError(f"option {name} is {value!r}; it must be a whole number, 0 or more")
    return value
