"""kill -9 at every point of an apply, in a real process, and asking again: the same end, nothing twice, nothing leaked.

The points are those that an undisturbed run passes: before and after every effect and every transaction. Each is tried in a
copy of the same world, by a process that ends itself there; then a second process's run must finish the work.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from components.ledger import this_process
from components.placement.snapshot import Place
from components.settle.loop import Conduct
from components.settle.teardown import teardown_owner
from tests.settle.conftest import invariants
from tests.settle.world import OWNER, World, again, place, start, stop

WHOLE = 16384
Fault = Callable[[str], None]


@dataclass(frozen=True)
class Scenario:
    """A world prepared up to the commit, how it is carried out, and what of the end must be the same."""

    name: str
    prepare: Callable[[World], None]
    carry_out: Callable[[World, Fault], None]
    settings: dict[str, Any]
    counts_starts: bool = True


def everything(world: World) -> None:
    """A move chain in a full pool, a roll with surge, a new service, a repair, a new token, and one that goes."""
    ids = world.committed_start(place(0, 0, WHOLE), place(0, 1, WHOLE))
    roll = _started(world, "roll", place(0, 3, WHOLE))
    dead = _started(world, "dead", place(1, 0, 1024))
    world.simulated.kill(dead)
    world.ledger.observe({dead: ("failed", "killed")}, now=world.clock(), because="test")
    token = _started(world, "token", place(1, 1, 1024))
    old = _started(world, "old", place(1, 2, 1024))
    world.declare("fresh")
    world.declare("roll", revision="r2")
    world.declare("token", token="a-new-token")
    world.commit(
        [
            stop(1, "page", 1, ids[1], how="move"),
            start(2, "page", 1, place(0, 2, WHOLE), 1, how="move"),
            stop(3, "page", 0, ids[0], 2, how="move"),
            start(4, "page", 0, place(0, 1, WHOLE), 3, how="move"),
            start(5, "roll", 1, place(1, 3, WHOLE), how="surge", role="surge", revision="r2"),
            stop(6, "roll", 0, roll, 5, how="roll"),
            start(7, "roll", 0, place(0, 3, WHOLE), 6, how="roll", revision="r2"),
            stop(8, "roll", 1, "", 7, how="surge", role="surge"),
            start(9, "fresh", 0, place(1, 0, 1024)),
            again("restart", 10, "dead", 0, dead),
            again("reconfigure", 11, "token", 0, token),
            stop(12, "old", 0, old),
        ],
        places={"old": {}},
        revisions={"roll": "r2"},
        token_hash="hash-2",
    )


def crashing(world: World) -> None:
    """A roll whose new revision crashes, beside a service that starts."""
    ids = world.committed_start(place(0, 0, WHOLE), place(0, 1, WHOLE))
    world.declare("page", revision="r2", labels={"simulated/fail": "bad weights"})
    world.declare("chat")
    world.commit(
        [
            start(1, "page", 2, place(0, 2, WHOLE), how="surge", role="surge", revision="r2"),
            stop(2, "page", 0, ids[0], 1, how="roll"),
            start(3, "page", 0, place(0, 0, WHOLE), 2, how="roll", revision="r2"),
            stop(4, "page", 2, "", 3, how="surge", role="surge"),
            start(5, "chat", 0, place(1, 0)),
        ],
        revisions={"page": "r2"},
    )


def serving(world: World) -> None:
    """Two that serve and one that was only committed."""
    world.committed_start(place(0, 0), place(0, 1))
    world.declare("chat")
    world.commit([start(1, "chat", 0, place(1, 0))])


def _started(world: World, service: str, where: Place) -> str:
    world.declare(service)
    made = world.commit([start(1, service, 0, where)])
    assert world.settle().complete
    return made.ids[1]


def settled(world: World, fault: Fault) -> None:
    world.settle(fault=fault)


def torn_down(world: World, fault: Fault) -> None:
    conduct = Conduct(
        holder=this_process("down"),
        clock=world.clock,
        sleep=world.clock.sleep,
        report=world.said.append,
        fault=fault,
    )
    teardown_owner(world.ledger, lambda _name: world.runtime, OWNER, because="down", conduct=conduct)


SLOW = {"ready_after_s": 1, "stop_after_s": 1}
SCENARIOS = [
    Scenario("everything", everything, settled, SLOW),
    Scenario("a-crashing-revision", crashing, settled, SLOW, counts_starts=False),
    Scenario("teardown", serving, torn_down, SLOW),
]


@dataclass(frozen=True)
class End:
    """What a world looks like when the work is over; incarnations are fixed, so ids are the same in every copy."""

    rows: dict[str, tuple[Any, ...]]
    running: tuple[str, ...]
    starts: dict[str, int]
    open_steps: int


def end_of(world: World, scenario: Scenario) -> End:
    with world.simulated._rows() as rows:
        starts = dict(rows.execute("SELECT id, starts FROM instance").fetchall())
    return End(
        {
            name: (row.held.state, row.held.place, row.held.revision, row.held.token_hash)
            for name, row in world.rows().items()
        },
        world.simulated.listing(),
        starts if scenario.counts_starts else {},
        len(world.ledger.open_steps(OWNER)),
    )


PARTS = 4
"""The points are dealt to so many tests, which can run side by side."""


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_killed_at_any_point_and_asked_again_it_ends_the_same(
    scenario: Scenario, part: int, tmp_path: Path
) -> None:
    origin = tmp_path / "origin"
    origin.mkdir()
    world = World(origin, settings=scenario.settings)
    scenario.prepare(world)
    world.close()
    points: list[str] = []
    expected = _finish(_copy(origin, tmp_path / "undisturbed"), scenario, points.append)
    assert len(points) == len(set(points)), "each point has a name of its own"
    assert len(points) > 15
    for number, point in enumerate(sorted(points)[part::PARTS]):
        home = _copy(origin, tmp_path / f"killed-{number}")
        assert _killed_at(point, home, scenario), f"the run did not come to {point}"
        assert _finish(home, scenario, lambda _point: None) == expected, f"killed at {point}"
        shutil.rmtree(home)


def test_killed_twice_and_asked_again_it_ends_the_same(tmp_path: Path) -> None:
    """The run that takes up the work may be killed as well; where it is shorter than the point, it is not."""
    scenario = SCENARIOS[0]
    origin = tmp_path / "origin"
    origin.mkdir()
    world = World(origin, settings=scenario.settings)
    scenario.prepare(world)
    world.close()
    points: list[str] = []
    expected = _finish(_copy(origin, tmp_path / "undisturbed"), scenario, points.append)
    for number in range(0, len(points), 9):
        home = _copy(origin, tmp_path / f"killed-{number}")
        assert _killed_at(points[number], home, scenario)
        for later in (number, (number * 7 + 5) % len(points)):
            _killed_at(points[later], home, scenario)
        assert _finish(home, scenario, lambda _point: None) == expected, f"killed at {points[number]}"


def _copy(origin: Path, home: Path) -> Path:
    shutil.copytree(origin, home)
    return home


def _finish(home: Path, scenario: Scenario, fault: Fault) -> End:
    world = World(home, settings=scenario.settings)
    try:
        scenario.carry_out(world, fault)
        invariants(world)
        return end_of(world, scenario)
    finally:
        world.close()


def _killed_at(point: str, home: Path, scenario: Scenario) -> bool:
    """Carry out in a process of its own that kills itself at ``point``; return whether it came there."""
    child = os.fork()
    if child == 0:
        try:
            world = World(home, settings=scenario.settings)
            scenario.carry_out(
                world, lambda at: os.kill(os.getpid(), signal.SIGKILL) if at == point else None
            )
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
