"""Machines whose clocks differ by minutes share a ledger: what is decided depends on none of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from components.ledger import LeaseHeld, LeaseHolder, Ledger, open_ledger
from components.ledger.processes import alive, this_process
from components.reconcile.storm import storm
from tests.ledger.build import BECAUSE, HERE, OWNER, THERE, commit, node, place, start
from tests.ledger.sites import KEY, Postgres, Site

SKEW = timedelta(minutes=10)
SHORT = timedelta(seconds=0.3)


@pytest.fixture
def shared(postgres: Postgres, tmp_path: Path) -> Iterator[Ledger]:
    """A ledger on a server, as those on other machines see each other: only time tells whether one lives."""
    site: Site = postgres.emptied(tmp_path)
    with open_ledger(site.url, home=site.home, create=True, key=KEY, alive=lambda holder: None) as ledger:
        yield ledger
    assert site.audit() == []


def right() -> datetime:
    """Return what a clock says that is right."""
    return datetime.now(UTC)


def ahead() -> datetime:
    """Return what a clock says that is ten minutes ahead."""
    return right() + SKEW


def behind() -> datetime:
    """Return what a clock says that is ten minutes behind."""
    return right() - SKEW


CLOCKS = [pytest.param(each, id=each.__name__) for each in (ahead, behind, right)]
Time = Callable[[], datetime]


@pytest.mark.parametrize("holders", CLOCKS)
@pytest.mark.parametrize("thiefs", CLOCKS)
def test_no_clock_takes_a_live_lease(shared: Ledger, holders: Time, thiefs: Time) -> None:
    shared.lease(OWNER, ["a"], holder=HERE, now=holders())
    with pytest.raises(LeaseHeld, match="pulumi up"):
        shared.lease(OWNER, ["a"], holder=THERE, now=thiefs())
    with pytest.raises(LeaseHeld):
        commit(shared, [start(1, "a", place())], nodes=[node()], process=THERE, now=thiefs())
    assert [lease.holder for lease in shared.leases(now=thiefs())] == [HERE]


@pytest.mark.parametrize("holders", CLOCKS)
@pytest.mark.parametrize("nexts", CLOCKS)
def test_no_clock_keeps_a_lease_that_is_over(shared: Ledger, holders: Time, nexts: Time) -> None:
    fences = shared.lease(OWNER, ["a"], holder=HERE, now=holders(), ttl=SHORT)
    assert shared.renew(OWNER, fences, now=holders(), ttl=SHORT) == ()
    time.sleep(2 * SHORT.total_seconds())
    assert shared.leases(now=nexts()) == ()
    assert shared.lease(OWNER, ["a"], holder=THERE, now=nexts()) == {"a": fences["a"] + 1}
    assert shared.renew(OWNER, fences, now=holders()) == ("a",)


def test_events_and_their_times_stay_in_the_order_in_which_things_happened(shared: Ledger) -> None:
    for index, clock in enumerate((right, ahead, behind, right)):
        shared.set_node_state("p", f"n{index}", None, "lost", "observed", "", "reconcile", clock())
    told = shared.events(limit=10)
    assert [row.subject for row in told] == [f"pool/p/n{index}" for index in range(4)]
    assert [row.at for row in told] == sorted(row.at for row in told)
    assert abs(told[-1].at - right()) < timedelta(minutes=1)
    assert abs(shared.time(ahead()) - right()) < timedelta(minutes=1)


@pytest.mark.parametrize("persons", CLOCKS)
def test_a_confirmation_covers_what_was_lost_before_it_and_nothing_later(
    shared: Ledger, persons: Time
) -> None:
    def lost(*names: str) -> None:
        for name in names:
            clock = ahead if name in ("n0", "n3") else behind
            shared.set_node_state("p", name, None, "lost", "observed", "", "reconcile", clock())

    def said() -> str:
        return storm("p", 4, shared.node_states("p"), shared.confirmed("p"))

    lost("n0", "n1")
    assert said()
    shared.confirm("p", who="ann", now=persons(), because=BECAUSE)
    assert not said()
    lost("n2", "n3")
    assert said()


def test_on_one_machine_the_process_decides_whatever_its_clock_says(tmp_path: Path) -> None:
    """Somebody set the clock ten minutes ahead while an `up` was at work."""
    with open_ledger(str(tmp_path / "ledger.db"), home=tmp_path, create=True, key=KEY) as ledger:
        living = this_process("pulumi up", 1)
        ledger.lease(OWNER, ["a"], holder=living, now=right())
        with pytest.raises(LeaseHeld):
            ledger.lease(OWNER, ["a"], holder=this_process("eas reconcile"), now=ahead())


def test_another_machine_of_the_same_name_is_not_taken_for_a_dead_process() -> None:
    """Its boot is another one, but so is the machine: only time tells."""
    mine = this_process("pulumi up")
    name, _, place_ = mine.host.partition("#")
    twin = LeaseHolder(mine.pid, f"{name}#0123456789ab{place_[12:]}", "another", mine.created, "pulumi up")
    assert alive(twin) is None
    rebooted = LeaseHolder(mine.pid, mine.host, "another", mine.created, "pulumi up")
    assert alive(rebooted) is False
