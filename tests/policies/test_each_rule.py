"""Each rule that a team sets, asked as the engine asks it: floats for numbers, proxies for dicts."""

from typing import Any

import pytest

from components.rules import BY_ID
from components.rules.limits import LIMITS
from components.rules.outcome import OUTCOME
from components.rules.rule import Rule
from tests.policies.build import PLACEMENT, UNKNOWN, UNKNOWN_OBJECT, reported
from tests.policies.cases import BOTH, CASES, PROD, SHARED, TEAM, card, outcome, pool_figures, replaced, step

SET: tuple[Rule[Any], ...] = (*LIMITS, *OUTCOME)


@pytest.mark.parametrize("rule", CASES)
def test_it_speaks_where_it_is_broken(rule: Any) -> None:
    case = CASES[rule]
    [message] = reported(case.kind, case.broken, case.config(rule))["eas-rules"]
    assert message.endswith(f" [{rule}]")
    assert BY_ID[rule].fix in message or rule.startswith("slice-at")


@pytest.mark.parametrize("rule", CASES)
def test_it_is_silent_where_it_is_kept(rule: Any) -> None:
    case = CASES[rule]
    found = reported(case.kind, case.kept, case.config(rule))
    assert not [message for messages in found.values() for message in messages if f"[{rule}]" in message]


@pytest.mark.parametrize("rule", CASES)
def test_it_can_be_advice_or_off(rule: Any) -> None:
    case = CASES[rule]
    found = reported(case.kind, case.broken, case.config(rule, "advisory"))
    assert found["eas-rules"] == []
    assert any(f"[{rule}]" in message for message in found["eas-advice"])
    off = reported(case.kind, case.broken, case.config(rule, "off"))
    assert not [message for messages in off.values() for message in messages if f"[{rule}]" in message]


def test_every_rule_that_a_team_sets_has_a_case() -> None:
    assert set(CASES) == {rule.id for rule in SET}


def test_what_a_team_has_not_set_is_off() -> None:
    for rule in SET:
        if rule.id not in ("no-break-before-make", "nothing-waits", "removals-at-most"):
            assert rule.enforcement == "off"


@pytest.mark.parametrize("name", ["pools", "services", "assignments", "change", "usage"])
def test_what_is_unknown_is_said_and_passes_nothing(name: Any) -> None:
    found = reported(PLACEMENT, {**outcome(), name: UNKNOWN_OBJECT})
    [message] = found["eas-advice"]
    assert f"{name} cannot be judged in this preview" in message


def test_one_unknown_place_is_said_too() -> None:
    found = reported(PLACEMENT, outcome(assignments={"svc": {"0": UNKNOWN}}))
    assert "assignments.svc.0 cannot be judged" in found["eas-advice"][0]


def set_to(rule: str, **parameters: Any) -> dict[str, Any]:
    return {rule: {"level": "mandatory", **parameters}}


def told(inputs: dict[str, Any], config: dict[str, Any]) -> list[str]:
    return reported(PLACEMENT, inputs, config)["eas-rules"]


def test_a_removed_service_counts_on_real_engines_and_where_asked() -> None:
    gone = [step("stop", "stop", service="gone"), step("stop", "stop", 1, service="gone")]
    [message] = told(outcome(runtime="pai-eas", steps=gone), {})
    assert message.startswith("this change removes service 'gone', one of 1; at most 0 may go.")
    assert told(outcome(runtime="simulated", steps=gone), {}) == []
    assert told(outcome(runtime="simulated", steps=gone), set_to("removals-at-most", runtimes=[]))
    assert told(outcome(runtime="pai-eas", steps=gone), set_to("removals-at-most", at_most=1)) == []
    # A pool that left the program with the service: nobody knows its runtime any more.
    elsewhere = [{**each, "from": {"pool": "left", "at": "b/0"}} for each in gone]
    assert told(outcome(runtime="simulated", steps=elsewhere), {})


@pytest.mark.parametrize(
    ("on", "places", "count"),
    [
        ("card", {"0": "a/0", "1": "a/0"}, 1),
        ("card", {"0": "a/0+1", "1": "a/1"}, 1),
        ("card", {"0": "a/0", "1": "a/1"}, 0),
        ("node", {"0": "a", "1": "a"}, 1),
        ("node", {"0": "a/0", "1": "b/0"}, 0),
        ("zone", {"0": "a/0", "1": "b/0"}, 1),
        ("zone", {"0": "a/0", "1": "c/0"}, 0),
        ("zone", {"0": "a/0", "1": "waiting"}, 0),
    ],
)
def test_instances_are_apart_by_card_node_or_zone(on: Any, places: Any, count: Any) -> None:
    found = told(outcome(assignments={"svc": places}), set_to("instances-apart", on=on))
    assert len(found) == count


def test_instances_are_apart_only_where_the_labels_say_so() -> None:
    together = {"svc": {"0": "a/0", "1": "a/1"}}
    asked = set_to("instances-apart", labels={"tier": "1"})
    assert told(outcome(assignments=together), asked) == []
    assert told(outcome(services={"svc": {"tier": "1"}}, assignments=together), asked)


def test_another_owner_is_apart_by_what_its_name_says() -> None:
    beside = {"a/0": {**card(), "instances": {"svc/0": "1 MiB 0 %", "o/p/dev-1/llm/0": "1 MiB 0 %"}}}
    ours = outcome(services={"svc": PROD}, cards=beside)
    assert "an owner of unknown environment" in told(ours, set_to("labels-apart"))[0]
    assert told(ours, set_to("labels-apart", strangers="allow")) == []
    assert (
        "environment development"
        in told(ours, set_to("labels-apart", owners={"*/dev-*": "development"}, strangers="allow"))[0]
    )
    assert told(ours, set_to("labels-apart", owners={"*/dev-*": "production"})) == []
    assert told(outcome(services={"svc": {}}, cards=beside), set_to("labels-apart")) == []


def test_one_clash_of_labels_is_told_once() -> None:
    assert len(told(outcome(services=BOTH, cards=SHARED), set_to("labels-apart"))) == 1


def test_headroom_is_asked_of_what_takes_it_only() -> None:
    short = pool_figures(1, 10_000, 0, (1, 10_000, 0))
    assert told(outcome(figures=short), set_to("headroom-at-least", cards=2, percent=50)) == []
    less = pool_figures(1, 10_000, 0, (2, 60_000, 0))
    assert len(told(outcome(figures=less), set_to("headroom-at-least", cards=2, percent=50))) == 2
    assert told(outcome(figures=less), set_to("headroom-at-least", cards=2, pools=["other"])) == []
    more = pool_figures(1, 10_000, 0, (0, 0, 0))
    assert told(outcome(figures=more), set_to("headroom-at-least", cards=2, percent=50)) == []


def test_a_pool_that_becomes_full_is_not_fragmented() -> None:
    full = pool_figures(0, 0, 0, (1, 50_000, 5_000))
    assert told(outcome(figures=full), set_to("fragmentation-rise", points=0)) == []
    was_full = pool_figures(1, 100, 50, (0, 0, 0))
    assert told(outcome(figures=was_full), set_to("fragmentation-rise", points=49))
    assert told(outcome(figures=was_full), set_to("fragmentation-rise", points=50)) == []


def test_a_service_without_its_label_is_refused_where_asked() -> None:
    on_a10 = {"a/0": card(svc_0="4096 MiB 0 %")}
    quota = {"quotas": {"vision": {"cards": 1}}}
    assert (
        "services without it have 0 whole cards, 4096 MiB"
        in told(outcome(cards=on_a10), set_to("team-quota", **quota))[0]
    )
    assert told(outcome(cards=on_a10), set_to("team-quota", unlabelled="allow", **quota)) == []
    models = {"models": {"vision": ["A10-24G"]}}
    assert told(outcome(cards=on_a10), set_to("models-allowed", **models)) == []
    assert told(outcome(cards=on_a10), set_to("models-allowed", others="refuse", **models))
    assert told(outcome(services=TEAM, cards=on_a10), set_to("models-allowed", **models)) == []


def test_foreign_instances_cost_and_count_nothing() -> None:
    foreign = {"a/0": card(o_q_s_svc_0="whole card")}
    assert told(outcome(cards=foreign), set_to("cost-at-most", at_most=0.1, prices={"A10-24G": 9})) == []
    assert told(outcome(cards=foreign), set_to("team-quota", quotas={})) == []


def test_a_card_costs_its_part_of_its_node_and_an_unknown_price_is_no_price() -> None:
    whole = {"a/0": card(svc_0="whole card")}
    ask = set_to("cost-at-most", at_most=0.9, prices={"ecs.x": 2.0})
    assert (
        "an hour of this stack costs 1.00 after this change; at most 0.9"
        in told(outcome(cards=whole), ask)[0]
    )
    unknown = set_to("cost-at-most", at_most=100, prices={"T4": 2.0})
    assert "no price is given for A10-24G" in told(outcome(cards=whole), unknown)[0]


def test_many_names_are_counted() -> None:
    [message] = told(outcome(steps=replaced("move", 8)), set_to("moves-at-most"))
    assert message.startswith(
        "8 instances moved to another card by this change: svc/0, svc/1, svc/2, svc/3, svc/4 and 3 more;"
    )
