"""From a pool file's nodes to nodes with every card spelled out: file first, then catalogue."""

from __future__ import annotations

from collections.abc import Callable

from components.spec.catalogue import Catalogue, InstanceType, allocatable_milli
from components.spec.nearest import did_you_mean
from components.spec.node import CapacitySource, Card, Node
from components.spec.pool_file import Capacity, GpuEntry, NodeEntry, PoolEntry
from components.spec.typed import TypeFault

MakeUuid = Callable[[str, str, int], str]
"""(pool, node, index) to the identity of a card that the file gives none."""


def nodes_of(
    entry: PoolEntry, types: Catalogue, make_uuid: MakeUuid
) -> tuple[tuple[Node, ...], list[TypeFault]]:
    """Return the pool's nodes, sorted by name, and what keeps some of them from being known."""
    nodes: list[Node] = []
    faults: list[TypeFault] = []
    for name in sorted(entry.nodes):
        node = entry.nodes[name]
        known = types.get(node.instance_type)
        found = _missing(name, node, known, types)
        faults.extend(found)
        if not found:
            nodes.append(_node(entry, name, node, known, make_uuid))
    return tuple(nodes), faults


def _missing(name: str, node: NodeEntry, known: InstanceType | None, types: Catalogue) -> list[TypeFault]:
    """Return why a node's size is not known: neither in the catalogue nor spelled out."""
    if known is not None:
        return []
    gaps = [key for key in ("cpu", "memory", "gpus") if getattr(node, key) is None]
    bare = [
        f"gpus[{i}].{key}"
        for i, gpu in enumerate(node.gpus or ())
        for key in ("model", "memory_mib")
        if not getattr(gpu, key)
    ]
    if not gaps and not bare:
        return []
    field = f"nodes.{name}.instance_type" if node.instance_type else f"nodes.{name}"
    said = (
        f"the instance type {node.instance_type!r} is not in the catalogue"
        if node.instance_type
        else "no instance type"
    )
    meant = did_you_mean(node.instance_type, types.types)
    fix = f"{meant[:1].upper()}{meant[1:]} " if meant else ""
    message = f"node {name!r}: {said}, and {', '.join(gaps + bare)} not given."
    fix += "Or spell the node out: cpu, memory (MB) and gpus, each with model and memory_mib."
    return [TypeFault("known-instance-type", field, node.instance_type, message, fix)]


def _node(
    entry: PoolEntry, name: str, node: NodeEntry, known: InstanceType | None, make_uuid: MakeUuid
) -> Node:
    cards = tuple(
        _card(gpu, index, known, entry.capacity, make_uuid(entry.name, name, index))
        for index, gpu in enumerate(_gpus(node, known))
    )
    return Node(
        pool=entry.name,
        name=name,
        instance_type=node.instance_type,
        cpu_milli=allocatable_milli(node.cpu) if node.cpu is not None else known.cpu_milli if known else 0,
        memory_mib=node.memory if node.memory is not None else known.memory_mib if known else 0,
        cards=cards,
        zone=node.zone,
        state=node.state,
        reason=node.reason,
    )


def _gpus(node: NodeEntry, known: InstanceType | None) -> tuple[GpuEntry, ...]:
    if node.gpus is not None:
        return node.gpus
    return (GpuEntry(),) * (known.count if known else 0)


def _card(gpu: GpuEntry, index: int, known: InstanceType | None, prefer: Capacity, made_up: str) -> Card:
    """Return one card; ``memory_mib`` in the file is what the driver reports, and counts before any table."""
    source: CapacitySource = "reported"
    memory = gpu.memory_mib
    if memory is None:
        memory, source = known.card_mib(prefer) if known else (0, "nominal")
    return Card(
        uuid=gpu.uuid or made_up,
        index=index,
        model=gpu.model or (known.model if known else ""),
        memory_mib=memory,
        capacity_source=source,
        state=gpu.state,
        reason=gpu.reason,
    )
