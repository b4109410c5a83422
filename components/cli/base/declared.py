"""What the files of this stack declare, read as ``Fleet`` reads them, and what placement is told of it. No Pulumi."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from components.cli.base.ending import CommandError
from components.cli.base.session import Session

if TYPE_CHECKING:
    from components.placement.plan_types import PlanOptions
    from components.placement.snapshot import Snapshot
    from components.spec.claim import Wanted
    from components.spec.fault import Fault
    from components.spec.node import Node
    from components.spec.pool import Pool
    from components.spec.project import Project
    from components.spec.references import Borrow

LOCAL_RUNTIMES = frozenset({"local", "simulated"})
"""Runtimes that touch nothing but this machine."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which files a stack declares: ``eas:pools``, ``eas:services``, ``eas:overrides``, ``eas:references``."""

    pool_files: tuple[str, ...] = ("pool.yaml",)
    services: str = "services"
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    references: tuple[str, ...] = ()

    @classmethod
    def of(cls, session: Session) -> Choice:
        """Read the stack's configuration."""
        workspace = session.workspace
        pools = _structured(workspace.plain("eas:pools"))
        return cls(
            pool_files=tuple([pools] if isinstance(pools, str) else pools or ("pool.yaml",)),
            services=workspace.plain("eas:services") or "services",
            overrides=_structured(workspace.plain("eas:overrides")) or {},
            references=tuple(_structured(workspace.plain("eas:references")) or ()),
        )


def _structured(value: Any) -> Any:
    """Return a configuration value that may be written as YAML, or as JSON in a text."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def load(session: Session, services: str | None = None, *, borrowed: bool = True) -> Project:
    """Return what the stack's files declare; faults are in it. ``services`` is another folder of service files.

    ``borrowed``: pools of other stacks are as the ledger records them; else it is not asked.
    """
    from components.spec.project import load_project

    choice = Choice.of(session)
    project = load_project(
        session.workspace.root,
        pool_files=choice.pool_files,
        services=services or choice.services,
        overrides=choice.overrides,
        overrides_source=session.workspace.stack_file.name,
        references=choice.references,
        borrow=_borrow(session) if borrowed else None,
    )
    if not any(pool.discover for pool in project.pools):
        return project
    from components.runtimes.discover import discovered

    return discovered(project, session.workspace.home)


def _borrow(session: Session) -> Borrow:
    def borrow(pool: Pool) -> Pool | Fault:
        from components.ledger.borrowing import borrow_from

        return borrow_from(session.ledger, session.owner)(pool)

    return borrow


def faults_of(project: Project) -> tuple[Fault, ...]:
    """Return every fault of reading and of the rules."""
    from components.rules import judge_project

    return (*project.faults, *judge_project(project))


def sound(session: Session, services: str | None = None) -> Project:
    """Return what the files declare; raises ``SpecError`` with all ``invalid`` faults."""
    from components.spec.fault import SpecError

    project = load(session, services)
    invalid = [fault for fault in faults_of(project) if fault.level == "invalid"]
    if invalid:
        raise SpecError(invalid)
    return project


def wanted_of(session: Session, project: Project) -> tuple[Wanted, ...]:
    """Return what placement is told of every declared service; needs the stack's secret, for revisions."""
    from components.spec import revision

    return tuple(
        revision.wanted_of(service, project.pool_of(service), secret=session.secret)
        for service in project.services
    )


def nodes_of(project: Project) -> tuple[Node, ...]:
    """Return the nodes that this stack declares; referenced pools are another stack's."""
    return tuple(node for pool in project.pools if not pool.reference for node in pool.nodes)


def snapshot_of(session: Session, project: Project) -> Snapshot:
    """Return the snapshot that a plan is made on, taken as the provider's ``check`` takes it.

    Raises ``LedgerError`` for a referenced pool that the ledger does not know.
    """
    from components.ledger.admission import borrowed_nodes

    ledger = session.ledger
    borrowed = borrowed_nodes(ledger, project.references)
    names = [pool.name for pool in project.pools]
    quotas = {pool.name: pool.quotas for pool in project.pools if not pool.reference}
    return ledger.snapshot(session.owner, (*nodes_of(project), *borrowed), names, quotas=quotas)


def pool_refusals(session: Session, project: Project) -> tuple[str, ...]:
    """Return why pools cannot be declared as the files say, as ``GpuPool`` says it in a preview."""
    from components.ledger.admission import pool_refusal

    told = (
        pool_refusal(
            session.ledger,
            session.owner,
            pool.name,
            resource=pool.resource,
            runtime=pool.runtime,
            nodes=pool.nodes,
        )
        for pool in project.pools
        if not pool.reference
    )
    return tuple(filter(None, told))


def options_of(session: Session, project: Project) -> PlanOptions:
    """Return the planner's options as pools and stack say them; raises ``SpecError`` where pools differ."""
    from components.placement.plan_types import PlanOptions
    from components.spec.options import placement_options, stack_max_moves

    workspace = session.workspace
    own = stack_max_moves(workspace.plain("eas:max_moves"), workspace.stack_file.name)
    said = placement_options(project.pools, own)
    default = PlanOptions()
    return PlanOptions(
        on_insufficient=said.get("on_insufficient", default.on_insufficient),
        max_moves=said.get("max_moves", default.max_moves),
        rebalance=said.get("rebalance", default.rebalance),
        memory_only=said.get("memory_only", default.memory_only),
    )


def runtimes(session: Session) -> dict[str, str]:
    """Return pool name -> runtime of every pool that this stack declares or holds something on."""
    named = {pool.name: str(pool.runtime) for pool in load(session).pools}
    for record in session.ledger.pools():
        named.setdefault(record.name, record.runtime)
    if not named:
        raise CommandError("no pool is declared or recorded; write pool.yaml")
    return named


def local_only(session: Session) -> bool:
    """Whether everything that this stack can touch is on this machine."""
    return set(runtimes(session).values()) <= LOCAL_RUNTIMES
