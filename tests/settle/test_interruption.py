"""Ending early: on request, and when another process has taken over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from components.ledger import LeaseHeld, LeaseHolder
from components.runtimes.port import Launch, RuntimeFault
from components.settle.holder import parent_gone
from tests.settle.conftest import Opener
from tests.settle.runtimes import Wrapped
from tests.settle.world import OWNER, World, place, start

ELSEWHERE = LeaseHolder(pid=4711, host="another-host", boot_id="b", created=1.0, what="pulumi up")


def plan(world: World, count: int = 6) -> list[str]:
    world.declare("page")
    made = world.commit([start(n, "page", n - 1, place(0, 0, 1024)) for n in range(1, count + 1)])
    return [made.ids[n] for n in range(1, count + 1)]


def test_a_request_to_stop_ends_the_run_after_the_effect_in_hand(open_world: Opener) -> None:
    world = open_world(settings={"ready_after_s": 5})
    ids = plan(world)
    asked = False

    def fault(point: str) -> None:
        nonlocal asked
        asked = asked or point == "start:before:page/1/i1"

    outcome = world.settle(parallel=2, stop_requested=lambda: asked, fault=fault)
    assert outcome.interrupted
    assert "run the same command again" in str(outcome)
    assert world.simulated.listing(OWNER) == tuple(ids[:2])
    assert set(world.settle().ready) == set(ids)


def test_a_request_before_the_run_does_nothing(world: World) -> None:
    plan(world)
    outcome = world.settle(stop_requested=lambda: True)
    assert outcome.interrupted
    assert world.simulated.listing() == ()
    assert set(world.states().values()) == {"reserved"}
    world.settle()


def test_a_request_ends_the_retries_of_a_busy_runtime(open_world: Opener) -> None:
    class Busy(Wrapped):
        asked = 0

        def start(self, launch: Launch) -> None:
            self.asked += 1
            raise RuntimeFault("busy; wait", retriable=True)

    world = open_world(wrap=Busy)
    plan(world, 1)
    assert isinstance(world.runtime, Busy)
    busy = world.runtime
    assert world.settle(stop_requested=lambda: busy.asked >= 2).interrupted
    assert busy.asked == 2


def test_ctrl_c_gives_the_leases_back_and_asking_again_finishes(open_world: Opener) -> None:
    world = open_world(settings={"ready_after_s": 5})
    ids = plan(world)

    def sleep(seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.settle(sleep=sleep)
    assert not world.ledger.leases(OWNER, now=world.clock())
    assert set(world.settle().ready) == set(ids)


@pytest.mark.parametrize(
    "when", ["starting:before", "start:after", "ready:before"], ids=["before", "after", "waiting"]
)
def test_a_run_whose_lease_was_taken_stops_at_once(open_world: Opener, when: str) -> None:
    world = open_world(settings={"ready_after_s": 5})
    ids = plan(world, 4)
    verbs: list[str] = []
    taken_at: list[int] = []
    point_wanted = {
        "starting:before": "record starting:before:page/0/i0",
        "start:after": "start:after:page/0/i0",
    }.get(when, "record ready:before:page/0/i0")

    def fault(point: str) -> None:
        if point.startswith(("start:before", "stop:before", "restart:before")):
            verbs.append(point)
        if point == point_wanted and not taken_at:
            take_over(world)
            taken_at.append(len(verbs))

    outcome = world.settle(parallel=2, fault=fault)
    assert outcome.interrupted
    assert taken_at
    # Both starts of the first tick may be in hand when the lease is lost; nothing is begun after that.
    assert len(verbs) <= max(taken_at[0], 0 if when == "starting:before" else 2)
    assert not outcome.ready
    states = world.states()
    assert "ready" not in states.values()
    assert set(world.simulated.listing(OWNER)) <= set(ids[:2])
    release(world)
    assert set(world.settle().ready) == set(ids)


_TAKEN: dict[str, int] = {}


def take_over(world: World) -> None:
    """Let the leases pass to a process of another host, as after a network split."""
    mine = {lease.service: lease.fence for lease in world.ledger.leases(OWNER, now=world.clock())}
    world.ledger.release(OWNER, mine, now=world.clock())
    _TAKEN.update(
        world.ledger.lease(OWNER, list(mine), holder=ELSEWHERE, now=world.clock(), ttl=timedelta(hours=1))
    )


def release(world: World) -> None:
    world.ledger.release(OWNER, _TAKEN, now=world.clock())
    _TAKEN.clear()


def test_a_live_process_elsewhere_is_not_pushed_aside(world: World) -> None:
    plan(world, 1)
    fences = world.ledger.lease(OWNER, ["page"], holder=ELSEWHERE, now=world.clock())
    with pytest.raises(LeaseHeld, match="process 4711 on another-host"):
        world.settle()
    assert world.simulated.listing() == ()
    world.ledger.release(OWNER, fences, now=world.clock())


def test_leases_are_renewed_while_a_slow_load_is_waited_for(open_world: Opener) -> None:
    world = open_world(settings={"ready_after_s": 300})
    plan(world, 1)
    shortest = timedelta(hours=1)

    def sleep(seconds: float) -> None:
        nonlocal shortest
        (lease,) = world.ledger.leases(OWNER, now=world.clock())
        shortest = min(shortest, lease.expires - world.clock())
        world.clock.sleep(seconds)

    assert world.settle(sleep=sleep).complete
    assert shortest > timedelta(seconds=30)


def test_its_parent_is_there() -> None:
    assert not parent_gone()
