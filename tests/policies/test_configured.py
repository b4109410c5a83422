"""Configuration and waivers: what is wrong with them is said, and loosens nothing."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from components.rules import RULES
from components.rules.configured import LEVELS, OWN, configure, schema
from components.spec.waivers import read_waivers
from policies.judged import STACK
from tests.policies.build import PLACEMENT, SERVICE, reported, service_inputs
from tests.policies.cases import CASES, outcome, step

TODAY = date(2026, 11, 25)
PERCENTAGE_ALONE = {"metadata": {"gpu_core_percentage": 5}}


def faults(config: dict[str, Any]) -> tuple[str, ...]:
    return configure(RULES, config, today=TODAY).faults


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"slice-fit-card": "off"}, "there is no rule 'slice-fit-card'; did you mean 'slice-fits-card'"),
        ({"headroom-at-least": "mandatory"}, "rule 'headroom-at-least': say how much stays free"),
        ({"headroom-at-least": {"level": "mandatory", "card": 2}}, "card is no parameter of it"),
        ({"headroom-at-least": {"level": "mandatory", "cards": "two"}}, "rule 'headroom-at-least': cards:"),
        ({"headroom-at-least": {"level": "mandatory", "percent": 101}}, "rule 'headroom-at-least': percent:"),
        ({"headroom-at-least": {"cards": 2}}, 'write "mandatory", "advisory" or "off"'),
        ({"slice-fits-card": "mandatroy"}, "rule 'slice-fits-card' is 'mandatroy'"),
        (
            {"slice-fits-card": {"level": "off", "cards": 1}},
            "rule 'slice-fits-card' has no parameters, but cards is set",
        ),
        (
            {"team-quota": {"level": "mandatory", "quotas": {"a": {"card": 1}}}},
            "quotas.a.card is no parameter of it",
        ),
        ({"labels-apart": {"level": "mandatory", "apart": [["a", "a"]]}}, "pairs of two different values"),
        ({"cost-at-most": {"level": "advisory", "at_most": 1}}, "rule 'cost-at-most': prices"),
    ],
)
def test_what_is_wrong_with_a_configuration_is_said(config: Any, says: Any) -> None:
    [fault] = faults(config)
    assert says in fault


def test_what_is_wrong_with_a_configuration_stops_the_preview_once() -> None:
    config = {"slice-fit-card": "off"}
    [message] = reported(STACK, {}, config)["eas-rules"]
    assert message.endswith("[configuration]")
    assert reported(PLACEMENT, outcome(), config)["eas-rules"] == []


def test_a_wrong_level_loosens_nothing() -> None:
    config = {"slice-percentage-needs-memory": "offf"}
    assert reported(SERVICE, service_inputs(PERCENTAGE_ALONE), config)["eas-rules"]


def test_a_rule_off_needs_no_parameters() -> None:
    assert faults({"headroom-at-least": "off", "team-quota": "off"}) == ()
    assert faults({}) == ()


@pytest.mark.parametrize("rule", CASES)
def test_the_schema_takes_what_the_reader_takes(rule: Any) -> None:
    validator = Draft202012Validator({"type": "object", "properties": schema(RULES)})
    Draft202012Validator.check_schema(validator.schema)
    for level in LEVELS:
        assert validator.is_valid(CASES[rule].config(rule, level))
    assert not validator.is_valid({rule: "mandatroy"})
    assert not validator.is_valid({rule: {"level": "mandatory", "unheard_of": 1}})


def test_every_rule_can_be_configured() -> None:
    assert {rule.id for rule in RULES} | set(OWN) | {"waivers"} == set(schema(RULES))


def waived(folder: Path, text: str, name: str = "waivers.yaml") -> Any:
    (folder / name).write_text(text)
    return folder


ONE = "- {{rule: slice-percentage-needs-memory, service: svc, until: {}, reason: until the next release}}\n"


def told(folder: Path, kind: str, inputs: dict[str, Any], config: dict[str, Any] | None = None) -> list[str]:
    return reported(kind, inputs, config, today=TODAY, folder=folder)["eas-rules"]


@pytest.mark.parametrize(
    ("until", "excused"), [("2026-11-25", True), ("2027-01-01", True), ("2026-11-24", False)]
)
def test_a_waiver_excuses_one_service_from_one_rule_until_its_day(
    tmp_path: Any, until: Any, excused: Any
) -> None:
    folder = waived(tmp_path, ONE.format(until))
    found = told(folder, SERVICE, service_inputs(PERCENTAGE_ALONE))
    assert (found == []) == excused
    assert told(folder, SERVICE, service_inputs(PERCENTAGE_ALONE, "other"))
    said = told(folder, STACK, {})
    assert (said == []) == excused
    if not excused:
        assert said[0].startswith("the waiver of slice-percentage-needs-memory for 'svc' ended on 2026-11-24")
        assert said[0].endswith("[waiver-expired]")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rule: x", "has to be a list of waivers"),
        ("- {rule: slice-fits-card, service: a, until: soon, reason: b}", "waivers.yaml, waiver 1: until"),
        ("- {rule: slice-fits-card, service: a, until: 2027-01-01}", "reason"),
        ("- {rule: slice-fits-card, service: a, until: 2027-01-01, reason: b, who: me}", "who"),
        (
            "- {rule: slice-fit-card, service: a, until: 2027-01-01, reason: b}",
            "did you mean 'slice-fits-card'",
        ),
        ("- [", "waivers.yaml"),
        ("- 1", "waivers.yaml, waiver 1: the entry"),
    ],
)
def test_what_is_wrong_with_a_waiver_is_said(tmp_path: Any, text: Any, says: Any) -> None:
    [message] = told(waived(tmp_path, text), STACK, {})
    assert says in message
    assert message.endswith("[configuration]")


def test_a_file_of_waivers_that_is_named_has_to_be_there(tmp_path: Any) -> None:
    assert read_waivers(None, tmp_path) == ((), ())
    [message] = told(tmp_path, STACK, {}, {"waivers": "ci/waivers.yaml"})
    assert "ci/waivers.yaml" in message
    waived(tmp_path, ONE.format("2027-01-01"), "other.yaml")
    assert told(tmp_path, SERVICE, service_inputs(PERCENTAGE_ALONE), {"waivers": "other.yaml"}) == []


def test_a_waiver_lets_one_service_go(tmp_path: Any) -> None:
    gone = outcome(steps=[step("stop", "stop", service=name) for name in ("a", "b")], runtime="kubernetes")
    assert len(told(tmp_path, PLACEMENT, gone)) == 2
    waived(tmp_path, "- {rule: removals-at-most, service: a, until: 2027-01-01, reason: agreed}")
    [message] = told(tmp_path, PLACEMENT, gone)
    assert "'b'" in message
