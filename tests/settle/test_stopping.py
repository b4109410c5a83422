"""Stops: a place is free, or handed on, only once its instance is seen gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.ledger import this_process
from components.placement.plan_types import Step
from components.runtimes.port import RuntimeFault
from tests.settle.conftest import Opener
from tests.settle.runtimes import Wrapped
from tests.settle.world import OWNER, World, again, place, start, stop

SOMEBODY = this_process("somebody else")


def test_a_stopped_instance_is_released_once_it_is_seen_gone(open_world: Opener) -> None:
    world = open_world(settings={"stop_after_s": 20})
    (id_,) = world.committed_start(place(0, 0))
    world.commit([stop(1, "page", 0, id_)], places={"page": {}})
    states: list[str] = []

    def sleep(seconds: float) -> None:
        states.extend(world.states().values())
        world.clock.sleep(seconds)

    began = world.clock()
    assert world.settle(sleep=sleep).stopped == (id_,)
    assert (world.clock() - began).total_seconds() >= 20
    assert set(states) == {"stopping"}
    assert world.states() == {}
    lines = [line for line in world.lines() if line.startswith("page/0 stop")]
    assert lines == ["page/0 stopping on gpu-0/0", "page/0 stopped on gpu-0/0 after 20.6 s"]


def test_a_dead_one_is_released_without_being_told(open_world: Opener) -> None:
    class Untold(Wrapped):
        def stop(self, instance_id: str) -> None:
            raise AssertionError("there is nothing to stop")

    world = open_world(wrap=Untold)
    (id_,) = world.committed_start(place(0, 0))
    world.simulated.lose(id_)
    world.commit([stop(1, "page", 0, id_)], places={"page": {}})
    assert world.settle().stopped == (id_,)


def test_a_full_place_is_handed_to_the_start_that_waits_for_it(open_world: Opener) -> None:
    """Move in a full pool: break before make, in one transaction, and nobody else gets the place in between."""
    world = open_world(settings={"stop_after_s": 3, "ready_after_s": 2})
    whole = place(0, 0, 16384)
    (old,) = world.committed_start(whole)
    world.declare("page", revision="r2")
    made = world.commit(
        [stop(1, "page", 0, old), start(2, "page", 0, whole, 1, how="roll", revision="r2")],
        revisions={"page": "r2"},
    )
    assert world.states()[f"page/0/{made.ids[2].rpartition('/')[2]}"] == "pending"
    outcome = world.settle()
    assert (outcome.stopped, outcome.ready) == ((old,), (made.ids[2],))
    assert "page/0 starting on gpu-0/0 (roll)" in world.lines()


def test_a_chain_of_moves_goes_in_order(open_world: Opener) -> None:
    """Three instances shift by one card; each place is full until its instance is gone."""
    world = open_world(settings={"stop_after_s": 1, "ready_after_s": 1})
    places = [place(0, n, 16384) for n in range(4)]
    ids = world.committed_start(*places[:3])
    steps: list[Step] = []
    for ordinal in (2, 1, 0):
        n = len(steps)
        before = (n,) if n else ()
        steps.append(stop(n + 1, "page", ordinal, ids[ordinal], *before, how="move"))
        steps.append(start(n + 2, "page", ordinal, places[ordinal + 1], n + 1, how="move"))
    made = world.commit(steps)
    outcome = world.settle()
    assert outcome.complete
    assert outcome.ready == (made.ids[2], made.ids[4], made.ids[6])
    assert [str(p).split(" ")[:2] for p in world.said if p.event in ("stopped", "ready")][-6:] == [
        ["page/2", "stopped"],
        ["page/2", "ready"],
        ["page/1", "stopped"],
        ["page/1", "ready"],
        ["page/0", "stopped"],
        ["page/0", "ready"],
    ]


def test_one_that_will_not_go_keeps_its_place_and_what_waits_for_it_is_not_started(
    open_world: Opener,
) -> None:
    world = open_world(settings={"stop_after_s": 1e6})
    (old,) = world.committed_start(place(0, 0, 16384))
    world.declare("page", revision="r2")
    made = world.commit(
        [stop(1, "page", 0, old), start(2, "page", 0, place(0, 0, 16384), 1, revision="r2")],
        revisions={"page": "r2"},
    )
    outcome = world.settle()
    assert "it is still there" in outcome.failed["page/0"]
    assert outcome.skipped == {"page/0": "not carried out: it comes after page/0, which failed"}
    rows = world.rows()
    assert rows[old].held.state == "stopping"
    assert "it is still there" in rows[old].detail
    assert rows[made.ids[2]].held.state == "pending"


def test_a_refused_stop_keeps_its_place(open_world: Opener) -> None:
    class Stubborn(Wrapped):
        def stop(self, instance_id: str) -> None:
            raise RuntimeFault("the engine refuses to stop it; ask its operator")

    world = open_world(wrap=Stubborn)
    (id_,) = world.committed_start(place(0, 0))
    world.commit([stop(1, "page", 0, id_)], places={"page": {}})
    assert world.settle().failed == {"page/0": "the engine refuses to stop it; ask its operator"}
    assert world.states() == {"page/0/i0": "stopping"}


def test_the_grace_period_of_the_file_is_waited_for(open_world: Opener) -> None:
    world = open_world(settings={"stop_after_s": 500})
    world.declare("page", document={"metadata": {"eas.termination_grace_period": 480}})
    made = world.commit([start(1, "page", 0, place(0, 0))])
    world.settle()
    world.commit([stop(1, "page", 0, made.ids[1])], places={"page": {}})
    assert world.settle().stopped == (made.ids[1],)


def test_a_stop_that_another_run_finished_meanwhile_is_not_done_again(open_world: Opener) -> None:
    class Untold(Wrapped):
        def stop(self, instance_id: str) -> None:
            raise AssertionError("it is gone")

    world = open_world(wrap=Untold)
    (id_,) = world.committed_start(place(0, 0))
    world.commit([stop(1, "page", 0, id_)], places={"page": {}})

    def finish(point: str) -> None:
        if point == "lease:before" and id_ in world.rows():
            fences = world.ledger.lease(OWNER, ["page"], holder=SOMEBODY, now=world.clock())
            world.ledger.gone(id_, fences["page"], world.clock(), "a run that was ended right after")
            world.ledger.release(OWNER, fences, now=world.clock())
            world.simulated.lose(id_)

    assert world.settle(fault=finish).complete
    assert not world.ledger.unfinished(OWNER)


def test_a_row_that_is_forgotten_meanwhile_fails_alone(world: World) -> None:
    """``eas forget NODE`` in the middle of an apply: nothing holds a place there any more, so nothing starts there."""
    world.declare("page", "chat")
    made = world.commit([start(1, "page", 0, place(0, 0)), start(2, "chat", 0, place(1, 1))])

    def forget(point: str) -> None:
        if point == "record starting:before:page/0/i0":
            world.ledger.set_node_state("p", "gpu-0", None, "lost", "operator", "burnt", "me", world.clock())
            world.ledger.forget_node("p", "gpu-0", now=world.clock(), because="eas forget")

    outcome = world.settle(fault=forget)
    assert outcome.ready == (made.ids[2],)
    assert "is not recorded (it has been seen gone" in outcome.failed["page/0"]
    assert world.simulated.listing() == (made.ids[2],)


def test_a_restart_of_one_that_is_on_its_way_out_is_given_up(open_world: Opener) -> None:
    world = open_world(settings={"stop_after_s": 1e6})
    (id_,) = world.committed_start(place(0, 0))
    world.commit([again("restart", 1, "page", 0, id_)])
    fences = world.ledger.lease(OWNER, ["page"], holder=SOMEBODY, now=world.clock())
    world.ledger.stopping(id_, fences["page"], world.clock(), "another plan")
    world.ledger.release(OWNER, fences, now=world.clock())
    assert "an earlier plan is stopping it" in world.settle().failed["page/0"]


def test_a_start_whose_place_is_never_handed_on_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old,) = world.committed_start(place(0, 0, 16384))
    made = world.commit([stop(1, "page", 0, old), start(2, "page", 0, place(0, 0, 16384), 1)])
    record = world.ledger.record
    monkeypatch.setattr(
        world.ledger, "record", lambda *args, **more: replace(record(*args, **more), released=())
    )
    outcome = world.settle()
    assert outcome.stopped == (old,)
    assert outcome.failed.keys() == {"page/0"}
    assert "is not free yet" in outcome.failed["page/0"]
    monkeypatch.undo()
    assert world.settle().ready == (made.ids[2],)
