"""Row 3: real processes that want the same card, or carry out the same fleet, at the same moment."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.ledger import LeaseHeld, StalePlan
from components.runtimes.local.runtime import LocalRuntime
from components.settle import Outcome
from tests.known_failures.conftest import Open
from tests.known_failures.fleet import REAL, Fleet
from tests.known_failures.pools import GIB, OTHER, node, wants
from tests.known_failures.processes import beside, together
from tests.runtimes.machine import Machine, port_range, serving
from tests.runtimes.waiting import until

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    ("wish", "most"),
    [((16, 0), 1), ((1, 60), 1), ((5, 30), 3)],
    ids=["all memory", "more than half the compute", "a third"],
)
def test_03_processes_that_race_for_one_card_never_share_what_is_not_there(
    fleet: Open, tmp_path: Path, wish: tuple[int, int], most: int
) -> None:
    """Each plans from a picture in which the card is free, and all commit at once."""
    card = node("n1", 16 * GIB)
    here = fleet(card)
    here.declare()

    def race(number: int, wait: Callable[[], None]) -> Any:
        mine = Fleet(tmp_path, [card], owner=f"{OTHER}-{number}", guest=True, **REAL)
        try:
            mine.declare(wants("page", *wish))
            made = mine.plan()
            assert not made.refusals, "in its picture there is room"
            wait()
            return mine.commit(made).ids[1]
        finally:
            mine.close()

    answers = together(5, race)
    won = [answer for answer in answers if isinstance(answer, str)]
    lost = [answer for answer in answers if isinstance(answer, StalePlan)]
    assert (len(won), len(lost)) == (most, 5 - most), answers
    assert {error.card for error in lost} == {"GPU-n1-0"}
    assert all(any(OTHER in who for who in error.who) for error in lost), "who took it is named"
    assert {row.held.id for row in here.ledger.instances()} == set(won)


def test_03_two_applies_of_one_fleet_do_not_overlap(fleet: Open, tmp_path: Path) -> None:
    """The second is told who carries out, and nothing is started twice."""
    settings = {"ready_after_s": 1.5}
    here = fleet(node("n1", 16 * GIB), settings=settings, **REAL)
    here.declare(wants("page", 4, instances=3))
    here.commit(here.plan())

    def apply(_number: int, wait: Callable[[], None]) -> Outcome:
        mine = Fleet(tmp_path, here.nodes, settings=settings, **REAL)
        try:
            wait()
            return mine.settle()
        finally:
            mine.close()

    answers = together(3, apply)
    held = [answer for answer in answers if isinstance(answer, LeaseHeld)]
    done = [answer for answer in answers if isinstance(answer, Outcome)]
    assert (len(done), len(held)) == (1, 2), answers
    assert done[0].complete
    assert len(done[0].ready) == 3
    assert all("process" in str(error) for error in held)
    assert {seen.detail for seen in here.engine.observe(here.engine.listing()).values()} == {""}
    assert _starts(here) == {1}


def test_03_nothing_is_committed_while_another_process_carries_out(fleet: Open, tmp_path: Path) -> None:
    settings = {"ready_after_s": 2}
    here = fleet(node("n1", 16 * GIB), settings=settings, **REAL)
    here.declare(wants("page", 4))
    here.commit(here.plan())
    other = beside(lambda: Fleet(tmp_path, here.nodes, settings=settings, **REAL).settle())
    until(lambda: here.rows()["page/0"].state == "starting")
    here.declare(wants("page", 4), wants("chat", 4))
    with pytest.raises(LeaseHeld, match=str(other.pid)):
        here.commit(here.plan())
    other.join(30)
    assert other.exitcode == 0
    assert here.up(wants("page", 4), wants("chat", 4)).complete


def _starts(fleet: Fleet) -> set[int]:
    with fleet.engine._rows() as rows:  # type: ignore[attr-defined]
        return {starts for (starts,) in rows.execute("SELECT starts FROM instance")}


LIMITS = {"small": (2, 5), "large": (10, 60), "quiet": (3, 0), "whole": (0, 0)}


def test_03_instances_started_at_once_have_each_their_own_card_and_limits(
    fleet: Open, machine: Machine
) -> None:
    """Real processes, started in parallel, asked what they were told."""
    settings = {"ports": list(port_range()), "run": {"default": ["/bin/sh", "-c", serving()]}}
    here = fleet(
        node("n1", 16 * GIB, 16 * GIB, 16 * GIB),
        runtime=LocalRuntime(machine.home, tell=machine.told.append),
        settings=settings,
        **REAL,
    )
    wanted = [wants(name, *size, instances=2) for name, size in LIMITS.items() if name != "whole"]
    wanted.append(wants("whole", gpu=1))
    assert here.up(*wanted).complete
    rows = here.rows()
    assert len(rows) == 7
    for name, row in rows.items():
        told = _environment(here.endpoint(name), f"token-of-{row.service}")
        assert told["EAS_INSTANCE"] == row.id
        assert told["EAS_CARD_UUIDS"] == ",".join(row.place.cards)
        size = LIMITS[row.service]
        assert told["EAS_GPU_MEMORY_MIB"] == str(size[0] * GIB)
        assert told["EAS_GPU_CORE_PERCENTAGE"] == str(size[1])
        assert told["EAS_EXCLUSIVE"] == ("1" if row.service == "whole" else "0")


def _environment(endpoint: str, token: str) -> dict[str, str]:
    asked = urllib.request.Request(endpoint + "/environment", headers={"Authorization": token})
    with urllib.request.urlopen(asked, timeout=20) as answer:
        entries = answer.read().decode().split("\0")
    return dict(entry.split("=", 1) for entry in entries)
