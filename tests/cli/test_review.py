"""``eas review``: what it refuses to begin with, what it says when little can be known, how it ends."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.fake_pulumi import FakePulumi, error, placed, violated
from tests.cli.scratch import Scratch


def configured(scratch: Scratch, text: str) -> None:
    (scratch.root / "policies.json").write_text(text)


def rules(report: Any) -> list[str]:
    return sorted(each["rule"] for each in report["findings"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--new-only"], "--new-only and --base go together"),
        (["--base", "main"], "--new-only and --base go together"),
        (["--snapshot", "x.db", "--save-plan", "plan.json"], "binds nothing"),
        (["--max-age", "soon"], "--max-age soon is no age"),
        (["--policy-config", "nowhere.json"], "there is no policy configuration nowhere.json"),
        (["--new-only", "--base", "no-such-commit"], "neither a saved report nor a commit"),
    ],
)
def test_a_wrong_command_line_is_2(scratch: Scratch, pulumi: FakePulumi, arguments: Any, says: Any) -> None:
    scratch.service("llm", gpu_memory=4)
    result = scratch.eas("review", *arguments)
    assert result.exit_code == 2
    assert says in result.output.replace("\n", " ")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "policies.json is no JSON"),
        ("[]", "has to be one object"),
        ('{"eas-rule": {}}', "there is no policy 'eas-rule'"),
        ('{"eas-rules": []}', "has to be an object of rules"),
        (
            '{"eas-rules": {"enforcementLevel": "advisory", "slice-fits-card": "mandatory"}}',
            "could not be mandatory",
        ),
        (
            '{"all": "disabled", "eas-rules": {"moves-at-most": {"level": "advisory"}}}',
            "could not be advisory",
        ),
    ],
)
@pytest.mark.parametrize("command", ["review", "preview"])
def test_a_configuration_that_contradicts_itself_is_refused(
    scratch: Scratch, pulumi: FakePulumi, command: Any, text: Any, says: Any
) -> None:
    (scratch.root / "policies").mkdir()
    (scratch.root / "policies" / "PulumiPolicy.yaml").write_text("runtime: python\n")
    configured(scratch, text)
    result = scratch.eas(command)
    assert result.exit_code == 2
    assert says in result.output
    assert pulumi.calls == []


def test_the_projects_own_configuration_is_handed_to_pulumi(scratch: Scratch, pulumi: FakePulumi) -> None:
    (scratch.root / "policies").mkdir()
    (scratch.root / "policies" / "PulumiPolicy.yaml").write_text("runtime: python\n")
    configured(scratch, '{"eas-rules": {"slice-fits-card": "advisory"}}')
    scratch.eas("preview")
    scratch.eas("preview", "--no-policy")
    own, none = (call["arguments"] for call in pulumi.calls)
    assert own[own.index("--policy-pack-config") + 1] == str(scratch.root / "policies.json")
    assert "--policy-pack-config" not in none


def test_a_configuration_with_an_unknown_rule_is_a_finding(scratch: Scratch, pulumi: FakePulumi) -> None:
    configured(scratch, '{"eas-rules": {"slice-fit-card": "off"}}')
    pulumi.script(preview={"events": [placed()]})
    report = scratch.json("review", code=3)
    [found] = report["findings"]
    assert (found["rule"], found["file"]) == ("configuration", "policies.json")
    assert "did you mean 'slice-fits-card'" in found["message"]


def test_a_file_that_does_not_parse_is_a_finding_and_pulumi_is_not_asked(
    scratch: Scratch, pulumi: FakePulumi
) -> None:
    (scratch.root / "services" / "broken.json").write_text('{"metadata": }')
    scratch.service("alone", gpu_core_percentage=5)
    report = scratch.json("review", code=1)
    assert rules(report) == ["readable", "slice-percentage-needs-memory"]
    assert {each["file"]: each["line"] for each in report["findings"]} == {
        "services/alone.json": 5,
        "services/broken.json": 1,
    }
    assert report["unseen"] == ["what the change would do, as the files cannot be used as they are"]
    assert pulumi.calls == []


def test_a_preview_that_fails_for_another_reason_is_told_with_what_is_known(
    scratch: Scratch, pulumi: FakePulumi
) -> None:
    scratch.service("alone", gpu_core_percentage=5)
    pulumi.script(
        preview={"code": 255, "events": [error("the backend cannot be reached"), error("preview failed")]}
    )
    report = scratch.json("review", code=1)
    assert report["errors"] == ["the backend cannot be reached"]
    assert rules(report) == ["refused", "slice-percentage-needs-memory"]
    assert report["unseen"] == ["what the change would do, as the preview planned nothing"]
    saved = scratch.root / "base.json"
    saved.write_text(json.dumps(report))
    again = scratch.json("review", "--new-only", "--base", str(saved), code=1)
    assert {each["rule"]: each["known"] for each in again["findings"]} == {
        "refused": False,
        "slice-percentage-needs-memory": True,
    }, "that the base's preview failed as well says nothing of this change"
    text = scratch.eas("review").output
    assert "❌ refused" in text
    assert "the backend cannot be reached" in text


def test_a_pool_that_is_deleted_is_told_at_the_services_that_need_it(
    scratch: Scratch, pulumi: FakePulumi
) -> None:
    scratch.service("llm", gpu_memory=4)
    (scratch.root / "pool.yaml").unlink()
    report = scratch.json("review", code=1)
    assert "readable" in rules(report)
    assert any("pool.yaml" in each["file"] for each in report["findings"])


def test_what_another_pack_says_decides_too(scratch: Scratch, pulumi: FakePulumi) -> None:
    pulumi.script(preview={"code": 255, "events": [placed(), violated(), error("preview failed")]})
    report = scratch.json("review", code=3)
    [found] = report["findings"]
    assert (found["rule"], found["message"]) == ("headroom-at-least", "gpu-a/0 is at 95 %")
    pulumi.script(preview={"events": [placed(), violated("advisory")]})
    assert scratch.json("review")["findings"][0]["level"] == "advisory"


def test_a_saved_report_is_a_base(scratch: Scratch, pulumi: FakePulumi, tmp_path: Path) -> None:
    pulumi.script(preview={"events": [placed()]})
    scratch.service("alone", gpu_core_percentage=5)
    saved = tmp_path / "base.json"
    saved.write_text(json.dumps(scratch.json("review", code=3)))
    report = scratch.json("review", "--new-only", "--base", str(saved))
    assert [each["known"] for each in report["findings"]] == [True]
    scratch.service("other", gpu_core_percentage=5)
    report = scratch.json("review", "--new-only", "--base", str(saved), code=3)
    assert [each["known"] for each in report["findings"]] == [True, False]
    saved.write_text("{}")
    assert (
        "is no report of `eas review --json`"
        in scratch.eas("review", "--new-only", "--base", str(saved)).output
    )


def test_a_project_that_is_new_on_the_branch_has_no_base(scratch: Scratch, pulumi: FakePulumi) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for arguments in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "base"]):
        subprocess.run([*git, *arguments], cwd=scratch.root, check=True)
    pulumi.script(preview={"events": [placed()]})
    scratch.service("alone", gpu_core_percentage=5)
    report = scratch.json("review", "--new-only", "--base", "HEAD", code=3)
    assert [each["known"] for each in report["findings"]] == [False]


def test_a_value_that_is_known_at_apply_only_is_said(scratch: Scratch, pulumi: FakePulumi) -> None:
    event = placed()
    inputs = event["resourcePreEvent"]["metadata"]["new"]["inputs"]
    del inputs["change"], inputs["assignments"]
    pulumi.script(preview={"events": [event]})
    report = scratch.json("review")
    assert report["unseen"] == [
        "what the change would do, as a value that is known at apply only decides about it"
    ]
    assert "What changes is not known." in scratch.ok("review")


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "there is no"), (b"not a database, by far", "is no picture of a ledger")],
)
def test_a_picture_that_is_none_is_refused(
    scratch: Scratch, pulumi: FakePulumi, tmp_path: Path, content: Any, says: Any
) -> None:
    file = tmp_path / "picture.db"
    if content is not None:
        file.write_bytes(content)
    result = scratch.eas("review", "--snapshot", str(file))
    assert result.exit_code == 1
    assert says in result.output


def test_a_ledger_is_no_picture_and_a_picture_no_ledger(
    fleet: Scratch, pulumi: FakePulumi, tmp_path: Path
) -> None:
    ledger = fleet.root / ".eas" / "ledger.db"
    assert "is a ledger, not a picture of one" in fleet.eas("review", "--snapshot", str(ledger)).output
    picture = tmp_path / "picture.db"
    told = fleet.json("snapshot", str(picture))
    assert told["instances"] == 3
    assert oct(picture.stat().st_mode & 0o777) == "0o600"
    assert fleet.json("ls", "--ledger", str(picture)) is not None
    refused = fleet.eas("drain", "gpu-a", "--ledger", str(picture))
    assert refused.exit_code == 1
    assert "nothing is applied by it" in refused.output.replace("\n", " ")
    fleet.ok("snapshot", str(picture))


def test_there_is_no_picture_of_no_ledger(scratch: Scratch, tmp_path: Path) -> None:
    result = scratch.eas("snapshot", str(tmp_path / "picture.db"))
    assert result.exit_code == 1
    assert "there is no ledger" in result.output
    assert list(tmp_path.glob("*picture*")) == []
