"""``eas up``: preview, ask, apply exactly that; and ``eas down``."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.cli.fake_pulumi import (
    SERVICE,
    SIGINT,
    FakePulumi,
    error,
    placed,
    registered,
    stack_outputs,
    violated,
)
from tests.cli.scratch import Scratch

ROOT = Path(__file__).resolve().parents[2]


def verbs(pulumi: FakePulumi) -> list[str]:
    """Return what Pulumi was asked to do, in order."""
    return [call["arguments"][0] for call in pulumi.calls]


def test_it_previews_and_then_applies_exactly_that(scratch: Scratch, pulumi: FakePulumi) -> None:
    pulumi.script(preview={"events": [placed()]}, up={"events": [placed()]})
    scratch.ok("up", "--yes")
    assert verbs(pulumi) == ["preview", "up"]
    up = pulumi.calls[1]
    assert {"--skip-preview", "--yes"} <= set(up["arguments"])
    assert up["mode"] == "0o600"
    (inputs,) = up["bound"]["placements"].values()
    assert inputs["assignments"] == {"llm": {"0": "gpu-a/0"}}
    assert "__provider" not in inputs
    assert pulumi.calls[0]["bound"] is None


@pytest.mark.parametrize("runtime", ["local", "simulated"])
def test_without_a_terminal_it_says_yes_where_only_this_machine_is_touched(
    scratch: Scratch, pulumi: FakePulumi, runtime: str
) -> None:
    scratch.pool(runtime=runtime)
    assert "--yes: local runtime" in scratch.ok("up").splitlines()
    assert verbs(pulumi) == ["preview", "up"]


HIDDEN = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}
"""A secret in an engine event."""


def same(*, old: dict[str, Any] | None = None, new: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return the events of a preview that changes no resource."""
    assignments = {"llm": {"0": "gpu-a/0", "1": "gpu-a/1", "2": "waiting"}, "page": {"0": "gpu-a/0"}}
    service = registered("urn:llm", SERVICE, {"name": "llm"}, "same")
    outputs = stack_outputs(old or {"x": 1}, new or {"x": 1})
    return [service, placed("same", assignments=assignments, change={}), outputs]


def test_where_nothing_would_change_there_is_no_second_run(fleet: Scratch, pulumi: FakePulumi) -> None:
    pulumi.script(preview={"events": same()})
    said = fleet.ok("up")
    assert verbs(pulumi) == ["preview"]
    assert "nothing to change: 2 resources, 3 instances as planned, 1 waiting" in said.splitlines()
    assert "try next:" in said
    assert "page/0" in said
    assert fleet.json("up")["nothing_to_change"] is True


@pytest.mark.parametrize(
    "events",
    [
        same(new={"x": 2}),
        same(new={"x": 1, "y": 1}),
        same(old={"x": [{"y": HIDDEN}]}, new={"x": [{"y": HIDDEN}]}),
        [*same(), registered("urn:page", SERVICE, {}, "delete")],
        [*same(), registered("urn:page", SERVICE, {}, "update")],
        [],
    ],
    ids=[
        "an output changes",
        "an output comes",
        "a secret may change",
        "a resource goes",
        "a resource changes",
        "it said nothing",
    ],
)
def test_where_anything_would_change_it_is_applied(
    scratch: Scratch, pulumi: FakePulumi, events: list[dict[str, Any]]
) -> None:
    pulumi.script(preview={"events": events})
    assert "nothing to change" not in scratch.ok("up", "--yes")
    assert verbs(pulumi) == ["preview", "up"]


def test_without_a_terminal_it_refuses_elsewhere(scratch: Scratch, pulumi: FakePulumi) -> None:
    scratch.pool(runtime="kubernetes")
    result = scratch.eas("up")
    assert result.exit_code == 1
    assert "eas up --yes" in result.stderr
    assert verbs(pulumi) == ["preview"]


@pytest.mark.parametrize(
    ("events", "status"), [([violated()], 3), ([error("llm/0 fits nowhere")], 1)], ids=["policy", "refused"]
)
def test_a_preview_that_fails_is_not_applied(
    scratch: Scratch, pulumi: FakePulumi, events: list[dict[str, Any]], status: int
) -> None:
    pulumi.script(preview={"events": events, "code": 1})
    assert scratch.eas("up", "--yes").exit_code == status
    assert verbs(pulumi) == ["preview"]


def test_a_saved_plan_is_applied_without_a_preview(
    scratch: Scratch, pulumi: FakePulumi, tmp_path: Path
) -> None:
    pulumi.script(preview={"events": [placed()]})
    file = tmp_path / "plan.json"
    scratch.ok("preview", "--save-plan", str(file))
    scratch.ok("up", "--plan", str(file))
    assert verbs(pulumi) == ["preview", "up"]
    assert pulumi.calls[1]["bound"] == json.loads(file.read_text())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "is not there"),
        ("{", "is not JSON"),
        ("[]", "not a plan of format 1"),
        ('{"format": 2, "placements": {}}', "not a plan of format 1"),
        ('{"format": 1, "placements": {}, "stack": "prod"}', "was saved for stack 'prod'"),
    ],
    ids=["missing", "broken", "list", "format", "stack"],
)
def test_a_file_that_is_no_plan_of_this_stack_is_refused(
    scratch: Scratch, pulumi: FakePulumi, tmp_path: Path, text: str | None, says: str
) -> None:
    file = tmp_path / "plan.json"
    if text is not None:
        file.write_text(text)
    result = scratch.eas("up", "--plan", str(file))
    assert result.exit_code == 1
    assert says in result.stderr
    assert pulumi.calls == []


def test_no_longer_what_was_previewed_is_4_and_says_what_next(scratch: Scratch, pulumi: FakePulumi) -> None:
    pulumi.script(
        preview={"events": [placed()]},
        up={
            "events": [error("… has a problem: the apply is not what was previewed: gpu-a/0 …")],
            "code": 255,
        },
    )
    result = scratch.eas("up", "--yes")
    assert result.exit_code == 4
    assert "`eas up` previews anew" in result.stderr


def test_json_is_one_document_and_the_rest_is_on_stderr(scratch: Scratch, pulumi: FakePulumi) -> None:
    pulumi.script(preview={"events": [placed()]}, up={"events": [placed()]})
    told = scratch.json("up")
    assert told["exit"] == 0
    assert told["assignments"] == {"llm": {"0": "gpu-a/0"}}


def test_it_ends_with_cards_endpoints_and_three_commands_to_try(fleet: Scratch, pulumi: FakePulumi) -> None:
    shown = fleet.ok("up", "--yes").partition("pulumi says up\n")[2]
    lines = shown.strip().splitlines()
    assert re.fullmatch(r"gpu-a/0 A100 80G \[.*\] free \d+\.\d GiB \d+ %", lines[0]), lines[0]
    assert any("llm/0 48G 10 %" in line for line in lines[:4])
    assert any(line.startswith("llm/0   http") for line in lines), shown
    assert "GET" not in shown, "nobody answers for a record of the simulated runtime"
    assert lines[-4] == "try next:"
    assert lines[-3].startswith("  eas why llm/0")


def test_what_to_try_next_finds_the_ledger_that_this_run_was_told(
    fleet: Scratch, pulumi: FakePulumi, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = fleet.root / ".eas" / "ledger.db"
    assert "EAS_LEDGER" not in fleet.ok("up", "--yes")
    flagged = fleet.ok("up", "--yes", "--ledger", str(ledger)).splitlines()
    assert [line.endswith(f" --ledger sqlite:///{ledger}") for line in flagged[-3:]] == [True] * 3
    monkeypatch.setenv("EAS_LEDGER", str(ledger))
    told = fleet.ok("up", "--yes").splitlines()
    assert told[-5:-3] == ["try next:", f"  export EAS_LEDGER=sqlite:///{ledger}"]
    assert told[-3].startswith("  eas why llm/0")


def test_down_stops_what_the_ledger_holds_and_then_destroys(fleet: Scratch, pulumi: FakePulumi) -> None:
    shown = fleet.ok("down")
    assert "stopped 3: llm/0, llm/1, page/0" in shown
    assert [call["arguments"][:3] for call in pulumi.calls] == [["destroy", "--yes", "--skip-preview"]]
    session = fleet.session()
    assert session.ledger.instances() == ()
    assert session.runtime("simulated").listing() == ()


def test_down_is_refused_where_more_than_this_machine_is_touched(
    scratch: Scratch, pulumi: FakePulumi
) -> None:
    scratch.pool(runtime="kubernetes")
    result = scratch.eas("down", "--yes")
    assert result.exit_code == 1
    assert "lab (kubernetes)" in result.stderr
    assert pulumi.calls == []


def test_down_of_nothing_is_fine(scratch: Scratch, pulumi: FakePulumi) -> None:
    assert "nothing was running" in scratch.ok("down", "--yes")
    assert scratch.json("down", "--yes")["stopped"] == []


@pytest.mark.parametrize(("answer", "status", "asked"), [("y", 0, ["preview", "up"]), ("n", 1, ["preview"])])
def test_on_a_terminal_it_asks(
    scratch: Scratch, pulumi: FakePulumi, answer: str, status: int, asked: list[str]
) -> None:
    ours, theirs = os.openpty()
    os.write(ours, f"{answer}\n".encode())
    done = subprocess.run(
        [sys.executable, "-m", "components.cli", "up", "-C", str(scratch.root)],
        env={**os.environ, "PATH": pulumi.path, "PYTHONPATH": str(ROOT)},
        stdin=theirs,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    os.close(ours)
    os.close(theirs)
    assert "Do exactly this?" in done.stdout
    assert (done.returncode, verbs(pulumi)) == (status, asked), done.stderr


# ------------------------------------------------------------------------------------------------ interrupts


def started(scratch: Scratch, pulumi: FakePulumi) -> subprocess.Popen[str]:
    """Start ``eas preview`` in a session without a terminal, and wait until Pulumi runs."""
    child = subprocess.Popen(
        [sys.executable, "-m", "components.cli", "preview", "-C", str(scratch.root)],
        env={**os.environ, "PATH": pulumi.path, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until((pulumi.folder / "waiting").exists)
    return child


def until(condition: Callable[[], bool]) -> None:
    """Wait a little for something to become so."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_reaches_pulumi_once_and_is_waited_for(
    scratch: Scratch, pulumi: FakePulumi, number: signal.Signals
) -> None:
    pulumi.script(preview={"wait": "gracefully"})
    child = started(scratch, pulumi)
    child.send_signal(number)
    _, errors = child.communicate(timeout=10)
    assert pulumi.signals == [SIGINT]
    assert (pulumi.folder / "told").read_text() == "True", "the provider could see that it is to stop"
    assert child.returncode == 130
    assert "Traceback" not in errors


def test_a_pulumi_that_is_killed_is_said_to_be(scratch: Scratch, pulumi: FakePulumi) -> None:
    pulumi.script(preview={"wait": "stubbornly"})
    child = started(scratch, pulumi)
    [engine] = psutil.Process(child.pid).children()
    engine.kill()
    _, said = child.communicate(timeout=10)
    assert child.returncode == 1
    assert "pulumi was ended by SIGKILL" in str(said)


def test_a_second_interrupt_kills(scratch: Scratch, pulumi: FakePulumi) -> None:
    pulumi.script(preview={"wait": "stubbornly"})
    child = started(scratch, pulumi)
    child.send_signal(signal.SIGINT)
    until(lambda: pulumi.signals == [SIGINT])
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=10)
    assert child.returncode == 130
    assert pulumi.signals == [SIGINT]
