"""Stacks in processes of their own that want one place at one time, on both databases: what ``on_conflict`` makes of it."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ledger.sites import KEY, Site
from tests.providers.engine import Stack

ROOT = Path(__file__).resolve().parents[2]
RACERS = 3
pytestmark = pytest.mark.e2e

RACER = """
    import json, sys
    from pathlib import Path
    from tests.providers.engine import PLACEMENT, Stack

    class Racer(Stack):
        def _carry_out(self, phase, name):
            if name == PLACEMENT:
                print("checked", flush=True)
                sys.stdin.readline()
            super()._carry_out(phase, name)

    number, root, ledger = sys.argv[1:]
    stack = Racer(Path(root) / f"team{number}", owner=f"organization/team{number}/dev-{number}", ledger=ledger)
    stack.pool("gpu-a")
    stack.references = ["lab"]
    stack.service(f"llm{number}", gpu_memory=70)
    for chosen in ("fail", "replan"):
        stack.options = {"on_conflict": chosen}
        try:
            stack.apply()
        except Exception as error:
            if type(error).__name__ != "StalePlan":
                raise
            said = ["lost", str(error)]
        else:
            said = ["won", stack.state[PLACEMENT].outputs["assignments"][f"llm{number}"]["0"]]
        print(json.dumps(said), flush=True)
        sys.stdin.readline()
        if stack.state:
            stack.destroy()
        print("gone", flush=True)
        sys.stdin.readline()
"""


@pytest.fixture
def racers(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[subprocess.Popen[str]]]:
    """Teams that reference a pool of two cards, each with an instance that takes a whole one."""
    monkeypatch.setenv("EAS_LEDGER_KEY", base64.b64encode(KEY).decode())
    platform = Stack(tmp_path / "platform", ledger=site.url)
    platform.pool("gpu-a")
    platform.up()
    program = [sys.executable, "-c", textwrap.dedent(RACER)]
    made = [
        subprocess.Popen(
            [*program, str(number), str(tmp_path), site.url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=dict(os.environ),
        )
        for number in range(RACERS)
    ]
    yield made
    for racer in made:
        racer.kill()
        racer.communicate()


def line(racer: subprocess.Popen[str], expected: str = "") -> str:
    """Return the next line that is ours; providers say things, too."""
    assert racer.stdout is not None
    for said in racer.stdout:
        if said.startswith(expected or ("[", "checked", "gone")):
            return said.rstrip("\n")
    raise AssertionError("it ended")


def go(racer: subprocess.Popen[str]) -> None:
    """Let it go on."""
    assert racer.stdin is not None
    racer.stdin.write("go\n")
    racer.stdin.flush()


def one_round(racers: list[subprocess.Popen[str]]) -> tuple[list[Any], list[Any]]:
    """Let all check, then all commit at one moment; return where those sit who won, and what the others were told."""
    for racer in racers:
        line(racer, "checked")
    for racer in racers:
        go(racer)
    said = [json.loads(line(racer, '["')) for racer in racers]
    for racer in racers:
        go(racer)
        line(racer, "gone")
    return [what for how, what in said if how == "won"], [what for how, what in said if how == "lost"]


def test_of_stacks_that_want_one_card_one_gets_it_and_the_others_are_refused_or_take_another(
    racers: list[subprocess.Popen[str]], site: Site
) -> None:
    won, lost = one_round(racers)
    assert len(won) == 1, "fail: all were planned onto the same card"
    assert len(lost) == RACERS - 1
    for racer in racers:
        go(racer)
    places, refused = one_round(racers)
    assert sorted(places) == ["gpu-a/0", "gpu-a/1"], "replan: there is room for two"
    assert len(refused) == RACERS - 2
    for told in (*lost, *refused):
        assert "the plan no longer fits" in told
        assert "of organization/team" in told, "who has it"
    assert site.audit() == []
