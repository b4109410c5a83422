"""Judging: the rules of the table over a service, a pool or a project; all complaints, as faults."""

from __future__ import annotations

from components.rules.configured import Configured
from components.rules.facts import PoolFacts, facts_of
from components.rules.pools import POOLS
from components.rules.projects import PROJECTS, ProjectView, by_pool
from components.rules.table import SERVICE_RULES
from components.rules.views import ServiceView
from components.spec.fault import Fault
from components.spec.pool import Pool
from components.spec.project import Project, choose_pool
from components.spec.service import Service


def judge_service(service: Service, pool: Pool | None) -> tuple[Fault, ...]:
    """Return what is wrong with one service; without a pool the rules that need one say nothing."""
    return judge_with_facts(service, facts_of(pool) if pool is not None else None)


def judge_with_facts(service: Service, facts: PoolFacts | None) -> tuple[Fault, ...]:
    """Return what is wrong with one service, for who has only the facts of its pool (the policy pack)."""
    view = ServiceView(service, facts)
    return tuple(
        service.fault(rule.id, rule.level, found.field, found.value, found.message, found.fix or rule.fix)
        for rule in SERVICE_RULES
        for found in rule.complaints(view)
    )


def judge_limits(service: Service, facts: PoolFacts | None, configured: Configured) -> tuple[Fault, ...]:
    """Return what a team's own limits find in one service; those that are off are not asked."""
    return tuple(
        service.fault(rule.id, rule.level, found.field, found.value, found.message, found.fix or rule.fix)
        for rule, found in configured.complaints("limits", ServiceView(service, facts), service.name)
    )


def judge_pool(pool: Pool) -> tuple[Fault, ...]:
    """Return what is wrong with one pool."""
    return tuple(
        pool.fault(rule.id, rule.level, found.field, found.value, found.message, found.fix or rule.fix)
        for rule in POOLS
        for found in rule.complaints(pool)
    )


def judge_project(project: Project) -> tuple[Fault, ...]:
    """Return what is wrong with a project: its pools, its services, and all of them together.

    What reading found is in ``project.faults`` and not repeated here.
    """
    faults = [fault for pool in project.pools for fault in judge_pool(pool)]
    facts = {pool.name: None if pool.unseen else facts_of(pool) for pool in project.pools}
    pairs: list[tuple[Service, Pool]] = []
    for service in project.services:
        pool = choose_pool(service, project.pools)
        if isinstance(pool, Pool):
            pairs.append((service, pool))
            faults.extend(judge_with_facts(service, facts[pool.name]))
        else:
            faults.extend(judge_with_facts(service, None))
    return (*faults, *_together(ProjectView(project.pools, by_pool(pairs))))


def _together(view: ProjectView) -> list[Fault]:
    pools = {pool.name: pool for pool in view.pools}
    return [
        pools[found.subject].fault(
            rule.id, rule.level, found.field, found.value, found.message, found.fix or rule.fix
        )
        for rule in PROJECTS
        for found in rule.complaints(view)
    ]
