"""The hook, run by pre-commit itself in a scratch repository: it passes what is fine and stops what is not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.spec.build import ROOT

[HOOK] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a pool and the hook; ``system`` runs the `eas` of this environment."""
    hook = {**HOOK, "language": "system", "entry": f"{Path(sys.executable).parent}/{HOOK['entry']}"}
    config = {"repos": [{"repo": "local", "hooks": [hook]}]}
    (tmp_path / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    (tmp_path / "pool.yaml").write_text((ROOT / "pool.yaml").read_text())
    (tmp_path / "services").mkdir()
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


def committing(repository: Path, **files: object) -> tuple[int, str]:
    """Write service files, stage all and run the hook on what is staged; return its status and what it printed."""
    for name, document in files.items():
        (repository / "services" / f"{name}.json").write_text(json.dumps(document))
    subprocess.run(["git", "add", "-A"], cwd=repository, check=True)
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", "--color", "never"],
        cwd=repository,
        env={"PATH": "/usr/bin:/bin", "HOME": str(repository), "PRE_COMMIT_HOME": str(repository / ".cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


CONTAINER = {"image": "x:1", "script": "serve", "port": 8000}
FINE = {"metadata": {"gpu_memory": 8}, "containers": [CONTAINER]}


def test_what_is_fine_is_committed(repository: Path) -> None:
    (repository / "README.md").write_text("no service")
    status, said = committing(repository, fine_one=FINE)
    assert status == 0, said
    assert "Passed" in said


def test_what_is_wrong_is_named_with_its_line(repository: Path) -> None:
    status, said = committing(
        repository, fine_one=FINE, wrong_one={"metadata": {"gpu_memory": "8GiB"}, "containers": [CONTAINER]}
    )
    assert status == 1
    assert "services/wrong_one.json" in said
    assert "Write 8 without quotes or unit" in said
    assert "[whole-number]" in said


def test_other_files_are_not_its_business(repository: Path) -> None:
    subprocess.run(["git", "add", "-A"], cwd=repository, check=True)
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x", "--no-verify"],
        cwd=repository,
        check=True,
    )
    (repository / "notes.json").write_text("{")
    status, said = committing(repository)
    assert status == 0
    assert "Skipped" in said
