"""The world of these tests; on the way out every test's ledger and runtime must agree with each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.settle.world import OWNER, World

Opener = Callable[..., World]


@pytest.fixture
def open_world(tmp_path: Path) -> Iterator[Opener]:
    """Open worlds in this test's folder, and check each when the test is over."""
    opened: list[World] = []

    def opener(**more: Any) -> World:
        opened.append(World(tmp_path, **more))
        return opened[-1]

    yield opener
    for world in opened:
        invariants(world)
        world.close()


@pytest.fixture
def world(open_world: Opener) -> World:
    """A world of two nodes with four cards each."""
    return open_world()


def invariants(world: World) -> None:
    """Nothing runs that the ledger does not hold, no card is too full, and no lease is left behind."""
    rows = world.rows()
    running = set(world.simulated.listing(OWNER))
    assert running <= set(rows), f"leaked: {running - set(rows)}"
    for id_, row in rows.items():
        if row.held.state in ("pending", "reserved"):
            assert id_ not in running, f"{id_} is {row.held.state} and runs"
    for card in world.ledger.cards():
        assert card.memory_used <= card.memory_mib
        assert card.compute_used <= 100
    assert not world.ledger.leases(OWNER, now=world.clock())
