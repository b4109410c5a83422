"""Nodes that a runtime reports, for pools with ``discover: true``; before anything is judged, planned or registered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from components.runtimes.port import RuntimeFault
from components.runtimes.registry import open_runtime
from components.spec.fault import Fault
from components.spec.node import Node
from components.spec.pool import Pool
from components.spec.project import Project, repeated_cards


def discovered(project: Project, home: Path) -> Project:
    """Return the project with the nodes that its pools discover, each card spelled out; what a file says of a node counts.

    ``home`` is the project's ``.eas``; nothing is created there. A pool that finds no node is a fault, and so is a card
    that a file declares elsewhere. The same machine gives the same nodes, so that both checks of one `up` agree.
    """
    if not any(pool.discover for pool in project.pools):
        return project
    pools = tuple(_with_nodes(pool, home) if pool.discover else pool for pool in project.pools)
    empty = [_nothing(pool) for pool in pools if pool.discover and not pool.nodes]
    known = set(project.faults)
    again = [fault for fault in repeated_cards(pools) if fault not in known]
    return replace(project, pools=pools, faults=(*project.faults, *empty, *again))


def _with_nodes(pool: Pool, home: Path) -> Pool:
    declared = {node.name for node in pool.nodes}
    found = tuple(
        replace(node, pool=pool.name) for node in _reported(pool, home) if node.name not in declared
    )
    return replace(pool, nodes=tuple(sorted((*pool.nodes, *found), key=lambda node: node.name)))


def _reported(pool: Pool, home: Path) -> tuple[Node, ...]:
    try:
        return open_runtime(pool.runtime, home).inventory() or ()
    except RuntimeFault:
        return ()  # A runtime that this version does not have: the rules say so.


def _nothing(pool: Pool) -> Fault:
    message = f"pool {pool.name!r} discovers its nodes, and runtime {pool.runtime!r} reports none"
    here = ": this machine has no NVIDIA GPU that its driver shows." if pool.runtime == "local" else "."
    fix = "Write nodes, with an instance_type each, or bring the driver up (`nvidia-smi -L`)."
    return pool.fault("pool-has-nodes", "invalid", "discover", True, message + here, fix)
