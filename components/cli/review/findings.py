"""What is wrong with a change: declared files judged by the same rules as everywhere, the plan, and what others said."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from components.cli.review.report import REFUSED, Finding, Verdict
from components.rules.configured import CONFIGURATION, WAIVER_EXPIRED, Configured
from components.rules.facts import facts_of
from components.rules.judge import judge_limits
from components.rules.outcome.view import OutcomeView
from components.spec.fault import Fault
from components.spec.pool import Pool
from components.spec.project import Project, choose_pool
from components.spec.service import Service
from components.spec.waivers import EXPIRED_FIX

PACK = "eas-slices"
"""The pack that judges by the rule table: what it says is judged here too, with lines."""

STACK = "the stack"
"""The subject of what no service is named in."""

_RULE = re.compile(r"\[([a-z0-9-]+)\]\s*$")
_INSTANCE = re.compile(r"([a-z0-9_]+)/\+?\d+")
_SERVICE = re.compile(r"service '([^']+)'")


def of_files(project: Project, faults: Iterable[Fault], configured: Configured) -> Iterator[Finding]:
    """Yield what is wrong with the declared files, at the levels that count: ``faults``, and a team's own limits."""
    names = {service.source: service.name for service in project.services}
    names |= {pool.source: pool.name for pool in project.pools}
    for fault in (*faults, *_of_limits(project, configured)):
        subject = names.get(fault.source, fault.source)
        # What is invalid stops every preview, whatever the pack is told.
        level = "mandatory" if fault.level == "invalid" else configured.level(fault.rule, subject)
        if level != "off":
            yield Finding(
                fault.rule, level, subject, fault.message, fault.fix, fault.source, fault.line, fault.column
            )


def _of_limits(project: Project, configured: Configured) -> Iterator[Fault]:
    for service in project.services:
        pool = choose_pool(service, project.pools)
        yield from judge_limits(service, facts_of(pool) if isinstance(pool, Pool) else None, configured)


def of_outcome(
    view: OutcomeView, project: Project, configured: Configured, placement: str
) -> Iterator[Finding]:
    """Yield what the rules find in what the plan would do. ``placement``: the name of the resource that plans."""
    services = {service.name: service for service in project.services}
    pools = {pool.name: pool for pool in project.pools}
    for rule, found in configured.complaints("outcome", view):
        subject = found.subject or placement
        level = configured.level(rule.id, subject)
        if level != "off":
            file, line, column = _place(services.get(subject), pools.get(subject))
            fix = found.fix or rule.fix
            yield Finding(rule.id, level, subject, found.message, fix, file, line, column)


def of_configuration(configured: Configured, source: str) -> Iterator[Finding]:
    """Yield what is wrong with the configuration and the waivers themselves."""
    for fault in configured.faults:
        yield Finding(CONFIGURATION, "mandatory", source, fault, file=source)
    for waiver in configured.expired:
        level = configured.level(WAIVER_EXPIRED, waiver.service)
        if level != "off":
            yield Finding(WAIVER_EXPIRED, level, waiver.service, str(waiver), EXPIRED_FIX)


def of_events(violations: Sequence[Mapping[str, str]], known: Iterable[Finding]) -> Iterator[Finding]:
    """Yield what policies said that is not among ``known``: those of other packs, and what only the engine could see."""
    told = {(found.rule, str(found)) for found in known}
    seen: set[tuple[str, str]] = set()
    for violation in violations:
        message = violation["message"].splitlines()[-1] if violation["message"] else ""
        match = _RULE.search(message)
        rule = match[1] if match else violation["policy"]
        text = _RULE.sub("", message).strip()
        # Of a declaration the pack names the file first.
        if (rule, text) in seen or any(rule == other and text.endswith(said) for other, said in told):
            continue
        seen.add((rule, text))
        level: Verdict = "mandatory" if violation["level"] == "mandatory" else "advisory"
        yield Finding(rule, level, violation["resource"].rpartition("::")[2], text)


def of_errors(errors: Iterable[str], project: Project) -> Iterator[Finding]:
    """Yield what the preview was refused for, at the file of the service that it names; else of the whole."""
    services = {service.name: service for service in project.services}
    for error in errors:
        for sentence in filter(None, map(str.strip, error.splitlines())):
            named = next((match[1] for match in _named(sentence) if match[1] in services), "")
            file, line, column = _place(services.get(named), None)
            yield Finding(REFUSED, "mandatory", named or STACK, sentence, "", file, line, column)


def located(findings: Iterable[Finding], prefix: str) -> tuple[Finding, ...]:
    """Return the findings with files as the repository names them (``prefix``: the project's folder in it), sorted."""
    placed = {replace(found, file=f"{prefix}{found.file}") if found.file else found for found in findings}
    return tuple(sorted(placed, key=_order))


def _order(found: Finding) -> tuple[bool, str, int, str, str]:
    """Sort what stops first, then by file and line; what has no file last."""
    return found.level != "mandatory", found.file or "~", found.line or 0, found.rule, found.message


def _named(sentence: str) -> list[re.Match[str]]:
    return [*_SERVICE.finditer(sentence), *_INSTANCE.finditer(sentence)]


def _place(service: Service | None, pool: Pool | None) -> tuple[str, int | None, int | None]:
    """Return file, line and column of what a finding about a plan is about: the count, else the service or pool."""
    if service is not None:
        return service.source, *service.locate("metadata.instance")
    return (pool.source, None, None) if pool is not None else ("", None, None)
