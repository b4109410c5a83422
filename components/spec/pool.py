"""A pool: the nodes reached through one resource id, every card spelled out, and the options for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pydantic import ValidationError

from components.spec.catalogue import Catalogue
from components.spec.catalogue import catalogue as shipped_catalogue
from components.spec.fault import Fault, Level
from components.spec.files import Document
from components.spec.keys import NotPlain, plain
from components.spec.nearest import did_you_mean
from components.spec.node import Card, Node
from components.spec.nodes import nodes_of
from components.spec.placed import placed
from components.spec.pool_file import (
    Capacity,
    LocalSettings,
    MemoryOnly,
    OnConflict,
    OnInsufficient,
    PoolEntry,
    QuotaEntry,
    RuntimeName,
    TypeEntry,
)
from components.spec.positions import join
from components.spec.quotas import Quotas
from components.spec.shown import shown
from components.spec.typed import TypeFault, explain, unknown_keys
from components.spec.unknown import unknown_fault


@dataclass(frozen=True)
class Pool:
    """One pool. Options have the defaults of ``docs/architecture.md``.

    ``resource``: the id that service files name. Without one in the file it is made up from the pool's name,
    as ``eas-r-local-NAME``, so that it counts as a dedicated resource group. ``aliases``: other ids for the
    same nodes. ``reference``: another stack declares it, see :mod:`components.spec.references`.
    """

    name: str
    resource: str
    aliases: tuple[str, ...] = ()
    runtime: RuntimeName = "local"
    default: bool = False
    reference: bool = False
    single_user: bool = False
    discover: bool = False
    capacity: Capacity = "usable"
    memory_only: MemoryOnly = "mixed"
    on_insufficient: OnInsufficient = "refuse"
    max_moves: int = 0
    rebalance: int = 0
    on_conflict: OnConflict = "fail"
    quotas: Quotas = field(default_factory=dict)
    nodes: tuple[Node, ...] = ()
    local: LocalSettings = field(default_factory=LocalSettings)
    node_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    runtime_settings: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    document: Document | None = field(default=None, compare=False, repr=False)
    prefix: str = field(default="", compare=False, repr=False)

    @property
    def ids(self) -> tuple[str, ...]:
        """All resource ids that reach this pool."""
        return (self.resource, *self.aliases)

    @property
    def unseen(self) -> bool:
        """Whether it is another stack's, and what that declares is not known here."""
        return self.reference and not self.nodes

    def settings(self) -> dict[str, Any]:
        """The section of this pool's runtime, as plain data for a launch."""
        if self.runtime == "local":
            # Not model_dump, which warns of every command that is a list of words.
            run = {
                name: line if isinstance(line, str) else list(line) for name, line in self.local.run.items()
            }
            return {**dict(self.local), "run": run, "ports": list(self.local.ports)}
        return dict(self.runtime_settings)

    @cached_property
    def facts(self) -> dict[str, Any]:
        """:func:`policy_facts`, which every service of this pool carries."""
        return policy_facts(self)

    def cards(self) -> tuple[tuple[Node, Card], ...]:
        """Every card with its node, in the order of the file."""
        return tuple((node, card) for node in self.nodes for card in node.cards)

    def fault(self, rule: str, level: Level, field: str, value: Any, message: str, fix: str) -> Fault:
        """Return a fault at a field of this pool, with its place in the file."""
        source = self.source or f"pool {self.name!r}"
        return placed(TypeFault(rule, field, value, message, fix), level, source, self.document, self.prefix)


def made_up_resource(name: str) -> str:
    """Return the resource id of a pool that has none of its own."""
    return f"eas-r-local-{name}"


def made_up_uuid(pool: str, node: str, index: int) -> str:
    """Return the identity of a card that has none in the file: always the same for the same place."""
    return f"GPU-{uuid5(NAMESPACE_URL, f'eas-slices:{pool}/{node}/{index}')}"


def policy_facts(pool: Pool) -> dict[str, Any]:
    """Return what rules need of a pool to judge a service for it: small, plain, the same in any node order.

    ``cards``: one row per kind of card with its count and the most that one node has of it. ``nodes``: one
    row per kind of node with allocatable CPU and memory. ``run``: for what ``local.run`` has a stand-in.
    """
    kinds: Counter[tuple[str, str, int, str]] = Counter()
    most: dict[tuple[str, str, int, str], int] = {}
    for node in pool.nodes:
        here = Counter(
            (node.instance_type, card.model, card.memory_mib, card.capacity_source) for card in node.cards
        )
        kinds.update(here)
        for kind, count in here.items():
            most[kind] = max(most.get(kind, 0), count)
    shapes = Counter(
        (node.instance_type, node.cpu_milli, node.memory_mib, len(node.cards)) for node in pool.nodes
    )
    return {
        "pool": pool.name,
        "resource": pool.resource,
        "aliases": list(pool.aliases),
        "runtime": pool.runtime,
        "discover": pool.discover,
        "memory_only": pool.memory_only,
        "run": sorted(pool.local.run),
        "cards": [
            {
                "instance_type": kind[0],
                "model": kind[1],
                "memory_mib": kind[2],
                "capacity_source": kind[3],
                "count": count,
                "per_node": most[kind],
            }
            for kind, count in sorted(kinds.items())
        ],
        "nodes": [
            {"instance_type": kind, "cpu_milli": cpu, "memory_mib": mib, "cards": cards, "count": count}
            for (kind, cpu, mib, cards), count in sorted(shapes.items())
        ],
    }


def parse_pool(
    data: Any,
    *,
    source: str,
    document: Document | None = None,
    catalogue: Catalogue | None = None,
    prefix: str = "",
) -> tuple[Pool | None, tuple[Fault, ...]]:
    """Type one pool; answers all faults at once and never raises for what a file may hold.

    ``prefix`` is the pool's place in a file of several, such as ``pools[1].``. None where a fault is
    ``invalid``.
    """
    reader = _Reader(source, document, prefix)
    pool = reader.read(data, catalogue or shipped_catalogue())
    faults = tuple(reader.faults)
    return (None if any(fault.level == "invalid" for fault in faults) else pool), faults


class _Reader:
    """Collects the faults of one pool while typing it."""

    def __init__(self, source: str, document: Document | None, prefix: str) -> None:
        self._source = source
        self._document = document
        self._prefix = prefix
        self.faults: list[Fault] = []

    def read(self, data: Any, catalogue: Catalogue) -> Pool | None:
        if not isinstance(data, Mapping):
            fix = "Write one pool: name, nodes (see pool.yaml of the sample)."
            self._add(TypeFault("field-type", "", data, f"the file holds {shown(data)}, not a pool.", fix))
            return None
        try:
            made = plain(data)
        except NotPlain as error:
            self._add(
                TypeFault("field-type", error.path, None, f"{error.path or 'the file'} {error}", error.fix)
            )
            return None
        for path, key, value, block in unknown_keys(PoolEntry, made):
            if block is QuotaEntry:
                self._add(_no_figure(join(path, key), key))
            else:
                unknown = unknown_fault(path, key, block, value)
                self._add(unknown.fault, unknown.level)
        try:
            entry = PoolEntry.model_validate(made)
        except ValidationError as error:
            self._add_all(explain(PoolEntry, detail) for detail in error.errors(include_url=False))
            return None
        return self._pool(entry, catalogue)

    def _pool(self, entry: PoolEntry, catalogue: Catalogue) -> Pool:
        types = self._catalogue(entry.catalogue, catalogue)
        if entry.reference:
            self._add_all_as("ineffective", _not_ones_own(entry))
        nodes, faults = nodes_of(entry, types, made_up_uuid)
        self._add_all(faults)
        settings = {"simulated": entry.simulated, "kubernetes": entry.kubernetes, "pai-eas": entry.pai_eas}
        return Pool(
            name=entry.name,
            resource=entry.resource or made_up_resource(entry.name),
            aliases=entry.aliases,
            runtime=entry.runtime,
            default=entry.default,
            reference=entry.reference,
            single_user=entry.single_user,
            discover=entry.discover,
            capacity=entry.capacity,
            memory_only=entry.memory_only,
            on_insufficient=entry.on_insufficient,
            max_moves=entry.max_moves,
            rebalance=entry.rebalance.max_moves,
            on_conflict=entry.on_conflict,
            quotas={owner: _figures(quota) for owner, quota in entry.quotas.items()},
            nodes=nodes,
            local=entry.local,
            node_labels={name: node.labels for name, node in entry.nodes.items() if node.labels},
            runtime_settings=settings.get(entry.runtime, {}),
            source=self._source,
            document=self._document,
            prefix=self._prefix,
        )

    def _catalogue(self, changes: Mapping[str, TypeEntry], catalogue: Catalogue) -> Catalogue:
        fields: dict[str, dict[str, Any]] = {}
        for name, change in changes.items():
            given = {
                key: getattr(change, key) for key in TypeEntry.model_fields if key in change.model_fields_set
            }
            missing = [
                key for key in ("vcpu", "memory_gib", "model", "count", "gb") if given.get(key) is None
            ]
            if missing and catalogue.get(name) is None:
                message = f"catalogue.{name} is a new instance type without {', '.join(missing)}."
                self._add(
                    TypeFault(
                        "known-instance-type", f"catalogue.{name}", None, message, "Write all of its figures."
                    )
                )
                continue
            fields[name] = given
        return catalogue.overridden(fields)

    def _add_all(self, faults: Iterable[TypeFault]) -> None:
        self._add_all_as("invalid", faults)

    def _add_all_as(self, level: Level, faults: Iterable[TypeFault]) -> None:
        for fault in faults:
            self._add(fault, level)

    def _add(self, found: TypeFault, level: Level = "invalid") -> None:
        self.faults.append(placed(found, level, self._source, self._document, self._prefix))


def _not_ones_own(entry: PoolEntry) -> Iterator[TypeFault]:
    """Yield what the entry of another stack's pool says that only that stack may say."""
    for name in ("nodes", "discover", "resource", "runtime", "capacity", "catalogue", "quotas"):
        if name in entry.model_fields_set:
            message = f"pool {entry.name!r} is another stack's (reference: true), so its {name} is what that stack declares."
            fix = "Delete it here, or delete reference where this stack is to declare the pool."
            yield TypeFault("reference-says-no-nodes", name, None, message, fix)


def _no_figure(field: str, key: str) -> TypeFault:
    """Return the fault of a figure that quotas do not have: kept as it stands it would limit nobody."""
    known = list(QuotaEntry.model_fields)
    message = f"{field} is no figure of a quota, so it would limit nobody."
    fix = did_you_mean(key, known).capitalize() or f"Write {', '.join(known[:-1])} or {known[-1]}."
    return TypeFault("quota-figure", field, None, message, fix)


def _figures(quota: QuotaEntry) -> dict[str, int]:
    """Return what is limited."""
    return {name: value for name, value in quota if value is not None}
