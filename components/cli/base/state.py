"""What Pulumi's state says of this stack: read with ``pulumi stack export``, for a ledger that is lost. Changes nothing."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from components.cli.base.ending import CommandError
from components.cli.base.workspace import Workspace

if TYPE_CHECKING:
    from components.ledger import ServiceRecord
    from components.ledger.declarations import PoolDeclaration
    from components.spec.claim import Wanted
    from components.spec.node import Node

KIND = "pulumi-python:dynamic/eas:"
_MARK = "4dabf18193072939515e22adb298388d"
"""Pulumi's key in a value that is not plain: a secret, whose ``plaintext`` is JSON."""
LIMIT_S = 120.0


@dataclass(frozen=True, slots=True)
class PoolState:
    """One pool as Placement was told of it; a ``reference`` is another stack's, and its nodes stand in the ledger."""

    name: str
    runtime: str
    reference: bool
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class State:
    """The pools, services and placement of one stack. ``holder``: physical id of the Placement, empty without one."""

    owner: str = ""
    declared_pools: tuple[PoolDeclaration, ...] = ()
    services: tuple[ServiceRecord, ...] = ()
    holder: str = ""
    pools: tuple[PoolState, ...] = ()
    wanted: tuple[Wanted, ...] = ()
    assignments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    generation: str = ""
    """The mark of the plan that it was last applied with, as the ledger that committed it knows it."""


def state_of(workspace: Workspace) -> State:
    """Return what the stack's state holds, secrets in the clear; raises :class:`CommandError` where it cannot be read."""
    owners: set[str] = set()
    by_kind: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for kind, holder, values in _resources(_exported(workspace)):
        by_kind.setdefault(kind, []).append((holder, values))
        owners.add(str(values.get("owner")))
    if not owners:
        return State()
    if owners != {workspace.owner}:
        raise CommandError(
            f"the state of stack '{workspace.stack}' belongs to {', '.join(sorted(owners))}, and "
            f"Pulumi.{workspace.stack}.yaml says {workspace.owner}; set eas:owner to what it was, or name another stack "
            "with --stack"
        )
    placements = by_kind.get("Placement", [])
    if len(placements) > 1:
        raise CommandError(
            f"the state of stack '{workspace.stack}' has {len(placements)} placements; a stack has one"
        )
    try:
        return _read(workspace.owner, by_kind)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CommandError(
            f"the state of stack '{workspace.stack}' cannot be read ({type(error).__name__}: {error}); it was written by "
            "another version of this project"
        ) from error


def _read(owner: str, by_kind: Mapping[str, list[tuple[str, dict[str, Any]]]]) -> State:
    from components.spec.claim import Wanted
    from components.spec.packed import unpacked_each

    holder, placed = next(iter(by_kind.get("Placement", [])), ("", {}))
    return State(
        owner=owner,
        declared_pools=tuple(_pool_declared(*each) for each in by_kind.get("GpuPool", [])),
        services=tuple(_service(*each) for each in by_kind.get("EasService", [])),
        holder=holder,
        pools=tuple(_pool(name, told) for name, told in sorted(placed.get("pools", {}).items())),
        wanted=tuple(
            Wanted.from_dict(told) for _, told in sorted(unpacked_each(placed.get("services")).items())
        ),
        assignments=placed.get("assignments") or {},
        generation=placed.get("generation") or "",
    )


def _pool_declared(holder: str, told: Mapping[str, Any]) -> PoolDeclaration:
    from components.ledger.declarations import PoolDeclaration

    return PoolDeclaration(
        name=told["name"],
        holder=holder,
        resource=told.get("resource") or "",
        runtime=told.get("runtime") or "local",
        settings=told.get("settings") or {},
        nodes=_nodes(told),
        quotas=told.get("quotas") or {},
    )


def _service(holder: str, told: Mapping[str, Any]) -> ServiceRecord:
    from components.ledger import ServiceRecord
    from components.spec.packed import unpacked

    about = unpacked(told.get("about")) or {}
    return ServiceRecord(
        service=told["name"],
        holder=holder,
        pool=told.get("pool") or "",
        revision=about.get("revision") or "",
        document=unpacked(told["spec"]),
        secrets={key: str(value) for key, value in (told.get("secrets") or {}).items() if value},
        settings=about.get("settings") or {},
    )


def _pool(name: str, told: Mapping[str, Any]) -> PoolState:
    return PoolState(name, told.get("runtime") or "local", bool(told.get("reference")), _nodes(told))


def _nodes(told: Mapping[str, Any]) -> tuple[Node, ...]:
    from components.spec.node import Node
    from components.spec.packed import unpacked_each

    return tuple(Node.from_dict(node) for _, node in sorted(unpacked_each(told.get("nodes")).items()))


def _resources(exported: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (kind, physical id, values) of every resource of ours; those that Pulumi is about to delete left out."""
    for resource in (exported.get("deployment") or {}).get("resources") or ():
        kind = str(resource.get("type", ""))
        if kind.startswith(KIND) and resource.get("id") and not resource.get("delete"):
            values = {**(resource.get("inputs") or {}), **(resource.get("outputs") or {})}
            yield kind.removeprefix(KIND), resource["id"], _revealed(values)


def _revealed(value: Any) -> Any:
    """Return a value with its secrets in the clear."""
    if isinstance(value, Mapping):
        if _MARK in value and "plaintext" in value:
            return _revealed(json.loads(value["plaintext"]))
        return {key: _revealed(item) for key, item in value.items()}
    return [_revealed(item) for item in value] if isinstance(value, list) else value


def _exported(workspace: Workspace) -> Mapping[str, Any]:
    command = ["pulumi", "stack", "export", "--show-secrets", "--stack", workspace.stack, "--non-interactive"]
    try:
        answer = subprocess.run(
            command,
            cwd=workspace.root,
            env=workspace.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_S,
        )
    except FileNotFoundError as error:
        raise CommandError("`pulumi` is not on PATH; run `make setup`, then `. ./.env.sh`") from error
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"`{' '.join(command)}` did not answer within {LIMIT_S:.0f} s") from error
    if answer.returncode:
        said = " ".join(answer.stderr.split()) or f"exit status {answer.returncode}"
        raise CommandError(f"the state of stack '{workspace.stack}' cannot be exported: {said}")
    try:
        exported = json.loads(answer.stdout)
    except ValueError as error:
        # What it holds may be secret: it is not quoted.
        raise CommandError(f"`{' '.join(command)}` printed something that is not JSON") from error
    return exported if isinstance(exported, Mapping) else {}
