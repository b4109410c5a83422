"""Which project and stack: found without Pulumi, as Pulumi finds them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from components.cli.base.workspace import Workspace
from components.cli.main import app
from tests.cli.scratch import Scratch


def test_the_project_is_here_or_above(scratch: Scratch) -> None:
    assert Workspace.find(scratch.root / "services", None).root == scratch.root


def test_a_folder_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["ls", "-C", str(tmp_path / "nowhere")]).exit_code == 2


def test_the_stack_is_named_by_flag_then_environment(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch.stack("prod")
    monkeypatch.setenv("PULUMI_STACK", "prod")
    assert Workspace.find(scratch.root, None).stack == "prod"
    assert Workspace.find(scratch.root, "organization/eas-slices/test").stack == "test"


def test_the_only_stack_is_the_stack_and_several_are_dev(scratch: Scratch) -> None:
    (scratch.root / "Pulumi.template.yaml").write_text("config: {}\n")
    assert Workspace.find(scratch.root, None).stack == "test"
    scratch.stack("prod")
    assert Workspace.find(scratch.root, None).stack == "dev"


@pytest.mark.parametrize("backend", ["file:///here", ""])
def test_the_selected_stack_is_read_from_pulumis_own_record(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, backend: str
) -> None:
    import hashlib

    scratch.stack("prod")
    digest = hashlib.sha1(str(scratch.root / "Pulumi.yaml").encode()).hexdigest()
    folder = tmp_path / "pulumi-home" / "workspaces"
    folder.mkdir(parents=True)
    record = {"stacks": {backend: "organization/eas-slices/prod"}} if backend else {"stack": "prod"}
    (folder / f"eas-slices-{digest}-workspace.json").write_text(json.dumps(record))
    monkeypatch.setenv("PULUMI_BACKEND_URL", backend or "file:///there")
    assert Workspace.find(scratch.root, None).stack == "prod"


def test_the_shell_file_completes_the_environment_where_no_backend_is_set(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    (scratch.root / ".env.sh").write_text("export PULUMI_BACKEND_URL='file:///a b' PATH=/made:$PATH\n")
    environment = Workspace.find(scratch.root, None).environment
    assert environment["PULUMI_BACKEND_URL"] == "file:///a b"
    assert environment["PATH"].startswith("/made:")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///mine")
    assert Workspace.find(scratch.root, None).environment["PULUMI_BACKEND_URL"] == "file:///mine"


def test_a_broken_stack_file_is_a_sentence(scratch: Scratch) -> None:
    (scratch.root / "Pulumi.test.yaml").write_text("config: [")
    result = scratch.eas("ls")
    assert result.exit_code == 1
    assert "Pulumi.test.yaml is not YAML" in result.stderr


def test_a_file_that_is_no_ledger_is_a_sentence(scratch: Scratch, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a ledger, but long enough to be looked at " * 20)
    result = scratch.eas("ls", "--ledger", str(file))
    assert result.exit_code == 1
    assert result.stderr.startswith("eas: ")


def test_debug_shows_where_an_error_comes_from(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch.stack("test", owner=None)
    monkeypatch.setenv("EAS_DEBUG", "1")
    result = scratch.runner.invoke(app, ["ls", "-C", str(scratch.root)])
    assert result.exit_code == 1
    assert (
        "CommandError"
        in subprocess.run(
            [sys.executable, "-m", "components.cli", "ls", "-C", str(scratch.root)],
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(__file__).resolve().parents[2],
        ).stderr
    )
