"""The recipes of docs/ci, step by step in a shell, on a repository with a base and good and bad heads."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import check_jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from jsonschema import Draft7Validator

from tests.e2e.conftest import Make
from tests.e2e.project import ROOT, VENV, Project
from tests.e2e.test_review import Repository
from tests.review.published import SARIF, schema

pytestmark = pytest.mark.e2e

RECIPES = {
    name: yaml.safe_load((ROOT / "docs" / "ci" / name).read_text()) for name in ("github.yml", "gitlab.yml")
}
TOOL = """\
#!/bin/sh
# Stands in for gh and curl: notes how it was called, keeps what was uploaded, gives it back.
echo "$(basename "$0") $*" >> "$CALLS"
case "$*" in
  *--upload-file*) cp ledger-picture.db "$CALLS.db" ;;
  *--output*) cp "$CALLS.db" ledger-picture.db ;;
esac
"""


@pytest.mark.parametrize(
    ("name", "vendored"), [("github.yml", "github-workflows"), ("gitlab.yml", "gitlab-ci")]
)
def test_a_recipe_is_what_its_platforms_schema_says(name: Any, vendored: Any) -> None:
    folder = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor"
    published = json.loads((folder / f"{vendored}.json").read_text())
    recipe = {("on" if key is True else key): value for key, value in RECIPES[name].items()}
    assert not [error.message for error in Draft7Validator(published).iter_errors(recipe)]


class Runner:
    """A machine of a CI service: a clone of the repository at one commit, and the environment that the service gives."""

    def __init__(self, folder: Path, repository: Repository, commit: str, **environment: str) -> None:
        """Clone, and put stand-ins for the tools of the platform on PATH; ``make setup`` is what this suite runs in."""
        self.root = folder / "work"
        subprocess.run(["git", "clone", "-q", str(repository.root), str(self.root)], check=True)
        subprocess.run(["git", "checkout", "-q", "--detach", commit], cwd=self.root, check=True)
        (self.root / ".env.sh").write_text(f'PATH="{VENV}/bin:$PATH"\n')
        tools = folder / "tools"
        tools.mkdir()
        for name in ("gh", "curl"):
            (tools / name).write_text(TOOL)
            (tools / name).chmod(0o755)
        known = repository.project.environment
        self.calls = repository.root.parent / "calls"
        self.environment = {
            "PATH": f"{tools}:{known['PATH']}",
            "HOME": known["HOME"],
            "CALLS": str(self.calls),
            **environment,
        }

    def shell(self, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one script as both services do: it stops at the first command that fails."""
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=self.root,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return done

    def findings(self) -> list[dict[str, Any]]:
        """Return the results in the SARIF, which is what its published schema says."""
        log = json.loads((self.root / "findings.sarif").read_text())
        errors = list(Draft7Validator(schema(SARIF)).iter_errors(log))
        assert not errors, errors
        return [each for each in log["runs"][0]["results"] if "suppressions" not in each]

    @property
    def comment(self) -> str:
        """The comment."""
        return (self.root / "comment.md").read_text()


@pytest.fixture
def repository(project: Make) -> Repository:
    """A repository whose main is applied, with a branch that is good and one that is bad."""
    lab = project("origin")
    made = Repository(lab, lab.root)
    lab.service("page", gpu_memory=20, instance=1)
    made.commit("base")
    lab.up()
    made.git("checkout", "-qb", "good")
    lab.service("page", gpu_memory=20, instance=2)
    made.commit("good")
    made.git("checkout", "-qb", "bad", "main")
    lab.service("page", gpu_memory=20, gpu=1)
    made.commit("bad")
    made.git("checkout", "-q", "main")
    return made


def steps(recipe: str, job: str) -> dict[str, str]:
    """Return name -> script of a job's shell steps, without the installation."""
    return {
        each["name"]: each["run"]
        for each in RECIPES[recipe]["jobs"][job]["steps"]
        if "run" in each and each["name"] != "set up"
    }


def as_stack(lab: Project, script: str) -> str:
    return script.replace("--stack prod", f"--stack {lab.stack}")


def picture_of(repository: Repository, script: str) -> Path:
    """Run the job that takes a picture, where the ledger and the stack are."""
    lab = repository.project
    (lab.root / ".env.sh").write_text(f'PATH="{VENV}/bin:$PATH"\n')
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", as_stack(lab, script)],
        cwd=lab.root,
        env=lab.environment,
        check=True,
    )
    assert done.returncode == 0
    return lab.root / "ledger-picture.db"


def test_the_github_workflow(repository: Repository, tmp_path: Path) -> None:
    taken = picture_of(repository, steps("github.yml", "picture")["take the picture"])
    review = steps("github.yml", "review")
    for branch, status in (("good", 0), ("bad", 3)):
        (tmp_path / branch).mkdir()
        runner = Runner(
            tmp_path / branch,
            repository,
            f"origin/{branch}",
            GITHUB_BASE_REF="main",
            GITHUB_STEP_SUMMARY=str(tmp_path / branch / "summary.md"),
            PULL_REQUEST="7",
        )
        (runner.root / "ledger-picture.db").write_bytes(taken.read_bytes())
        assert runner.shell(review["review"]).returncode == status
        assert (tmp_path / branch / "summary.md").read_text().strip() == runner.comment.strip()
        assert runner.shell(review["comment"]).returncode == 0
        assert "gh pr comment 7 --body-file comment.md" in runner.calls.read_text()
        found = {each["ruleId"] for each in runner.findings()}
        if branch == "good":
            assert "scaled 1 → 2" in runner.comment
            assert found == set()
        else:
            assert found == {"whole-card-ignores-slice"}
            assert "services/page.json:5" in runner.comment


def test_the_gitlab_job(repository: Repository, tmp_path: Path) -> None:
    recipe = RECIPES["gitlab.yml"]
    picture_of(repository, "\n".join(recipe["picture"]["script"][1:3]))
    calls = repository.root.parent / "calls"
    Path(f"{calls}.db").write_bytes((repository.project.root / "ledger-picture.db").read_bytes())
    base = repository.git("rev-parse", "main").strip()
    runner = Runner(
        tmp_path,
        repository,
        "origin/bad",
        CI_API_V4_URL="https://gitlab.example.com/api/v4",
        CI_MERGE_REQUEST_PROJECT_ID="1",
        CI_MERGE_REQUEST_IID="7",
        CI_MERGE_REQUEST_DIFF_BASE_SHA=base,
    )
    job = recipe["review"]
    assert runner.shell("\n".join([*job["before_script"][1:], *job["script"]])).returncode == 3
    assert {each["ruleId"] for each in runner.findings()} == {"whole-card-ignores-slice"}
    [note] = job["after_script"]
    assert runner.shell(note).returncode == 0
    assert "notes" not in calls.read_text(), "a fork has no token to write with"
    assert runner.shell(note, NOTE_TOKEN="secret").returncode == 0
    assert (
        "--form body=<comment.md https://gitlab.example.com/api/v4/projects/1/merge_requests/7/notes"
        in calls.read_text()
    )
