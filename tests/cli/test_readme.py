"""What the README shows of the sample is what the commands print now: the planner is the same on every machine."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.cli.scratch import Scratch

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


@pytest.fixture
def sample(scratch: Scratch) -> Scratch:
    """The sample of this repository, applied; its instances are records instead of processes."""
    text = (ROOT / "pool.yaml").read_text()
    (scratch.root / "pool.yaml").write_text(text.replace("\nruntime: local", "\nruntime: simulated"))
    shutil.copytree(ROOT / "services", scratch.root / "services", dirs_exist_ok=True)
    assert scratch.apply().complete
    return scratch


def printed(sample: Scratch, *arguments: str) -> str:
    """Return what a command prints, without the warnings that the README leaves out."""
    lines = sample.ok(*arguments).splitlines()
    return "\n".join(line for line in lines if not line.startswith("warning: "))


def shown(block: str) -> None:
    """Assert that the README has it; a change of the planner shows here what to write instead."""
    assert block in README, f"README.md does not show what is printed now:\n{block}"


def test_the_cards_are_those_of_the_sample(sample: Scratch) -> None:
    cards = printed(sample, "pool").partition("\n\n")[0]
    shown(f"```\n{cards}\n")


def test_the_tour_is_what_the_commands_print(sample: Scratch) -> None:
    service = sample.root / "services" / "summarize.json"
    shutil.copy(ROOT / "examples" / "summarize.json", service)
    shown(f"$ eas plan\n{printed(sample, 'plan')}\n")
    sample.apply()

    shutil.copy(ROOT / "examples" / "too-large.json", sample.root / "services")
    refused = sample.eas("plan")
    assert refused.exit_code == 1
    shown(f"$ eas plan\n{refused.stderr.strip()}\n")
    (sample.root / "services" / "too-large.json").unlink()

    service.write_text(service.read_text().replace('"instance": 1', '"instance": 3'))
    shown(f"$ eas plan\n{printed(sample, 'plan')}\n```")
    sample.apply()

    (node,) = re.findall(r"\$ eas plan --drain (\S+)\n", README)
    shown(f"$ eas plan --drain {node}\n{printed(sample, 'plan', '--drain', node)}\n")
    drained = printed(sample, "drain", node, "--reason", "new driver")
    shown(f"$ eas drain {node} --reason 'new driver'\n{drained}\n")
