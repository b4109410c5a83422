"""``Fleet``: pools, services and their placement as one component, from files or from Python.

Every file is validated before anything is registered, because Pulumi stops a preview at the first resource whose check
fails: one run reports all ``invalid`` faults.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pulumi

from components.resources.declared import PoolLike, ServiceLike, declared_project
from components.resources.lean import make_lean
from components.resources.placement import Placement
from components.resources.pool import GpuPool
from components.resources.quiet import quieten
from components.resources.service import EasService
from components.resources.settings import FleetSettings, settings_of
from components.rules import judge_project
from components.spec.fault import Fault, SpecError
from components.spec.options import placement_options
from components.spec.pool import Pool
from components.spec.project import Project, load_project
from components.spec.references import Borrow

STATE_FOLDER = ".eas"
"""The folder in the project that holds its ledger and what runtimes keep."""


class Fleet(pulumi.ComponentResource):
    """Everything that one stack declares.

    ``endpoints``: service -> ordinal -> URL; ``assignments``: service -> ordinal -> ``node/card`` or ``waiting``;
    ``tokens``: service -> token (secret); ``status``: service -> ready/wanted.
    """

    def __init__(
        self,
        name: str = "fleet",
        project: Project | None = None,
        *,
        pools: Sequence[PoolLike] = (),
        services: Sequence[ServiceLike] | Mapping[str, Mapping[str, Any]] = (),
        settings: FleetSettings | None = None,
        options: Mapping[str, Any] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare ``pools`` and ``services``, each as the dict that its file would hold, or what ``project`` has read.

        ``services`` are documents with names in them, or name -> document. ``settings`` default to the stack's
        configuration. Raises ``pulumi.RunError`` naming every ``invalid`` fault, before anything is registered.
        ``docs/python.md`` has an example.
        """
        settings = settings or settings_of(pulumi.Config("eas"))
        if project is None:
            with borrowing(settings) as borrow:
                project = declared_project(
                    pools,
                    services,
                    overrides=settings.overrides,
                    references=settings.references,
                    borrow=borrow,
                )
        elif pools or services:
            raise pulumi.RunError(
                f"Fleet {name!r} is given a project, and pools or services beside it; give one or the other"
            )
        project = with_discovered(project)
        refuse_or_warn((*project.faults, *judge_project(project)))
        agreed = agreed_options(project, settings.max_moves)
        quieten()
        make_lean()
        super().__init__("eas:index:Fleet", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.pools = [
            GpuPool(pool.name, pool=pool, owner=settings.owner, opts=child)
            for pool in project.pools
            if not pool.reference
        ]
        # A pool is deleted after its services: a first apply that failed leaves instances, and those keep the pool.
        after = {
            name: pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[pool]))
            for name, pool in ((each.pool.name, each) for each in self.pools)
        }
        self.services = [
            EasService(
                service=service,
                pool=pool,
                owner=settings.owner,
                secret=settings.secret,
                recorded=settings.recorded,
                opts=after.get(pool.name, child),
            )
            for service, pool in ((service, project.pool_of(service)) for service in project.services)
        ]
        self.placement = Placement(
            name,
            pools=self.pools,
            services=self.services,
            owner=settings.owner,
            references=project.references,
            options={**agreed, **(options or {})},
            opts=child,
        )
        self.endpoints = self.placement.endpoints
        self.assignments = self.placement.assignments
        self.tokens = self.placement.tokens
        self.status = self.placement.status
        # Nothing more: what a program reads is Placement's, and a second copy would be stored with every service in it.
        self.register_outputs({})

    def endpoint(self, service: str, ordinal: int = 0) -> pulumi.Output[str | None]:
        """Return the URL of one instance, None where it has none; known once the service serves."""
        return self.endpoints.apply(lambda found: (found.get(service) or {}).get(str(ordinal)))

    def token(self, service: str) -> pulumi.Output[str | None]:
        """Return the token of a service as a secret."""
        return pulumi.Output.secret(self.tokens.apply(lambda found: found.get(service)))

    @classmethod
    def from_files(cls, name: str = "fleet", *, root: Path | None = None) -> Fleet:
        """Declare the files that the stack's configuration chooses: ``eas:pools``, ``eas:services``, ``eas:overrides``."""
        settings = settings_of(pulumi.Config("eas"))
        with borrowing(settings) as borrow:
            project = load_project(
                root or Path.cwd(),
                pool_files=settings.pool_files,
                services=settings.services,
                overrides=settings.overrides,
                overrides_source=f"Pulumi.{pulumi.get_stack()}.yaml",
                references=settings.references,
                borrow=borrow,
            )
        return cls(name, project, settings=settings)


@contextmanager
def borrowing(settings: FleetSettings) -> Iterator[Borrow]:
    """Give what the ledger records of another stack's pools; it is opened when the first one is asked for."""
    with ExitStack() as opened:
        found: list[Borrow] = []

        def borrow(pool: Pool) -> Pool | Fault:
            if not found:
                from components.ledger import LedgerError, open_ledger, resolve_url
                from components.ledger.borrowing import borrow_from

                here = Path.cwd()
                try:
                    place = resolve_url(None, os.environ, settings.ledger, here)
                    ledger = opened.enter_context(
                        open_ledger(place.url, home=here / STATE_FOLDER, create=False)
                    )
                except LedgerError as error:
                    raise pulumi.RunError(str(error)) from error
                found.append(borrow_from(ledger, settings.owner))
            return found[0](pool)

        yield borrow


def with_discovered(project: Project) -> Project:
    """Return the project with the nodes that runtimes report, where a pool asks for that (``discover: true``)."""
    if not any(pool.discover for pool in project.pools):
        return project
    from components.runtimes.discover import discovered

    return discovered(project, Path.cwd() / STATE_FOLDER)


def agreed_options(project: Project, max_moves: int | None = None) -> dict[str, Any]:
    """Return the placement options of pools and stack; raises ``pulumi.RunError`` where pools differ."""
    try:
        return placement_options(project.pools, max_moves)
    except SpecError as error:
        raise pulumi.RunError(str(error)) from error


def refuse_or_warn(faults: Sequence[Fault]) -> None:
    """Raise ``pulumi.RunError`` with all ``invalid`` faults, else warn of what EAS would silently ignore.

    Notices are for whoever reads a file: ``eas check`` shows them, and a preview is about what changes.
    """
    invalid = [str(fault) for fault in faults if fault.level == "invalid"]
    if invalid:
        count = f"{len(invalid)} fault" + ("s" if len(invalid) > 1 else "")
        raise pulumi.RunError(f"{count} in what is declared; nothing was registered:\n" + "\n".join(invalid))
    for fault in faults:
        if fault.level == "ineffective":
            pulumi.warn(str(fault))
