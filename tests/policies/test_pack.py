"""The policy pack, asked as the engine asks it."""

from typing import Any

import pytest
from pulumi_policy import ResourceValidationPolicy

from components.rules import judge_service
from components.rules.rule import Rule
from components.rules.table import SERVICE_RULES
from policies.pack import PolicyFault, named, policies
from policies.testing import arguments, on_service
from tests.policies.build import (
    PLACEMENT,
    POOL,
    SERVICE,
    UNKNOWN,
    UNKNOWN_OBJECT,
    placement_inputs,
    pool_inputs,
    reported,
    service_inputs,
)
from tests.rules.test_each_service_rule import CASES
from tests.spec.build import pool, service

SLICE = {"metadata": {"gpu_memory": 4}}
PERCENTAGE_ALONE = {"metadata": {"gpu_core_percentage": 5}}
NOTHING: dict[str, list[str]] = {"eas-rules": [], "eas-advice": []}


def test_what_keeps_the_rules_is_not_reported() -> None:
    assert reported(SERVICE, service_inputs(SLICE)) == NOTHING
    assert reported(POOL, pool_inputs()) == NOTHING
    assert reported(PLACEMENT, placement_inputs()) == NOTHING


@pytest.mark.parametrize(
    "rule", [rule for rule in SERVICE_RULES if rule.level == "ineffective"], ids=lambda rule: rule.id
)
def test_what_eas_would_ignore_is_a_violation(rule: Any) -> None:
    case = CASES[rule.id][0]
    found = reported(SERVICE, service_inputs(case))["eas-rules"]
    assert any(message.endswith(f"[{rule.id}]") for message in found)


@pytest.mark.parametrize("rule", CASES)
def test_the_pack_says_what_check_says(rule: Any) -> None:
    case = CASES[rule][0]
    document, changes = case if isinstance(case, tuple) else (case, {})
    made = service(**document)
    where = pool(**changes)
    inputs = service_inputs(
        made.public(), made.name, about={"pool_facts": where.facts, "source": made.source}
    )
    everything = dict.fromkeys((each.id for each in SERVICE_RULES), "mandatory")
    assert reported(SERVICE, inputs, everything)["eas-rules"] == [
        str(fault) for fault in judge_service(made, where)
    ]


def test_what_the_reader_refuses_is_a_violation_too() -> None:
    [message] = reported(SERVICE, service_inputs({"metadata": {"gpu_memory": "20GiB"}}))["eas-rules"]
    assert "Write 20 without quotes or unit" in message
    assert message.startswith("services/svc.json: metadata.gpu_memory")


@pytest.mark.parametrize("spec", [None, [], "text", {"metadata": [1]}])
def test_a_spec_that_is_none_is_a_violation_and_no_traceback(spec: Any) -> None:
    assert reported(SERVICE, service_inputs(spec))["eas-rules"]


def test_an_advisory_rule_is_reported_by_the_second_policy() -> None:
    found = reported(SERVICE, service_inputs(PERCENTAGE_ALONE), {"slice-percentage-needs-memory": "advisory"})
    assert found["eas-rules"] == []
    [message] = found["eas-advice"]
    assert message.endswith("[slice-percentage-needs-memory]")


def test_a_rule_that_is_off_is_not_reported() -> None:
    assert (
        reported(SERVICE, service_inputs(PERCENTAGE_ALONE), {"slice-percentage-needs-memory": "off"})
        == NOTHING
    )


def test_a_notice_is_reported_where_it_is_asked_for() -> None:
    spec = {**SLICE, "containers": [{"image": "x", "script": "gunicorn --workers 4"}]}
    assert reported(SERVICE, service_inputs(spec)) == NOTHING
    assert reported(SERVICE, service_inputs(spec), {"limit-per-process": "mandatory"})["eas-rules"]


def test_advice_on_one_resource_does_not_reach_another() -> None:
    rules, advice = (policy for policy in policies() if isinstance(policy, ResourceValidationPolicy))
    config = {"slice-percentage-needs-memory": "advisory"}
    found: list[str] = []

    def report(message: str, _urn: str | None = None) -> None:
        found.append(message)

    rules.validate(arguments(SERVICE, service_inputs(PERCENTAGE_ALONE), config), report)
    advice.validate(arguments(SERVICE, service_inputs(SLICE, "other")), report)
    assert found == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"spec": {"metadata": {"gpu_memory": UNKNOWN}}}, "spec.metadata.gpu_memory"),
        ({"spec": UNKNOWN_OBJECT}, "spec"),
        ({"spec": {"containers": [{"image": UNKNOWN}]}}, "spec.containers[0].image"),
        ({"name": UNKNOWN}, "name"),
    ],
)
def test_what_is_unknown_neither_crashes_nor_passes_silently(changes: Any, field: Any) -> None:
    found = reported(SERVICE, {**service_inputs(PERCENTAGE_ALONE), **changes})
    assert found["eas-rules"] == []
    [message] = found["eas-advice"]
    assert field in message
    assert message.endswith("[known-at-preview]")


def test_with_unknown_cards_the_other_rules_are_still_judged() -> None:
    found = reported(SERVICE, service_inputs(PERCENTAGE_ALONE, about={"pool_facts": UNKNOWN}))
    assert len(found["eas-rules"]) == len(found["eas-advice"]) == 1


def test_what_is_unknown_can_be_made_to_stop_the_preview() -> None:
    found = reported(SERVICE, service_inputs(UNKNOWN_OBJECT), {"known-at-preview": "mandatory"})
    assert len(found["eas-rules"]) == 1


def test_a_pool_is_judged() -> None:
    [message] = reported(POOL, pool_inputs(resource="public"))["eas-rules"]
    assert message.endswith("[pool-resource-id]")
    assert reported(POOL, pool_inputs(nodes=UNKNOWN_OBJECT))["eas-advice"]


@pytest.mark.parametrize(("service_name", "count"), [("svc", 1), ("batch", 0)])
def test_a_break_before_make_is_refused_unless_the_service_tolerates_it(
    service_name: Any, count: Any
) -> None:
    step = {"op": "stop", "how": "roll", "service": service_name, "ordinal": 0, "mode": "break-before-make"}
    change = {"0001": step, "0002": {**step, "op": "start", "mode": ""}, "adopted": {"svc": {"0": "a -> b"}}}
    found = reported(PLACEMENT, placement_inputs(change=change))["eas-rules"]
    assert len(found) == count
    assert all(message.endswith("[no-break-before-make]") for message in found)


def test_waiting_instances_are_advice() -> None:
    found = reported(PLACEMENT, placement_inputs(assignments={"svc": {"0": "waiting", "1": "n/0"}}))
    assert found["eas-rules"] == []
    assert "instance 0 has no place" in found["eas-advice"][0]


def test_an_unknown_change_is_not_passed_silently() -> None:
    assert reported(PLACEMENT, placement_inputs(change=UNKNOWN_OBJECT))["eas-advice"]


def test_resources_of_other_kinds_are_left_alone() -> None:
    assert reported("aws:s3/bucket:Bucket", service_inputs(PERCENTAGE_ALONE)) == NOTHING


def test_a_failure_of_the_pack_names_policy_and_resource() -> None:
    def broken(_args: Any, _report: Any) -> None:
        raise KeyError("missing")

    with pytest.raises(PolicyFault, match=r"policy eas-rules failed on 'svc': KeyError: 'missing'"):
        named("eas-rules", broken)(arguments(SERVICE, service_inputs(SLICE)), print)


def test_a_rule_with_a_mistake_is_named() -> None:
    def broken(_view: Any) -> Any:
        raise KeyError("missing")

    rule: Rule[Any] = Rule("image-has-tag", "notice", "limits", "Images have tags.", "Write one.", broken)
    with pytest.raises(
        PolicyFault, match=r"failed on 'svc': RuleFailed: rule 'image-has-tag' failed: KeyError"
    ):
        on_service(rule, SLICE)
