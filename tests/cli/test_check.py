"""``eas check``: rules without Pulumi, ledger or secret; exit status for scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from components.cli.main import app
from tests.cli.scratch import Scratch


def check(*arguments: str) -> tuple[int, str]:
    """Run ``eas check`` where no project need be."""
    result = CliRunner().invoke(app, ["check", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout


def test_a_sound_project_is_ok_file_by_file(scratch: Scratch) -> None:
    scratch.service("llm", gpu_memory=48, gpu_core_percentage=10)
    assert scratch.ok("check").splitlines() == [
        "OK  pool.yaml",
        "OK  services/llm.json",
        "2 files: 0 invalid, 0 ineffective, 0 notices",
    ]


def test_an_invalid_file_fails_and_all_its_faults_stand_under_its_name(scratch: Scratch) -> None:
    scratch.service("llm", gpu_memory="48", gpu_core_percentage=400)
    scratch.service("page", gpu_memory=20)
    result = scratch.eas("check")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert "services/llm.json" in lines
    assert "OK  services/page.json" in lines
    faults = [line for line in lines if line.startswith("    invalid")]
    assert any("gpu_memory" in line for line in faults)
    assert any("gpu_core_percentage" in line for line in faults)
    assert lines[-1].startswith("3 files: 2 invalid")


def test_json_is_the_array_of_faults(scratch: Scratch) -> None:
    scratch.service("llm", gpu_core_percentage=400, gpu_memory=4)
    faults = scratch.json("check", code=1)
    assert {"rule", "level", "source", "field", "message", "fix", "line"} <= set(faults[0])
    assert faults[0]["source"] == "services/llm.json"


def test_strict_fails_on_what_eas_would_ignore(scratch: Scratch) -> None:
    scratch.service("llm", gpu_core_percentage=10)  # without gpu_memory it is ignored
    relaxed = scratch.eas("check")
    assert relaxed.exit_code == 0, relaxed.output
    assert "ineffective" in relaxed.stdout
    assert scratch.eas("check", "--strict").exit_code == 1


def test_one_file_stands_alone(tmp_path: Path) -> None:
    file = tmp_path / "page.json"
    file.write_text('{"metadata": {"gpu_memory": 20, "gpu_core_percentage": 5}}')
    code, shown = check(str(file))
    assert (code, shown.splitlines()[-1]) == (0, "1 file: 0 invalid, 0 ineffective, 0 notices")


def test_a_file_is_judged_with_the_pool_beside_it(
    scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = scratch.service("llm", gpu_memory=400)  # no card has that much
    assert check(str(file))[0] == 1
    (scratch.root / "pool.yaml").unlink()
    assert check(str(file))[0] == 0


def test_a_broken_pool_is_told_once_for_all_files(scratch: Scratch) -> None:
    files = [str(scratch.service(name, gpu_memory=4)) for name in ("one", "two")]
    (scratch.root / "pool.yaml").write_text("name: [")
    code, shown = check("--json", *files)
    assert code == 1
    assert [fault["rule"] for fault in json.loads(shown)] == ["readable"]


def test_a_folder_is_all_the_services_in_it(scratch: Scratch) -> None:
    scratch.service("one", gpu_memory=4)
    scratch.service("two", gpu_memory=4)
    code, shown = check(str(scratch.root / "services"))
    assert code == 0
    assert shown.splitlines()[-1].startswith("2 files")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[]", "not a service"),
        ('{"metadata": {"gpu": NaN}}', "NaN"),
    ],
)
def test_what_cannot_be_read_is_a_fault_not_a_traceback(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "broken.json"
    file.write_text(text)
    code, shown = check(str(file))
    assert code == 1
    assert says in shown


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    code, shown = check(str(tmp_path / "nowhere.json"))
    assert code == 1
    assert "cannot be read" in shown


def test_outside_a_project_it_says_where_one_would_be(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["check", "-C", str(tmp_path)])
    assert result.exit_code == 1
    assert "there is no Pulumi.yaml" in result.stderr


def test_a_file_from_elsewhere_is_judged_with_the_pool_here(scratch: Scratch, tmp_path: Path) -> None:
    scratch.service("big", gpu_memory=100)
    elsewhere = tmp_path / "a" / "b" / "big.json"
    elsewhere.parent.mkdir(parents=True)
    (scratch.root / "services" / "big.json").rename(elsewhere)
    result = scratch.eas("check", str(elsewhere))
    assert result.exit_code == 1
    assert "[slice-fits-card]" in result.stdout
