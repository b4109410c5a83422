"""A project from Python objects instead of files: the same types, the same faults, the same overrides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from components.spec.fault import Fault
from components.spec.overrides import STACK_FILE, overridden
from components.spec.pool import Pool, parse_pool
from components.spec.project import Project, assembled
from components.spec.references import Borrow, with_references
from components.spec.service import Service, parse_service

PoolLike = Pool | Mapping[str, Any]
"""A typed pool, or what a ``pool.yaml`` holds."""
ServiceLike = Service | Mapping[str, Any]
"""A typed service, or what an eascmd JSON file holds."""
Overrides = Mapping[str, Mapping[str, Any]]


def declared_project(
    pools: Sequence[PoolLike],
    services: Sequence[ServiceLike] | Mapping[str, Mapping[str, Any]],
    *,
    overrides: Overrides | None = None,
    references: Sequence[str] = (),
    borrow: Borrow | None = None,
) -> Project:
    """Return the project that these objects declare, with every fault that reading them met; raises nothing for them.

    ``services``: documents with their names in them, or name -> document. ``overrides`` are those of the stack's
    configuration (``eas:overrides``) and apply to documents as they apply to files. ``references`` and ``borrow``: as in
    :func:`components.spec.project.load_project`.
    """
    faults: list[Fault] = []
    typed = [pool for index, given in enumerate(pools) for pool in _pool(given, f"pools[{index}]", faults)]
    typed = with_references(typed, references, borrow, faults)
    loaded: list[Service] = []
    unused = dict(overrides or {})
    for source, name, given in _named(services):
        loaded.extend(_service(given, source, name, unused, faults))
    faults.extend(_unused(name) for name in sorted(unused))
    return assembled(Path(), typed, loaded, faults)


def _pool(given: PoolLike, source: str, faults: list[Fault]) -> Iterator[Pool]:
    if isinstance(given, Pool):
        yield given
        return
    pool, found = parse_pool(given, source=source)
    faults.extend(found)
    if pool is not None:
        yield pool


def _named(
    services: Sequence[ServiceLike] | Mapping[str, Mapping[str, Any]],
) -> Iterator[tuple[str, str, ServiceLike]]:
    """Yield source, name where the document has none, and document."""
    if isinstance(services, Mapping):
        yield from ((f"services[{name!r}]", name, document) for name, document in services.items())
    else:
        yield from ((f"services[{index}]", "", given) for index, given in enumerate(services))


def _service(
    given: ServiceLike, source: str, name: str, unused: dict[str, Mapping[str, Any]], faults: list[Fault]
) -> Iterator[Service]:
    """Yield the typed service, unless it cannot be read; takes its override out of ``unused``."""
    if isinstance(given, Service):
        yield given
        return
    data: Any = given
    known = name or _written_name(given)
    if known in unused:
        changed = overridden(data, unused.pop(known), known)
        faults.extend(changed.faults)
        data = changed.data
    service, found = parse_service(data, source=source, default_name=name)
    faults.extend(found)
    if service is not None:
        yield service


def _unused(name: str) -> Fault:
    message = f"overrides.{name} is for a service that is not declared as a document."
    fix = "Write the name of one, or delete it."
    return Fault("override-known", "invalid", STACK_FILE, f"overrides.{name}", "", message, fix)


def _written_name(document: Any) -> str:
    if not isinstance(document, Mapping):
        return ""
    metadata = document.get("metadata")
    inner = metadata.get("name") if isinstance(metadata, Mapping) else None
    return str(document.get("name") or document.get("metadata.name") or inner or "")
