"""Who does something, as the surroundings tell it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from components.ledger.actor import Actor, actor_of, this_actor

LOCAL = "ann@laptop"


@pytest.mark.parametrize(
    ("environment", "actor"),
    [
        ({}, Actor(LOCAL, "1a2b")),
        (
            {
                "GITHUB_RUN_ID": "7",
                "GITHUB_SERVER_URL": "https://git.example",
                "GITHUB_REPOSITORY": "a/b",
                "GITHUB_ACTOR": "bob",
            },
            Actor("bob", "1a2b", "https://git.example/a/b/actions/runs/7"),
        ),
        (
            {"CI_JOB_URL": "https://lab.example/j/3", "GITLAB_USER_LOGIN": "bob"},
            Actor("bob", "1a2b", "https://lab.example/j/3"),
        ),
        ({"BUILD_URL": "https://ci.example/4"}, Actor(LOCAL, "1a2b", "https://ci.example/4")),
    ],
    ids=["none", "github", "gitlab", "jenkins"],
)
def test_ci_says_more_than_the_machine(environment: dict[str, str], actor: Actor) -> None:
    assert actor_of(environment, LOCAL, "1a2b") == actor


def test_without_a_work_tree_ci_names_the_commit() -> None:
    assert actor_of({"CI_JOB_URL": "u", "CI_COMMIT_SHA": "ff"}, LOCAL, "").commit == "ff"


def test_what_is_known_survives_being_written() -> None:
    actor = Actor("ann", "", "run")
    assert actor.to_dict() == {"who": "ann", "run": "run"}
    assert Actor.from_dict(actor.to_dict()) == actor
    assert Actor.from_dict(None) == Actor()


def test_the_commit_is_that_of_the_folder_and_dirty_when_files_differ(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        given = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *given, *arguments], check=True, capture_output=True)

    assert this_actor(tmp_path).commit == ""
    git("init")
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "-m", "first")
    clean = this_actor(tmp_path).commit
    assert len(clean) == 12
    (tmp_path / "file").write_text("2")
    assert this_actor(tmp_path).commit == f"{clean}-dirty"
