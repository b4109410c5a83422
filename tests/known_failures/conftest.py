"""Fleets in this test's folder; on the way out no ledger is overfull and nothing runs that it does not hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from components.spec.node import Node
from tests.known_failures.fleet import Fleet
from tests.runtimes.machine import Machine

Open = Callable[..., Fleet]


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Open]:
    """Open fleets in this test's folder: ``fleet(node, …)``."""
    opened: list[Fleet] = []

    def opener(*nodes: Node, **more: Any) -> Fleet:
        opened.append(Fleet(tmp_path, list(nodes), **more))
        return opened[-1]

    yield opener
    for each in opened:
        assert each.faults() == []
        each.close()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A local runtime in the fleet's folder; on the way out no process of it may be left."""
    made = Machine(tmp_path)
    try:
        yield made
        made.empty()
        made.assert_nothing_left()
    finally:
        made.wreck()
