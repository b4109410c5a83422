"""``eas tour``: real commands one after the other; whatever happens, files are what they were."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.fake_pulumi import FakePulumi
from tests.cli.scratch import Scratch

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def sample(scratch: Scratch, pulumi: FakePulumi) -> Scratch:
    """Return a project with the tour's examples, and a Pulumi that does nothing."""
    shutil.copytree(EXAMPLES, scratch.root / "examples")
    scratch.service("page", gpu_memory=20, gpu_core_percentage=5)
    return scratch


def files(scratch: Scratch) -> dict[str, str]:
    """Return every service file with what is in it."""
    return {file.name: file.read_text() for file in (scratch.root / "services").iterdir()}


def shown(scratch: Scratch, capfd: pytest.CaptureFixture[str], code: int = 0) -> str:
    """Take the tour and return all that it and its commands printed."""
    capfd.readouterr()
    result = scratch.eas("tour")
    assert result.exit_code == code, result.output
    return result.stdout + capfd.readouterr().out


def test_every_command_is_shown_before_it_runs(sample: Scratch, capfd: pytest.CaptureFixture[str]) -> None:
    before = files(sample)
    text = shown(sample, capfd)
    told = [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]
    assert told[:5] == [
        "eas up --yes",
        "cp examples/summarize.json services/",
        "eas plan",
        "eas up --yes",
        "cp examples/too-large.json services/",
    ]
    assert told[-2:] == ["rm services/summarize.json", "eas down --yes"], "it was not up before"
    assert "summarize/2" in text
    assert files(sample) == before


def test_a_step_that_fails_ends_it_and_everything_is_put_back(
    sample: Scratch, pulumi: FakePulumi, capfd: pytest.CaptureFixture[str]
) -> None:
    before = files(sample)
    pulumi.script(up={"code": 255})
    text = shown(sample, capfd, code=1)
    assert text.count("$ eas up --yes") == 1
    assert files(sample) == before


def test_it_overwrites_nothing(sample: Scratch, pulumi: FakePulumi) -> None:
    sample.service("summarize", gpu_memory=1)
    result = sample.eas("tour")
    assert result.exit_code == 1
    assert "is there already" in result.stderr
    assert (
        json.loads((sample.root / "services" / "summarize.json").read_text())["metadata"]["gpu_memory"] == 1
    )
    assert pulumi.calls == []


def test_it_is_for_this_machine_and_for_people(sample: Scratch, pulumi: FakePulumi) -> None:
    assert sample.eas("tour", "--json").exit_code == 2
    sample.pool(runtime="kubernetes")
    assert sample.eas("tour").exit_code == 1
    assert pulumi.calls == []
