"""Row 4: killed at any point and started again, nothing is lost and nothing is leaked."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from components.runtimes.local.runtime import LocalRuntime
from tests.known_failures.conftest import Open
from tests.known_failures.fleet import REAL, Fleet, settled
from tests.known_failures.pools import GIB, OTHER, node, wants
from tests.known_failures.processes import killed_in, of_instance
from tests.runtimes.machine import Machine, port_range, serving

pytestmark = pytest.mark.e2e

NODES = [node("n1", 16 * GIB, 16 * GIB)]
BEFORE = [wants("keep", 10), wants("roll", 12), wants("gone", 6)]
AFTER = [wants("keep", 10), wants("roll", 12, revision="r2"), wants("new", 6)]
"""The new one has to wait for the place of the one that goes, and the roll replaces its instance where it is."""
SETTINGS = {"ready_after_s": 1, "stop_after_s": 1}


def test_04_killed_at_any_point_of_an_apply_and_started_again_nothing_is_lost_or_leaked(
    tmp_path: Path,
) -> None:
    origin = _origin(tmp_path)
    points: list[str] = []
    _again(_copy(origin, tmp_path / "undisturbed"), "b", points.append)
    assert len(points) > 20
    for number, point in enumerate(points):
        home = _copy(origin, tmp_path / f"killed-{number}")
        kept = _kept(home)

        def apply(die: Callable[[], None], home: Path = home, point: str = point) -> None:
            Fleet(home, NODES, settings=SETTINGS).up(
                *AFTER, mint=_minted("b"), fault=lambda at: die() if at == point else None
            )

        assert killed_in(apply), f"the run did not come to {point}"
        _again(home, "c", lambda _point: None)
        assert _kept(home) == kept, f"killed at {point}"
        shutil.rmtree(home)


def test_04_killed_within_the_commit_it_is_as_if_nothing_had_been_asked(tmp_path: Path) -> None:
    """At every single statement of its transaction."""
    origin = _origin(tmp_path)
    before = _everything(origin)
    statement = 0
    while True:
        statement += 1
        home = _copy(origin, tmp_path / f"killed-{statement}")

        def commit(die: Callable[[], None], home: Path = home, last: int = statement) -> None:
            fleet = Fleet(home, NODES, settings=SETTINGS)
            fleet.declare(*BEFORE)
            fleet.wanted = tuple(AFTER)
            made = fleet.plan()
            count = 0

            def counted(*_: object) -> None:
                nonlocal count
                count += 1
                if count == last:
                    die()

            sa.event.listen(sa.engine.Engine, "before_cursor_execute", counted)
            fleet.commit(made)

        if not killed_in(commit):
            break
        assert _everything(home) == before, f"killed at statement {statement}"
        shutil.rmtree(home)
    assert statement > 15
    assert _everything(home) != before, "what ran to its end is there"


def _origin(folder: Path) -> Path:
    """A fleet that serves, beside another owner's instance."""
    home = folder / "origin"
    home.mkdir()
    mine = Fleet(home, NODES, settings=SETTINGS)
    assert mine.up(*BEFORE, mint=_minted("a")).complete
    theirs = Fleet(home, NODES, owner=OTHER, guest=True)
    assert theirs.up(wants("theirs", 1)).complete
    theirs.close()
    mine.close()
    return home


def _minted(letter: str) -> Callable[[], str]:
    """Incarnations that are the same in every run, so that points have the same names."""
    numbers = itertools.count()
    return lambda: f"{letter}{next(numbers)}"


def _copy(origin: Path, home: Path) -> Path:
    shutil.copytree(origin, home)
    return home


def _again(home: Path, letter: str, fault: Callable[[str], None]) -> None:
    """Apply to the end, then see that another apply finds nothing to do."""
    fleet = Fleet(home, NODES, settings=SETTINGS)
    try:
        assert fleet.up(*AFTER, mint=_minted(letter), fault=fault).complete
        assert settled(fleet, AFTER) == []
        assert fleet.plan().steps == ()
    finally:
        fleet.close()


def _kept(home: Path) -> dict[str, object]:
    """What no apply here may touch: the instances that stay, and the other owner's."""
    fleet = Fleet(home, NODES)
    try:
        return {
            row.held.id: (row.held.place, row.held.state)
            for row in fleet.ledger.instances()
            if row.held.service in ("keep", "theirs")
        }
    finally:
        fleet.close()


def _everything(home: Path) -> object:
    fleet = Fleet(home, NODES)
    try:
        rows = [(row.held, row.detail) for row in fleet.ledger.instances()]
        return rows, fleet.ledger.open_steps(fleet.owner), fleet.ledger.cards(), fleet.ledger.plans()
    finally:
        fleet.close()


def test_04_processes_that_outlive_the_apply_are_taken_up_not_started_again(
    fleet: Open, machine: Machine
) -> None:
    """The apply is killed right after the engine was told, before that is recorded."""
    settings = {"ports": list(port_range()), "run": {"default": ["/bin/sh", "-c", serving()]}}
    nodes = [node("n1", 16 * GIB)]
    wanted = wants("page", 4, instances=2)

    def apply(die: Callable[[], None]) -> None:
        mine = Fleet(machine.home, nodes, runtime=LocalRuntime(machine.home), settings=settings, **REAL)
        mine.up(wanted, fault=lambda at: die() if at.startswith("record ready:before") else None)

    assert killed_in(apply)
    here = fleet(*nodes, runtime=LocalRuntime(machine.home), settings=settings, **REAL)
    ids = [row.id for row in here.rows().values()]
    assert len(ids) == 2
    left = {id_: of_instance(id_) for id_ in ids}
    assert all(left.values()), "the processes live on"
    assert here.up(wanted).complete
    assert [row.id for row in here.rows().values()] == ids
    assert {id_: of_instance(id_) for id_ in ids} == left
    assert sorted(here.engine.listing()) == sorted(ids)
