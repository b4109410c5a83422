"""``eas preview``: Pulumi's own, its verdict as an exit status, and the plan in its events saved."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.cli.fake_pulumi import PLACEMENT, SERVICE, FakePulumi, error, placed, registered, violated
from tests.cli.scratch import Scratch

QUIET = ["--suppress-outputs", "--suppress-progress"]


def arguments(pulumi: FakePulumi) -> list[str]:
    """Return the one call's arguments without the event log, whose name is another each time."""
    (call,) = pulumi.calls
    found = list(call["arguments"])
    at = found.index("--event-log")
    del found[at : at + 2]
    return found


def test_it_runs_pulumi_in_the_project_on_the_stack(scratch: Scratch, pulumi: FakePulumi) -> None:
    assert scratch.eas("preview").exit_code == 0
    assert arguments(pulumi) == ["preview", "--stack", "test", *QUIET]
    assert pulumi.calls[0]["cwd"] == str(scratch.root)
    assert pulumi.calls[0]["debug"] == "true"


def test_options_are_handed_on(scratch: Scratch, pulumi: FakePulumi) -> None:
    pack = scratch.root / "pack"
    pack.mkdir()
    scratch.eas("preview", "--policy-pack", str(pack), "--parallel", "8", "--stack", "prod", "--", "--diff")
    assert arguments(pulumi) == [
        "preview", "--stack", "prod", *QUIET, "--policy-pack", str(pack), "--parallel", "8", "--diff",
    ]  # fmt: skip


def test_the_projects_own_pack_judges_unless_told_otherwise(scratch: Scratch, pulumi: FakePulumi) -> None:
    (scratch.root / "policies").mkdir()
    (scratch.root / "policies" / "PulumiPolicy.yaml").write_text("runtime: python\n")
    scratch.eas("preview")
    scratch.eas("preview", "--no-policy")
    own, none = (call["arguments"] for call in pulumi.calls)
    assert str(scratch.root / "policies") in own
    assert "--policy-pack" not in none


def test_a_pack_and_no_pack_is_a_usage_error(scratch: Scratch, pulumi: FakePulumi, tmp_path: Path) -> None:
    assert scratch.eas("preview", "--no-policy", "--policy-pack", str(tmp_path)).exit_code == 2
    assert scratch.eas("preview", "--policy-pack", str(tmp_path / "nowhere")).exit_code == 2
    assert pulumi.calls == []


@pytest.mark.parametrize(
    ("events", "code", "status"),
    [
        ([placed()], 0, 0),
        ([error("llm/0 asks for 80 GiB and fits nowhere")], 255, 1),
        ([placed(), violated()], 1, 3),
        ([placed(), violated("advisory")], 0, 0),
        ([violated("advisory"), error("something else")], 1, 1),
        ([error("the apply is not what was previewed: services.llm was …")], 255, 4),
    ],
    ids=["fine", "refused", "mandatory", "advisory", "advisory-and-error", "stale"],
)
def test_the_exit_status_says_what_happened(
    scratch: Scratch, pulumi: FakePulumi, events: list[dict[str, Any]], code: int, status: int
) -> None:
    pulumi.script(preview={"events": events, "code": code})
    assert scratch.eas("preview").exit_code == status
    assert scratch.json("preview", code=status)["exit"] == status


def test_json_has_plan_and_verdicts_and_nothing_else_is_on_stdout(
    scratch: Scratch, pulumi: FakePulumi
) -> None:
    pulumi.script(preview={"events": [placed(), violated("advisory")]})
    told = scratch.json("preview")
    assert told["assignments"] == {"llm": {"0": "gpu-a/0"}}
    assert told["change"]["0001"]["service"] == "llm"
    assert told["violations"][0]["policy"] == "headroom-at-least"
    assert told["saved"] is None
    assert "--non-interactive" in pulumi.calls[0]["arguments"]


def test_the_saved_plan_is_what_check_reads(scratch: Scratch, pulumi: FakePulumi, tmp_path: Path) -> None:
    service = registered("urn:llm", SERVICE, {"name": "llm", "__provider": "x"}, op="same")
    gone = registered("urn:old", SERVICE, {}, op="delete")
    other = registered("urn:stack", "pulumi:pulumi:Stack", {})
    pulumi.script(preview={"events": [other, service, gone, placed()]})
    file = tmp_path / "plan.json"
    scratch.ok("preview", "--save-plan", str(file))
    plan = json.loads(file.read_text())
    assert {key: plan[key] for key in ("format", "stack", "services")} == {
        "format": 1,
        "stack": "test",
        "services": {"urn:llm": {"name": "llm"}},
    }
    ((urn, inputs),) = plan["placements"].items()
    assert urn.endswith(f"{PLACEMENT}::fleet")
    assert set(inputs) == {"owner", "assignments", "change"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_refused_preview_saves_nothing(scratch: Scratch, pulumi: FakePulumi, tmp_path: Path) -> None:
    pulumi.script(preview={"events": [placed(), violated()], "code": 1})
    assert scratch.eas("preview", "--save-plan", str(tmp_path / "plan.json")).exit_code == 3
    assert not (tmp_path / "plan.json").exists()


def test_a_plan_that_is_not_known_before_apply_is_not_saved(
    scratch: Scratch, pulumi: FakePulumi, tmp_path: Path
) -> None:
    unplanned = registered("urn:fleet", PLACEMENT, {"owner": "x", "services": {}})
    pulumi.script(preview={"events": [unplanned]})
    result = scratch.eas("preview", "--save-plan", str(tmp_path / "plan.json"))
    assert result.exit_code == 1
    assert "cannot be bound" in result.stderr
    assert not (tmp_path / "plan.json").exists()


def test_without_pulumi_it_says_how_to_get_it(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    result = scratch.eas("preview")
    assert result.exit_code == 1
    assert "make setup" in result.stderr
