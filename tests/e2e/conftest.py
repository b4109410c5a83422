"""Fixtures of the end-to-end tests; they skip aloud where no Pulumi CLI is on PATH."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.project import VENV, Project

NO_CLI = "no `pulumi` on PATH: run `make setup`, then `. ./.env.sh` (or simply `make test`)"
Make = Callable[..., Project]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Make]:
    """Return a maker of scratch projects; what they left running is taken away at the end."""
    if shutil.which("pulumi") is None:
        pytest.skip(NO_CLI)
    made: list[Project] = []

    def make(name: str = "project", *, clone_of: Project | None = None, **options: Any) -> Project:
        made.append(
            clone_of.clone(tmp_path / name, **options) if clone_of else Project(tmp_path / name, **options)
        )
        return made[-1]

    yield make
    for each in made:
        if not each.instances():
            continue
        subprocess.run(
            [str(VENV / "bin" / "eas"), "down", "--yes"],
            cwd=each.root,
            env=each.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=120,
        )
