"""Fixtures of the provider tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.providers.work import session
from tests.providers.engine import Stack


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test sees another's session, the machine's ledger, or a bound plan."""
    for name in ("EAS_LEDGER", "EAS_LEDGER_KEY", "EAS_BOUND_PLAN", "EAS_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    limit = getattr(sys, "tracebacklimit", None)
    yield
    session.reset()
    if limit is None and hasattr(sys, "tracebacklimit"):
        del sys.tracebacklimit


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """One stack with a pool of two nodes of two cards, nothing declared on it yet."""
    made = Stack(tmp_path / "project")
    made.pool("gpu-a", "gpu-b")
    return made
