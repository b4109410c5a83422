"""``eas review`` in a repository with a base and a branch: the report, its SARIF, the exit status, a bound apply later."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from tests.e2e.conftest import Make
from tests.e2e.project import ROOT, VENV, Project
from tests.review.published import SARIF, schema

pytestmark = pytest.mark.e2e


class Repository:
    """A repository with the project in a folder of it, and what is applied of its base."""

    def __init__(self, project: Project, root: Path | None = None) -> None:
        """Make the first commit's files; nothing is applied yet. ``root``: the repository's, by default the folder above."""
        self.project = project
        self.root = root or project.root.parent
        pack = project.root / "policies"
        shutil.copytree(ROOT / "policies", pack, ignore=shutil.ignore_patterns("__pycache__"))
        manifest = pack / "PulumiPolicy.yaml"
        manifest.write_text(manifest.read_text().replace("../.venv", str(VENV)))
        ignored = (".pulumi-*", ".eas", ".env.sh", "Pulumi.test.yaml", "ledger-picture.db", "__pycache__")
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

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run ``eas`` with no more than PATH, HOME and what is given."""
        bare = {key: self.project.environment[key] for key in ("PATH", "HOME")}
        return subprocess.run(
            [str(VENV / "bin" / "eas"), *arguments],
            cwd=self.project.root,
            env={**bare, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

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


def test_a_fork_is_reviewed_by_a_picture_without_ledger_state_or_secret(project: Make) -> None:
    """What changes is told as the stack itself would tell it; nothing is written, and an old picture is refused."""
    lab = project("repository")
    repository = Repository(lab)
    env = [{"name": "HF_TOKEN", "value": "hf_0123456789abcdefghij"}]
    lab.service("page", gpu_memory=20, instance=2, token="of-this-file")
    lab.service("chat", gpu_memory=10, gpu_core_percentage=20)
    document = json.loads((lab.root / "services" / "chat.json").read_text())
    document["containers"][0]["env"] = env
    (lab.root / "services" / "chat.json").write_text(json.dumps(document))
    repository.commit("base")
    lab.up()
    picture = lab.root.parent / "picture.db"
    assert "for reviews of organization/eas-slices/test-0a1b2c" in lab.eas("snapshot", str(picture))
    kept = picture.read_bytes()
    assert b"hf_0123456789" not in kept
    assert b"of-this-file" not in kept

    # A fork's runner has the files and the picture.
    for name in (".eas", ".pulumi-state"):
        shutil.move(lab.root / name, lab.root.parent / f"away{name}")
    shutil.move(lab.root / "Pulumi.test.yaml", lab.root.parent / "away.yaml")
    before = sorted(path.name for path in lab.root.iterdir())
    try:
        same = repository.run("review", "--json", "--snapshot", str(picture))
        assert same.returncode == 0, same.stderr
        assert json.loads(same.stdout)["instances"] == []
        lab.service("page", gpu_memory=20, instance=3, token="of-this-file")
        lab.service("newer", gpu_core_percentage=20)
        changed = repository.run("review", "--json", "--snapshot", str(picture))
        assert changed.returncode == 3, changed.stderr
        report = json.loads(changed.stdout)
        assert {each["name"]: each["what"] for each in report["services"]} == {
            "newer": ["added"],
            "page": ["scaled 2 -> 3"],
        }
        assert "min old; secrets are not compared" in report["notes"][0]
        new = repository.run("review", "--json", "--snapshot", str(picture), "--new-only", "--base", "main")
        assert new.returncode == 3, new.stderr
        old = repository.run("review", "--snapshot", str(picture), "--max-age", "0m")
        assert old.returncode == 1
        assert "--max-age is 0 min: take a new one with `eas snapshot`" in old.stderr
        assert sorted(path.name for path in lab.root.iterdir()) == before
    finally:
        for name in (".eas", ".pulumi-state"):
            shutil.move(lab.root.parent / f"away{name}", lab.root / name)
        shutil.move(lab.root.parent / "away.yaml", lab.root / "Pulumi.test.yaml")
    lab.remove("newer")
    refused = lab.eas("up", "--yes", ok=False, EAS_LEDGER=str(picture))
    assert "is a picture of ledger" in refused
    assert "nothing is applied by it" in refused
