"""Judging one resource: the same rules as ``check`` and ``eas check``, on the inputs that Pulumi has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from components.rules.configured import CONFIGURATION, KNOWN_AT_PREVIEW, WAIVER_EXPIRED, Configured
from components.rules.facts import PoolFacts, facts_from
from components.rules.judge import judge_limits, judge_pool, judge_with_facts
from components.rules.outcome import OutcomeView
from components.rules.outcome.view import READ
from components.spec.node import Node
from components.spec.packed import unpacked, unpacked_each
from components.spec.pool import Pool
from components.spec.service import parse_service
from components.spec.waivers import EXPIRED_FIX
from policies.plain import Plain, to_plain

SERVICE = "pulumi-python:dynamic/eas:EasService"
POOL = "pulumi-python:dynamic/eas:GpuPool"
PLACEMENT = "pulumi-python:dynamic/eas:Placement"
STACK = "pulumi:pulumi:Stack"
"""Registered once and first in every run: what is wrong with the pack's own configuration is said there."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: its id, the service or pool, and the sentence."""

    rule: str
    name: str
    message: str


def violations(
    kind: str, props: Mapping[str, Any], resource: str, configured: Configured
) -> Iterator[Violation]:
    """Yield every broken rule of one resource; none for a resource of another kind."""
    judge = {SERVICE: _service, POOL: _pool, PLACEMENT: _placement, STACK: _pack}.get(kind)
    if judge is not None:
        yield from judge(props, resource, configured)


def _pack(_props: Mapping[str, Any], resource: str, configured: Configured) -> Iterator[Violation]:
    for fault in configured.faults:
        yield Violation(CONFIGURATION, resource, f"{fault} [{CONFIGURATION}]")
    for waiver in configured.expired:
        yield Violation(WAIVER_EXPIRED, waiver.service, f"{waiver} {EXPIRED_FIX} [{WAIVER_EXPIRED}]")


def _unknown(plain: Plain, resource: str) -> Iterator[Violation]:
    if plain.unknown:
        shown = ", ".join(plain.unknown[:5]) + (" and more" if len(plain.unknown) > 5 else "")
        message = (
            f"{resource}: {shown} cannot be judged in this preview, as it is not known yet; `up` judges it."
        )
        yield Violation(KNOWN_AT_PREVIEW, resource, f"{message} [{KNOWN_AT_PREVIEW}]")


def _service(props: Mapping[str, Any], resource: str, configured: Configured) -> Iterator[Violation]:
    plain = to_plain(props, "name", "spec", "about")
    about = unpacked(plain.data.get("about")) or {}
    yield from _unknown(plain, resource)
    if any(path.partition(".")[0] in ("spec", "name") for path in plain.unknown):
        # Half a specification judged as a whole would accuse what is not there.
        return
    name = str(plain.data.get("name") or resource)
    source = str(about.get("source") or f"service {name!r}")
    service, faults = parse_service(unpacked(plain.data.get("spec")), source=source, default_name=name)
    if service is not None:
        facts = (
            None
            if any(path.startswith("about") for path in plain.unknown)
            else _facts(about.get("pool_facts"))
        )
        faults = (*faults, *judge_with_facts(service, facts), *judge_limits(service, facts, configured))
    for fault in faults:
        yield Violation(fault.rule, name, str(fault))


def _facts(data: Any) -> PoolFacts | None:
    return facts_from(unpacked(data)) if data else None


def _pool(props: Mapping[str, Any], resource: str, _configured: Configured) -> Iterator[Violation]:
    plain = to_plain(props, "name", "resource", "runtime", "nodes", "quotas")
    yield from _unknown(plain, resource)
    if plain.unknown:
        return
    nodes = unpacked_each(plain.data.get("nodes"))
    name = str(plain.data.get("name") or resource)
    pool = Pool(
        name=name,
        resource=plain.data.get("resource") or "",
        runtime=plain.data.get("runtime") or "local",
        # Without nodes it takes those that the runtime reports.
        discover=not nodes,
        nodes=tuple(Node.from_dict(nodes[key]) for key in sorted(nodes)),
        quotas=plain.data.get("quotas") or {},
    )
    for fault in judge_pool(pool):
        yield Violation(fault.rule, name, str(fault))


def _placement(props: Mapping[str, Any], resource: str, configured: Configured) -> Iterator[Violation]:
    plain = to_plain(props, *READ)
    yield from _unknown(plain, resource)
    if plain.unknown:
        return
    view = OutcomeView.of(plain.data)
    for rule, found in configured.complaints("outcome", view):
        yield Violation(
            rule.id, found.subject or resource, f"{found.message} {found.fix or rule.fix} [{rule.id}]"
        )
