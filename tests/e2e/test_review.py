"""``eas review`` in a repository with a base and a branch: the report, its SARIF, the exit status, a bound apply later."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest
from jsonschema import Draft7Validator

from tests.e2e.conftest import Make
from tests.e2e.project import ROOT, VENV, Project
from tests.review.published import SARIF, schema

pytestmark = pytest.mark.e2e


class Repository:
    """A repository with the project in a folder of it, and what is applied of its base."""

    def __init__(self, project: Project) -> None:
        """Make the first commit's files; nothing is applied yet."""
        self.project = project
        self.root = project.root.parent
        pack = project.root / "policies"
        shutil.copytree(ROOT / "policies", pack, ignore=shutil.ignore_patterns("__pycache__"))
        manifest = pack / "PulumiPolicy.yaml"
        manifest.write_text(manifest.read_text().replace("../.venv", str(VENV)))
        ignored = (".pulumi-*", ".eas", "Pulumi.test.yaml", "__pycache__")
        (self.root / ".gitignore").write_text("".join(f"**/{name}\n" for name in ignored))
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        """Run git and return what it printed."""
        who = ("-c", "user.name=dev", "-c", "user.email=dev@example.com")
        done = subprocess.run(
            ["git", *who, *arguments], cwd=self.root, capture_output=True, text=True, check=True
        )
        return done.stdout

    def commit(self, what: str) -> None:
        """Commit all."""
        self.git("add", "-A")
        self.git("commit", "-qm", what)

    def review(self, *arguments: str) -> tuple[int, dict[str, Any], str]:
        """Run the review; return its status, its report and what it wrote as Markdown."""
        markdown, sarif = self.root.parent / "review.md", self.root.parent / "review.sarif"
        done = subprocess.run(
            [
                str(VENV / "bin" / "eas"),
                "review",
                "--json",
                "--markdown",
                str(markdown),
                "--sarif",
                str(sarif),
                *arguments,
            ],
            cwd=self.project.root,
            env=self.project.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        report = json.loads(done.stdout) if done.stdout else {}
        if report:
            errors = list(Draft7Validator(schema(SARIF)).iter_errors(json.loads(sarif.read_text())))
            assert not errors, errors
        return done.returncode, report, markdown.read_text() if markdown.exists() else done.stderr

    def sarif(self) -> list[dict[str, Any]]:
        """Return the results of the last review."""
        return list(json.loads((self.root.parent / "review.sarif").read_text())["runs"][0]["results"])


def rules(report: dict[str, Any]) -> dict[str, tuple[str, int | None]]:
    """Return rule -> file and line of every finding that the base does not have."""
    return {each["rule"]: (each["file"], each["line"]) for each in report["findings"] if not each["known"]}


def test_a_branch_is_reviewed_from_its_declarations_to_its_cards(project: Make) -> None:
    """A good change, a bad one, one that is refused; what the base has too; what was reviewed is what is applied."""
    lab = project("repository/infra")
    repository = Repository(lab)
    lab.service("page", gpu_memory=20, instance=2)
    lab.service("chat", gpu_memory=10, gpu_core_percentage=20)
    lab.service("old", gpu_memory=10)
    lab.service("both", gpu=1, gpu_memory=20)
    repository.commit("base")
    lab.up()
    repository.git("checkout", "-qb", "change")

    # Bad: a field without effect, a service removed where none may be. The base's own fault is known.
    lab.service("newer", gpu_core_percentage=20)
    lab.remove("old")
    config = {"removals-at-most": {"level": "mandatory", "runtimes": []}, "restarts-at-most": "advisory"}
    (lab.root / "policies.json").write_text(json.dumps({"eas-rules": config}))
    repository.commit("bad")
    status, report, text = repository.review("--new-only", "--base", "main")
    assert status == 3
    assert rules(report) == {
        "slice-percentage-needs-memory": ("infra/services/newer.json", 5),
        "removals-at-most": ("", None),
    }
    assert [each["rule"] for each in report["findings"] if each["known"]] == ["whole-card-ignores-slice"]
    assert {each["name"]: each["what"] for each in report["services"]} == {
        "newer": ["added"],
        "old": ["removed"],
    }
    assert "❌ 2 findings that stop it" in text
    assert "| `old` | removed | 1 → 0 |" in text
    places = {each["ruleId"]: each["locations"][0]["physicalLocation"] for each in repository.sarif()}
    assert places["slice-percentage-needs-memory"]["artifactLocation"]["uri"] == "infra/services/newer.json"
    assert places["slice-percentage-needs-memory"]["region"]["startLine"] == 5
    assert repository.git("worktree", "list").count("\n") == 1, "the base's work tree is gone"

    # Refused: every finding of the declarations is there all the same.
    lab.service("huge", gpu_memory=60, instance=9)
    status, report, text = repository.review()
    assert status == 1
    assert rules(report)["refused"] == ("infra/services/huge.json", 4)
    assert "slice-percentage-needs-memory" in rules(report)
    assert "❌ refused" in text
    lab.service("huge", gpu_memory="60GiB")
    status, report, text = repository.review()
    assert status == 1
    assert rules(report)["whole-number"] == ("infra/services/huge.json", 5)
    assert "slice-percentage-needs-memory" in rules(report)
    assert "What changes is not known." in text

    # Good: only advice, the base's fault waived, and a plan that binds what is applied later.
    waiver = {
        "rule": "whole-card-ignores-slice",
        "service": "both",
        "until": "2999-12-31",
        "reason": "next release",
    }
    (lab.root / "waivers.yaml").write_text(json.dumps([waiver]))
    lab.remove("huge", "newer")
    lab.service("old", gpu_memory=10)
    lab.service("page", gpu_memory=20, instance=2, script="exec serve --next")
    repository.commit("good")
    plan = repository.root / "plan.json"
    status, report, text = repository.review("--save-plan", str(plan))
    assert status == 0
    assert set(rules(report)) == {"restarts-at-most"}
    assert {each["name"]: each["what"] for each in report["services"]} == {"page": ["restarted"]}
    assert "⚠️ 1 piece of advice" in text
    lab.service("page", gpu_memory=21, instance=2, script="exec serve --next")
    refused = lab.eas("up", "--yes", "--plan", str(plan), ok=False)
    assert "the apply is not what was previewed" in refused
    lab.service("page", gpu_memory=20, instance=2, script="exec serve --next")
    lab.eas("up", "--yes", "--plan", str(plan))
    status, report, text = repository.review()
    assert (status, report["services"], report["findings"]) == (0, [], [])
    assert "nothing to object to" in text
