"""Who does something: the person, the commit of the project and the CI run, as far as the surroundings tell."""

from __future__ import annotations

import getpass
import os
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

GIT_LIMIT = 5
"""Seconds until a `git` that does not answer is given up; the commit is then not known."""

# Each CI system by the variable that only it sets, then: who started the run, the commit, and the page of the run.
# GitHub: docs.github.com "Default environment variables"; GitLab: docs.gitlab.com "Predefined CI/CD variables".
_GITHUB, _GITLAB, _JENKINS = "GITHUB_RUN_ID", "CI_JOB_URL", "BUILD_URL"


@dataclass(frozen=True, slots=True)
class Actor:
    """``who``: ``ann@laptop``, or the user that CI names. ``commit``: of the project, ``-dirty`` where files differ from it.
    ``run``: the address of the CI run. Each is empty where it is not known."""

    who: str = ""
    commit: str = ""
    run: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return what is known."""
        known = {"who": self.who, "commit": self.commit, "run": self.run}
        return {name: value for name, value in known.items() if value}

    @classmethod
    def from_dict(cls, known: Mapping[str, str] | None) -> Self:
        """Read what :meth:`to_dict` returned; None is an event of before this was recorded."""
        known = known or {}
        return cls(known.get("who", ""), known.get("commit", ""), known.get("run", ""))


def user_at_host() -> str:
    """Return ``user@host`` of this process."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def this_actor(folder: Path) -> Actor:
    """Return who this process acts for; ``folder`` is the project's."""
    return actor_of(os.environ, user_at_host(), _commit_of(folder))


def actor_of(environment: Mapping[str, str], local: str, commit: str) -> Actor:
    """Return the actor: what CI says comes before ``local`` (user@host) and ``commit`` (of the work tree)."""

    def said(*names: str) -> str:
        return next((environment[name] for name in names if environment.get(name)), "")

    if said(_GITHUB):
        server, repository = said("GITHUB_SERVER_URL"), said("GITHUB_REPOSITORY")
        run = f"{server}/{repository}/actions/runs/{said(_GITHUB)}"
        return Actor(
            said("GITHUB_TRIGGERING_ACTOR", "GITHUB_ACTOR") or local, commit or said("GITHUB_SHA"), run
        )
    if said(_GITLAB):
        return Actor(said("GITLAB_USER_LOGIN") or local, commit or said("CI_COMMIT_SHA"), said(_GITLAB))
    if said(_JENKINS):
        return Actor(said("BUILD_USER_ID") or local, commit or said("GIT_COMMIT"), said(_JENKINS))
    return Actor(local, commit)


def _commit_of(folder: Path) -> str:
    """Return the short commit of the work tree that the folder is in; empty outside one, or without `git`."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=GIT_LIMIT,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
