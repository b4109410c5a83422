"""All that one stack declares: its pool and service files, read and typed, with all faults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from components.spec.fault import Fault, SpecError
from components.spec.files import Document, read_document
from components.spec.nearest import did_you_mean
from components.spec.overrides import STACK_FILE, overridden
from components.spec.pool import Pool, parse_pool
from components.spec.references import Borrow, with_references
from components.spec.service import Service, parse_service
from components.spec.shown import shown

POOL_FILE = "pool.yaml"
SERVICE_SUFFIXES = (".json", ".yaml", ".yml")


@dataclass(frozen=True)
class Project:
    """Pools and services of one stack, sorted by name, and every fault that reading them met.

    A file with an ``invalid`` fault is in ``faults`` only. How fields go together is judged by ``rules``.
    """

    root: Path
    pools: tuple[Pool, ...]
    services: tuple[Service, ...]
    faults: tuple[Fault, ...]

    @property
    def references(self) -> tuple[str, ...]:
        """The names of the pools that another stack declares."""
        return tuple(pool.name for pool in self.pools if pool.reference)

    def pool_of(self, service: Service) -> Pool:
        """Return the pool that a service runs in; raises :class:`SpecError` where there is none."""
        found = choose_pool(service, self.pools)
        if isinstance(found, Fault):
            raise SpecError([found])
        return found


def choose_pool(service: Service, pools: Sequence[Pool]) -> Pool | Fault:
    """Return the pool that a service names by resource id, quota id or name; else the only or default one."""
    if service.resource:
        named = [pool for pool in pools if service.resource in (*pool.ids, pool.name)]
        # Its id stands with the stack that declares it, which a check of files alone does not ask.
        unseen = [pool for pool in pools if pool.unseen]
        named = named or (unseen if len(unseen) == 1 else [])
        return named[0] if named else _no_such_pool(service, pools)
    chosen = pools if len(pools) == 1 else [pool for pool in pools if pool.default]
    if len(chosen) == 1:
        return chosen[0]
    listed = ", ".join(f"{pool.name} ({pool.resource})" for pool in pools) or "none"
    message = (
        f"service {service.name!r} names no resource, and which pool is meant is open: pools are {listed}."
    )
    fix = (
        "Write metadata.resource, or `default: true` in one pool."
        if pools
        else "Declare a pool in pool.yaml."
    )
    return service.fault("pool-chosen", "invalid", "metadata.resource", "", message, fix)


def _no_such_pool(service: Service, pools: Sequence[Pool]) -> Fault:
    key = "metadata.resource" if service.metadata.resource else "metadata.quota_id"
    known = {name: pool for pool in pools for name in (*pool.ids, pool.name)}
    meant = did_you_mean(service.resource, known)
    listed = ", ".join(f"{pool.name} ({pool.resource})" for pool in pools) or "none"
    message = (
        f"service {service.name!r} is for {service.resource!r}, and no pool has this id; pools are {listed}."
    )
    fix = f"{meant[:1].upper()}{meant[1:]} " if meant else ""
    fix += "Write the id of a pool, or add it to pool.yaml (`resource` or `aliases`)."
    return service.fault("pool-exists", "invalid", key, service.resource, message, fix)


def load_project(
    root: Path,
    *,
    pool_files: Sequence[str] = (POOL_FILE,),
    services: str = "services",
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    overrides_source: str = STACK_FILE,
    references: Sequence[str] = (),
    borrow: Borrow | None = None,
) -> Project:
    """Read the pool files and all JSON and YAML files that lie in the folder ``services`` (not below it).

    Paths are relative to ``root`` and messages name files by them. Never raises for what files hold; see
    ``faults``. ``references``: names of pools that another stack declares, beside those that a pool file marks so;
    ``borrow`` gives what is recorded of one, and without it that stays open. Beside them ``pool.yaml`` may be missing.
    """
    faults: list[Fault] = []
    if references and tuple(pool_files) == (POOL_FILE,) and not (root / POOL_FILE).exists():
        pool_files = ()
    pools = [pool for name in pool_files for pool in _pools(root, name, faults)]
    pools = with_references(pools, references, borrow, faults)
    loader = _Services(overrides or {}, overrides_source, faults)
    files = (
        (path, (Path(services) / path.name).as_posix()) for path in _service_files(root, services, faults)
    )
    loaded = [service for path, source in files for service in loader.load(path, source)]
    faults.extend(loader.unused(broken=bool(faults)))
    return assembled(root, pools, loaded, faults)


def assembled(root: Path, pools: Sequence[Pool], services: Sequence[Service], faults: list[Fault]) -> Project:
    """Return the project of these pools and services, with the faults met so far and those of all of them together."""
    faults.extend(_repeated_pools(pools))
    faults.extend(repeated_cards(pools))
    faults.extend(_repeated_services(services))
    if pools or not faults:
        chosen = (choose_pool(service, pools) for service in services)
        faults.extend(found for found in chosen if isinstance(found, Fault))
    return Project(
        root=root,
        pools=tuple(sorted(pools, key=lambda pool: pool.name)),
        services=tuple(sorted(services, key=lambda service: service.name)),
        faults=tuple(faults),
    )


def _pools(root: Path, name: str, faults: list[Fault]) -> Iterator[Pool]:
    document = _document(root / name, name, faults)
    if document is None:
        return
    faults.extend(document.faults)
    for data, prefix in _entries(document.data):
        pool, found = parse_pool(data, source=name, document=document, prefix=prefix)
        faults.extend(found)
        if pool is not None:
            yield pool


def _entries(data: Any) -> Iterator[tuple[Any, str]]:
    """Yield each pool of a file: one pool, a list of pools, or ``pools:`` with a list."""
    listed = data.get("pools") if isinstance(data, Mapping) and set(data) == {"pools"} else data
    prefix = "" if listed is data else "pools"
    if isinstance(listed, list):
        for index, item in enumerate(listed):
            yield item, f"{prefix}[{index}]."
    else:
        yield listed, ""


def _document(path: Path, source: str, faults: list[Fault]) -> Document | None:
    try:
        return read_document(path, source)
    except SpecError as error:
        faults.extend(error.faults)
        return None


def _service_files(root: Path, folder: str, faults: list[Fault]) -> list[Path]:
    try:
        found = sorted((root / folder).iterdir())
    except OSError:
        message = f"the service folder {folder!r} is not there."
        fix = "Make it, or set its name in the stack's configuration."
        faults.append(Fault("readable", "invalid", folder, "", "", message, fix))
        return []
    return [path for path in found if path.suffix in SERVICE_SUFFIXES and not path.name.startswith(".")]


def default_name(path: Path) -> str:
    """Return a service's name where its file has none: the file's, with ``-`` and ``.`` as ``_``."""
    return path.stem.replace("-", "_").replace(".", "_")


class _Services:
    """Reads service files with the overrides of one stack."""

    def __init__(self, overrides: Mapping[str, Mapping[str, Any]], source: str, faults: list[Fault]) -> None:
        self._overrides = overrides
        self._source = source
        self._faults = faults
        self._names: set[str] = set()

    def load(self, path: Path, source: str) -> Iterator[Service]:
        """Yield the service of one file, named ``source`` in messages; nothing where a fault is invalid."""
        document = _document(path, source, self._faults)
        if document is None:
            return
        name = _written_name(document.data) or default_name(path)
        self._names.add(name)
        data: Any = document.data
        fields: tuple[str, ...] = ()
        if name in self._overrides:
            changed = overridden(data, self._overrides[name], name, self._source)
            self._faults.extend(changed.faults)
            data, fields = changed.data, changed.fields
        service, found = parse_service(
            data, source=document.source, default_name=default_name(path), document=document
        )
        self._faults.extend(self._at_override(fault, name, fields) for fault in found)
        if service is not None:
            yield service

    def _at_override(self, fault: Fault, name: str, fields: tuple[str, ...]) -> Fault:
        """Name the stack's file where the value that is wrong stands there."""
        if fault.field not in fields:
            return fault
        return replace(fault, source=f"{self._source} (override of {name})", line=None, column=None)

    def unused(self, *, broken: bool) -> Iterator[Fault]:
        """Yield a fault for each override of a service that no file declares."""
        for name in sorted(set(self._overrides) - self._names):
            meant = did_you_mean(name, self._names)
            message = f"overrides.{name} is for a service that no file declares."
            fix = (
                f"{meant[:1].upper()}{meant[1:]} " if meant else ""
            ) + "Write a service's name, or delete it."
            if broken:
                fix += " (Files that could not be read may declare it.)"
            value = shown(self._overrides[name], f"overrides.{name}")
            yield Fault("override-known", "invalid", self._source, f"overrides.{name}", value, message, fix)


def _written_name(data: Any) -> str:
    if not isinstance(data, Mapping):
        return ""
    metadata = data.get("metadata")
    inner = metadata.get("name") if isinstance(metadata, Mapping) else None
    for name in (data.get("name"), data.get("metadata.name"), inner):
        if isinstance(name, str) and name:
            return name
    return ""


def _repeated_services(services: Sequence[Service]) -> Iterator[Fault]:
    first: dict[str, Service] = {}
    for service in services:
        other = first.setdefault(service.name, service)
        if other is not service:
            message = f"the service {service.name!r} is declared here and in {other.source}."
            fix = "Give one of the two another name, or delete one file."
            yield service.fault("service-once", "invalid", "metadata.name", service.name, message, fix)


def _repeated_pools(pools: Sequence[Pool]) -> Iterator[Fault]:
    first: dict[str, Pool] = {}
    for pool in pools:
        for name in dict.fromkeys((pool.name, *pool.ids)):
            other = first.setdefault(name, pool)
            if other is not pool:
                message = f"{name!r} is a pool's name or id here and in {other.source} (pool {other.name!r})."
                key = "name" if name == pool.name else "resource"
                yield pool.fault("pool-once", "invalid", key, name, message, "Give each pool its own.")


def repeated_cards(pools: Sequence[Pool]) -> Iterator[Fault]:
    """Yield a fault for each card that is declared in a second place."""
    """Yield a fault for each card that is declared in a second place."""
    first: dict[str, str] = {}
    for pool in pools:
        for node, card in pool.cards():
            here = f"{pool.name}/{node.name}[{card.index}]"
            other = first.setdefault(card.uuid, here)
            if other != here:
                message = (
                    f"card {card.uuid} is declared as {here} and as {other}: it would be given away twice."
                )
                fix = "Declare a card once; other ids that reach the same nodes go under `aliases`."
                yield pool.fault(
                    "card-once",
                    "invalid",
                    f"nodes.{node.name}.gpus[{card.index}].uuid",
                    card.uuid,
                    message,
                    fix,
                )
