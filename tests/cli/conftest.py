"""Fixtures of the command line's tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.fake_pulumi import FakePulumi
from tests.cli.scratch import Scratch


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take away what this machine's own project would say."""
    for name in list(os.environ):
        if name.startswith(("PULUMI_", "EAS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "pulumi-home"))


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    """Return an empty project: a pool of two nodes with two cards each, no services."""
    return Scratch(tmp_path / "project")


@pytest.fixture
def fleet(scratch: Scratch) -> Scratch:
    """Return a project with two services that are applied and ready."""
    scratch.service("llm", instance=2, gpu_memory=48, gpu_core_percentage=10, cpu=2, memory=4096)
    scratch.service("page", gpu_memory=20, gpu_core_percentage=5)
    outcome = scratch.apply()
    assert outcome.complete, outcome
    return scratch


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePulumi:
    """Put a stand-in for ``pulumi`` in front of PATH."""
    fake = FakePulumi(tmp_path / "bin")
    monkeypatch.setenv("PATH", fake.path)
    monkeypatch.setenv("PULUMI_BACKEND_URL", (tmp_path / "state").as_uri())
    return fake
