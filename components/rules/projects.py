"""Rules of all pools and services of one stack together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from components.rules.rule import Complaint, Rule
from components.spec.options import FIX, disagreements
from components.spec.pool import Pool
from components.spec.service import CARD_MODEL_LABEL, Service


@dataclass(frozen=True, slots=True)
class ProjectView:
    """All pools, and the services of each pool by name."""

    pools: tuple[Pool, ...]
    services: dict[str, tuple[Service, ...]]


def _one_default(view: ProjectView) -> Iterator[Complaint]:
    defaults = [pool.name for pool in view.pools if pool.default]
    for name in defaults[1:]:
        message = (
            f"pools {' and '.join(defaults)} are both the default: services without a resource have no pool."
        )
        yield Complaint("default", True, message, subject=name)


def _options(view: ProjectView) -> Iterator[Complaint]:
    for found in disagreements(view.pools):
        value = getattr(found.pool, found.option)
        yield Complaint(found.option, value, found.message, subject=found.pool.name)


def _memory_only(view: ProjectView) -> Iterator[Complaint]:
    for pool in view.pools:
        sliced = [service for service in view.services.get(pool.name, ()) if service.sliced]
        bare = [service.name for service in sliced if not service.metadata.gpu_core_percentage]
        if pool.memory_only == "mixed" and bare and len(bare) < len(sliced):
            names = f"{', '.join(bare[:3])}{' and others' if len(bare) > 3 else ''}"
            message = (
                f"slices without a percentage ({names}) may share cards of pool {pool.name!r} with slices "
                "that have one: their compute is not bounded."
            )
            yield Complaint("memory_only", pool.memory_only, message, subject=pool.name)


def _idle(view: ProjectView) -> Iterator[Complaint]:
    for pool in view.pools:
        if pool.single_user:
            message = f"single_user of pool {pool.name!r}: runtime {pool.runtime!r} looks for no strangers on its cards."
            yield Complaint("single_user", True, message, subject=pool.name)
        for node in sorted(pool.node_labels):
            field = f"nodes.{node}.labels"
            message = f"{field}: no field of a service chooses nodes by label."
            fix = f"Delete it; a service chooses cards by its label {CARD_MODEL_LABEL}, or nodes by cloud.computing."
            yield Complaint(field, dict(pool.node_labels[node]), message, fix, subject=pool.name)


def by_pool(pairs: Iterable[tuple[Service, Pool]]) -> dict[str, tuple[Service, ...]]:
    """Return services by the name of their pool."""
    found: dict[str, list[Service]] = {}
    for service, pool in pairs:
        found.setdefault(pool.name, []).append(service)
    return {name: tuple(services) for name, services in found.items()}


PROJECTS: tuple[Rule[ProjectView], ...] = (
    Rule(
        "one-default-pool",
        "invalid",
        "project",
        "At most one pool is the default.",
        "Keep default: true in one pool.",
        _one_default,
    ),
    Rule(
        "options-agree",
        "invalid",
        "project",
        "Pools of one stack are planned together and have the same options.",
        FIX,
        _options,
    ),
    Rule(
        "pool-field-has-effect",
        "ineffective",
        "project",
        "No field of a pool file is without effect in this version.",
        "Delete it.",
        _idle,
    ),
    Rule(
        "memory-only-beside-percentage",
        "notice",
        "project",
        "Slices without a percentage do not share cards with slices that have one.",
        "Give them a gpu_core_percentage, or write memory_only: separate in the pool (as ACK does).",
        _memory_only,
    ),
)
