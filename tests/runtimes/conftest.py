"""Fixtures of the runtimes' tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtimes.machine import Machine


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A project's ``.eas``, in a folder whose name needs care."""
    home = tmp_path / "a [project] of 100 %s, größer" / ".eas"
    home.mkdir(parents=True)
    return home


@pytest.fixture
def machine(home: Path) -> Iterator[Machine]:
    """A local runtime; on the way out nothing of it may be left."""
    machine = Machine(home)
    try:
        yield machine
        machine.empty()
        machine.assert_nothing_left()
    finally:
        machine.wreck()
