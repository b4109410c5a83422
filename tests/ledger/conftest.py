"""A ledger in a new folder, audited on the way out of every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from components.ledger import Ledger, open_ledger
from tests.ledger.audit import audit
from tests.ledger.line import Line
from tests.ledger.sites import Postgres


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the ledger of this test is."""
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(file: Path) -> Iterator[Ledger]:
    """An open ledger. Whatever a test does, no card is over capacity and no row is loose when it ends."""
    with open_ledger(str(file), home=file.parent, create=True, alive=lambda holder: None) as opened:
        yield opened
        assert audit(file) == []


@pytest.fixture
def line(postgres: Postgres) -> Iterator[Line]:
    """A line to the server."""
    assert postgres.server.port is not None
    made = Line(postgres.server.port)
    yield made
    made.close()
