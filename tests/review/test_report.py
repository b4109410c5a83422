"""The report's forms: Markdown that fits a comment, SARIF by its published schema, JSON that is read again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft7Validator

from components.cli.review.findings import of_events
from components.cli.review.markdown import LIMIT, SHOWN, markdown
from components.cli.review.outcome import cost_of, parts_of
from components.cli.review.report import REFUSED, CardChange, Finding, PoolChange, Report, finding_from
from components.cli.review.sarif import sarif
from components.rules import BY_ID
from components.rules.outcome.view import OutcomeView
from tests.policies.cases import card, outcome, pool_figures, replaced, step
from tests.review.published import SARIF, schema

STOPS = Finding(
    "headroom-at-least", "mandatory", "gpus", "1 free card is left.", "Add a node.", "pool.yaml", 3, 1
)
ADVICE = Finding("slice-has-percentage", "advisory", "llm", "No share.", "Write one.", "services/llm.json", 7)
WHOLE = Finding("restarts-at-most", "advisory", "fleet", "2 restart.", "Do it in parts.")


def parts(**changes: Any) -> Any:
    return parts_of(OutcomeView.of(outcome(**changes)))


def whats(**changes: Any) -> dict[str, tuple[str, ...]]:
    return {service.name: service.what for service in parts(**changes).services}


def test_what_happens_to_a_service_is_said_in_words() -> None:
    gone = [step("stop", "stop", service="gone")]
    assert whats(steps=gone) == {"gone": ("removed",)}
    assert whats(steps=[step("start", "start")]) == {"svc": ("added",)}
    more = {"svc": {"0": "a/0", "1": "b/0", "2": "b/1"}}
    assert whats(assignments=more, steps=[step("start", "start", 2)]) == {"svc": ("scaled 2 -> 3",)}
    assert whats(steps=[step("stop", "stop", 1)]) == {"svc": ("scaled 2 -> 1",)}
    assert whats(steps=replaced("roll", 1)) == {"svc": ("restarted",)}
    assert whats(steps=replaced("move", 1, mode="break-before-make")) == {
        "svc": ("moved", "stopped before its replacement is ready")
    }
    assert whats(assignments={"svc": {"0": "waiting"}}) == {"svc": ("waiting",)}


def test_a_declaration_that_restarts_nobody_is_still_told() -> None:
    view = OutcomeView.of(outcome())
    assert [each.what for each in parts_of(view, ["svc", "no_longer_there"]).services] == [
        ("declared otherwise",)
    ]


def test_an_instance_that_is_replaced_is_one_change_and_a_surge_none() -> None:
    surge = [step("start", "surge", role="surge"), step("stop", "stop", role="surge")]
    told = parts(steps=[*surge, *replaced("move", 1)])
    [change] = told.instances
    assert (change.instance, change.origin, change.target, change.how) == ("svc/0", "a/0", "a/0", "move")
    assert told.unchanged == 0
    assert parts().unchanged == 1


def test_cards_and_pools_are_told_before_and_after() -> None:
    changed = {**card(svc_0="4096 MiB 10 %"), "before": {}, "used_mib": 4096, "compute": 10}
    told = parts(
        cards={"a/0": changed, "a/1": card(svc_1="1 MiB 0 %")},
        figures=pool_figures(1, 50_000, 5000, (2, 60_000, 0)),
    )
    assert told.cards == (CardChange("a/0", "A10-24G", {}, {"svc/0": "4096 MiB 10 %"}, 20_480, 90),)
    assert told.pools == (PoolChange("gpus", 8, 100_000, (2, 1), (60_000, 50_000), (0.0, 10.0)),)


def test_a_cost_is_told_where_every_card_has_a_price() -> None:
    changed = {**card(svc_0="whole card"), "before": {"svc/0": "12288 MiB 0 %"}}
    view = OutcomeView.of(outcome(cards={"a/0": changed}))
    assert cost_of(view, {"A10-24G": 2.0}) == (1.0, 2.0)
    assert cost_of(view, {"T4": 2.0}) is None


def test_a_report_is_read_again() -> None:
    report = Report("dev", findings=(STOPS, ADVICE, WHOLE))
    saved = json.loads(json.dumps(report.to_dict()))
    assert tuple(map(finding_from, saved["findings"])) == report.findings


def test_a_finding_stays_itself_when_lines_and_numbers_change() -> None:
    moved = Finding("headroom-at-least", "mandatory", "gpus", "0 free card is left.", "Add.", "pool.yaml", 9)
    assert moved.key == STOPS.key
    assert ADVICE.key != STOPS.key


# ------------------------------------------------------------------------------------------------ SARIF


def log(*findings: Finding, **more: Any) -> Any:
    made = sarif(Report("dev", findings=findings, **more), BY_ID, "0.1.0", "Pulumi.yaml")
    errors = list(Draft7Validator(schema(SARIF)).iter_errors(made))
    assert not errors, errors
    return made["runs"][0]


def test_sarif_is_what_its_published_schema_says() -> None:
    run = log(STOPS, ADVICE, WHOLE, Finding(REFUSED, "mandatory", "x", "fits nowhere"))
    assert [result["level"] for result in run["results"]] == ["error", "warning", "warning", "error"]
    assert log()["results"] == []


def test_the_schema_is_one_that_refuses() -> None:
    made = sarif(Report("dev", findings=(STOPS,)), BY_ID, "0.1.0", "Pulumi.yaml")
    made["runs"][0]["results"][0]["level"] = "fatal"
    assert not Draft7Validator(schema(SARIF)).is_valid(made)


def test_a_finding_stands_at_its_line_and_one_about_the_whole_at_the_projects_file() -> None:
    first, _, last = log(STOPS, ADVICE, WHOLE)["results"]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "pool.yaml"
    assert place["region"] == {"startLine": 3, "startColumn": 1}
    assert last["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "Pulumi.yaml"


def test_what_the_base_has_too_is_suppressed() -> None:
    known = Finding("headroom-at-least", "mandatory", "gpus", "x", known=True)
    old, new = log(known, STOPS)["results"]
    assert old["suppressions"]
    assert (old["baselineState"], new["baselineState"]) == ("unchanged", "new")
    assert "suppressions" not in new


# --------------------------------------------------------------------------------------------- Markdown


def big(count: int) -> Report:
    services: dict[str, dict[str, str]] = {f"s{index:03d}": {} for index in range(count)}
    places = {name: {"0": f"a/{index}"} for index, name in enumerate(services)}
    steps = [step("start", "start", service=name) for name in services]
    cards = {
        f"a/{index}": {**card(), "instances": {f"{name}/0": "4096 MiB 5 %"}, "before": {}}
        for index, name in enumerate(services)
    }
    told = parts(services=services, assignments=places, steps=steps, cards=cards)
    findings = tuple(
        Finding(
            "slice-has-percentage", "advisory", name, "No share.", "Write one.", f"services/{name}.json", 3
        )
        for name in services
    )
    return Report("dev", told.services, told.instances, told.unchanged, told.cards, findings=findings)


def test_three_changes_stand_open() -> None:
    text = markdown(big(3))
    assert text.startswith("## GPU slices of `dev`: ⚠️ 3 pieces of advice\n\nServices: 3 added.")
    assert text.count("<details>") == 1, "only the instances one by one are folded"
    assert "| a/1 A10-24G | - | s001/0 4 GiB 5 % |" in text


def test_three_hundred_changes_are_folded_and_fit_a_comment() -> None:
    text = markdown(big(300))
    assert len(text) <= LIMIT + 200
    opened = text.partition("<details>")[0]
    assert opened.count("| ⚠️ |") == SHOWN
    assert "and 288 more" in text
    assert text.count("<details>") == text.count("</details>")


def test_what_does_not_fit_a_comment_is_said() -> None:
    text = markdown(big(3000))
    assert len(text) <= LIMIT + 200
    assert "`eas review --json` has all of it" in text
    assert text.count("<details>") == text.count("</details>")


@pytest.mark.parametrize(
    ("report", "title"),
    [
        (Report("dev"), "✅ nothing to object to\n\nNo service changes."),
        (Report("dev", findings=(STOPS,)), "❌ 1 finding that stops it"),
        (Report("dev", findings=(STOPS, WHOLE)), "❌ 1 finding that stops it"),
        (
            Report("dev", findings=(STOPS,), errors=("no",), unseen=("x",)),
            "❌ refused: 1 reason\n\nWhat changes is not",
        ),
    ],
)
def test_the_title_is_the_verdict(report: Any, title: Any) -> None:
    assert f"`dev`: {title}" in markdown(report)


def test_names_in_a_pull_request_are_no_markup() -> None:
    hostile = Finding(
        "unknown-key", "advisory", "x", "key `<img src=x>|@everyone [a](b)` is unknown", "", "services/x.json"
    )
    text = markdown(Report("dev", findings=(hostile,)))
    row = next(line for line in text.splitlines() if "unknown-key" in line)
    assert "<img" not in row
    assert "@everyone" not in row
    assert "&#60;img src=x&#62;" in row
    assert row.count("|") - row.count("\\|") == 6


# ------------------------------------------------------------------------------------- policies of others


def violation(message: str, policy: str = "eas-rules", level: str = "mandatory") -> dict[str, str]:
    return {"policy": policy, "level": level, "resource": "urn:pulumi:dev::p::t::llm", "message": message}


def test_what_the_pack_says_again_is_told_once() -> None:
    said = "What is declared.\nservices/llm.json: No share. Write one. [slice-has-percentage]"
    assert list(of_events([violation(said)], [ADVICE])) == []


def test_what_only_the_engine_saw_is_told() -> None:
    unseen = violation("About.\nllm: spec cannot be judged. [known-at-preview]", level="advisory")
    other = violation("Names of buckets.\nbucket is public", policy="no-public-bucket")
    first, second = of_events([unseen, unseen, other], [ADVICE])
    assert (first.rule, first.level, first.subject) == ("known-at-preview", "advisory", "llm")
    assert (second.rule, second.level, second.message) == (
        "no-public-bucket",
        "mandatory",
        "bucket is public",
    )
