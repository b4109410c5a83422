"""Judging many at once is judging each, whatever the order (known failure 2, for rules)."""

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from components.rules import judge_pool, judge_project, judge_service, judge_with_facts
from components.rules.facts import facts_from
from components.rules.table import SERVICE_RULES
from components.rules.views import ServiceView
from components.spec.pool import Pool, policy_facts
from components.spec.project import Project, choose_pool
from tests.spec.build import pool, read
from tests.spec.strategies import calm, services
from tests.spec.test_properties import floats

POOL = pool()
documents = st.lists(services, max_size=5)


def made(data: Any) -> Any:
    found = [read(one, f"svc_{index}")[0] for index, one in enumerate(data)]
    return tuple(one for one in found if one is not None)


def projected(ones: Any) -> Any:
    return Project(root=Path(), pools=(POOL,), services=tuple(ones), faults=())


@calm
@given(documents)
def test_judging_a_project_is_judging_each_of_its_parts(data: Any) -> None:
    ones = made(data)
    together = judge_project(projected(ones))
    alone = list(judge_pool(POOL))
    for one in ones:
        where = choose_pool(one, (POOL,))
        alone += judge_service(one, where if isinstance(where, Pool) else None)
    project_wide = [fault for fault in together if fault.rule == "memory-only-beside-percentage"]
    assert sorted(map(str, together)) == sorted([*map(str, alone), *map(str, project_wide)])


@calm
@given(documents)
def test_the_order_of_services_does_not_matter(data: Any) -> None:
    ones = made(data)
    first, second = judge_project(projected(ones)), judge_project(projected(reversed(ones)))
    assert sorted(map(str, first)) == sorted(map(str, second))


@calm
@given(services)
def test_the_facts_that_pulumi_hands_on_judge_like_the_pool_itself(data: Any) -> None:
    for one in made([data]):
        from components.spec.keys import plain

        facts = facts_from(plain(floats(policy_facts(POOL))))
        assert judge_with_facts(one, facts) == judge_service(one, POOL)


@calm
@given(services)
def test_each_rule_alone_says_what_it_says_in_the_table(data: Any) -> None:
    for one in made([data]):
        from components.rules.facts import facts_of

        view = ServiceView(one, facts_of(POOL))
        by_rule = [rule.id for rule in SERVICE_RULES for _ in rule.complaints(view)]
        assert by_rule == [fault.rule for fault in judge_service(one, POOL)]
