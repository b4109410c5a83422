"""What a benchmark cannot have it says: as an error where it was named, else wherever the figures are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.crash.__main__ import Board
from bench.figures import Figure, report
from bench.preview_truth.series import POOLS

ROOT = Path(__file__).parents[2]
NO_SERVER = {"PATH": "/usr/bin:/bin", "EAS_POSTGRES": "/nonexistent"}
TINY = "tests.bench.tiny"


def test_what_was_skipped_is_a_line_of_the_table_and_in_the_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json"], {TINY: ("skips",)}) == 0
    *table, last = capsys.readouterr().out.splitlines()
    assert table[-1].split() == ["tiny", "skipped:", "postgresql:", "no", "server"]
    assert json.loads(last)["figures"][-1]["value"] is None


def test_what_was_skipped_is_said_with_the_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert report([Figure("a", 1, "")], as_json=True, skipped=["postgresql: no server"]) == 0
    *_, said, last = capsys.readouterr().out.splitlines()
    assert said == "skipped: postgresql: no server"
    assert json.loads(last)["skipped"] == ["postgresql: no server"]


@pytest.mark.parametrize(
    "command",
    [("bench.contention", "--database", "postgresql"), ("bench.crash", "--ledger", "postgresql")],
    ids=["contention", "crash"],
)
def test_a_named_database_that_cannot_be_started_is_an_error(command: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command, "--json"],
        cwd=ROOT,
        env=NO_SERVER,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {command[1]} postgresql cannot be ")
    assert "EAS_POSTGRES is '/nonexistent'" in done.stderr
    assert "figures" not in done.stdout


def test_a_matrix_without_a_case_that_was_tried_has_missed() -> None:
    missed = [figure.name for figure in Board(began=0, limit_s=0).figures([]) if not figure.holds]
    assert missed == ["cases asked for", "cases tried"]


def test_every_way_of_placing_is_among_the_changes_of_a_default_run() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.preview_truth", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"--series {len(POOLS)}" in done.stdout
