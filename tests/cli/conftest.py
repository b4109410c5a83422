"""Fixtures of the command line's tests."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.cli.fake_pulumi import FakePulumi
from tests.cli.scratch import Scratch


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take away what this machine's own project would say."""
    _without_ours(monkeypatch)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "pulumi-home"))


def _without_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unset every variable that Pulumi or this project reads."""
    for name in list(os.environ):
        if name.startswith(("PULUMI_", "EAS_")):
            monkeypatch.delenv(name)


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    """Return an empty project: a pool of two nodes with two cards each, no services."""
    return Scratch.new(tmp_path / "project")


@pytest.fixture(scope="session")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Apply two services once; tests work on copies of the folder."""
    made = Scratch.new(tmp_path_factory.mktemp("applied") / "project")
    made.service("llm", instance=2, gpu_memory=48, gpu_core_percentage=10, cpu=2, memory=4096)
    made.service("page", gpu_memory=20, gpu_core_percentage=5)
    with pytest.MonkeyPatch.context() as patch:
        _without_ours(patch)
        outcome = made.apply()
    assert outcome.complete, outcome
    return made.root


@pytest.fixture
def fleet(applied: Path, tmp_path: Path) -> Scratch:
    """Return a project with two services, ``llm`` (2) and ``page`` (1), that are applied and ready."""
    return Scratch(shutil.copytree(applied, tmp_path / "project"))


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePulumi:
    """Put a stand-in for ``pulumi`` in front of PATH."""
    fake = FakePulumi(tmp_path / "bin")
    monkeypatch.setenv("PATH", fake.path)
    monkeypatch.setenv("PULUMI_BACKEND_URL", (tmp_path / "state").as_uri())
    return fake
