"""``python -m bench``: one table of all, and no benchmark that fails quietly."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.__main__ import BENCHES, main
from bench.figures import Figure

TINY = "tests.bench.tiny"


def test_the_figures_of_all_are_one_table_beside_what_the_machine_does(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([], {TINY: ("holds",)}) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split() == ["bench", "figure", "value", "unit", "target", "holds"]
    assert [line.split()[0] for line in printed[1:]] == ["machine", "machine", "tiny", "tiny"]
    assert "calibration" in printed[1]
    assert "fsync" in printed[2]
    assert printed[3].split() == ["tiny", "seconds", "1.50", "s", "<=", "2", "yes"]
    assert printed[4].split() == ["tiny", "memory", "1,200.00", "MiB"]


def test_the_last_line_is_json_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json"], {TINY: ("misses",)}) == 1
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["figures"][2] == {
        "bench": "tiny",
        "name": "seconds",
        "value": 1.5,
        "unit": "s",
        "target": 1.0,
        "holds": False,
    }


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ("misses", "missed: tiny: seconds"),
        ("silent", "without figures:\n    nothing was measured"),
        ("crashes", "no such disk"),
        ("lies", "status 1, which is not what its figures say"),
    ],
)
def test_what_does_not_hold_is_said_and_is_the_exit_status(
    capsys: pytest.CaptureFixture[str], wish: str, said: str
) -> None:
    assert main([], {TINY: (wish,)}) == 1
    assert said in capsys.readouterr().err


def test_a_benchmark_that_is_not_there_is_an_error_and_the_others_are_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([], {"bench.no_such_thing": (), TINY: ("holds",)}) == 1
    printed = capsys.readouterr()
    assert "bench.no_such_thing" in printed.err
    assert "No module named" in printed.err
    assert "tiny" in printed.out


def test_only_those_that_are_named_are_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tiny"], {"bench.no_such_thing": (), TINY: ("holds",)}) == 0
    with pytest.raises(SystemExit):
        main(["tinny"], {TINY: ("holds",)})
    assert "tinny" in capsys.readouterr().err


@pytest.mark.parametrize("name", BENCHES)
def test_every_benchmark_is_there(name: str) -> None:
    assert importlib.util.find_spec(name) is not None


SHORT = {
    "bench.gateway": ("--requests", "50", "--instances", "5"),
    "bench.readiness": ("--services", "2", "--parallel", "2", "--ready-after", "0.2"),
}


@pytest.mark.e2e
@pytest.mark.parametrize(("name", "arguments"), SHORT.items(), ids=SHORT)
def test_a_benchmark_keeps_to_the_contract(name: str, arguments: Sequence[str]) -> None:
    """With inputs so small that targets say nothing: figures in the last line, and a status that agrees with them."""
    done = subprocess.run(
        [sys.executable, "-m", name, *arguments, "--json"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])["figures"]
    assert figures
    for figure in figures:
        assert figure.keys() == {"name", "value", "unit", "target", "holds"}
        assert isinstance(figure["value"], int | float)
    assert (done.returncode == 0) == all(figure["holds"] for figure in figures)


def test_a_target_that_is_a_least_value_is_missed_below_it_and_says_so() -> None:
    enough, short = Figure("gap closed", 60.0, "%", at_least=60), Figure("gap closed", 59.9, "%", at_least=60)
    assert enough.holds
    assert not short.holds
    assert short.to_dict()["target"] == ">= 60"
    assert str(short).endswith("(target at least 60.00: MISSED)")
