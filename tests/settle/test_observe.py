"""Only looking: what differs is said, dead and recovered ones are recorded, nothing is touched."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.runtimes.port import Launch, RuntimeFault
from components.settle.observe import Finding, observe_owner, survey
from tests.settle.conftest import Opener
from tests.settle.runtimes import Wrapped
from tests.settle.world import OWNER, World, place, start


def look(world: World) -> tuple[Finding, ...]:
    return observe_owner(
        world.ledger, lambda _name: world.runtime, OWNER, now=world.clock(), because="refresh"
    )


def test_a_healthy_fleet_shows_nothing(world: World) -> None:
    world.committed_start(place(0, 0), place(0, 1))
    assert look(world) == ()


def test_dead_and_missing_ones_are_named_and_recorded_as_failed(world: World) -> None:
    ids = world.committed_start(place(0, 0), place(0, 1), place(0, 2))
    world.simulated.kill(ids[0], "segmentation fault")
    world.simulated.lose(ids[2])
    found = [(f.service, f.ordinal, f.kind, f.matter) for f in look(world)]
    assert found == [("page", 0, "dead", "dead"), ("page", 2, "missing", "missing")]
    assert world.states() == {"page/0/i0": "failed", "page/1/i1": "ready", "page/2/i2": "failed"}
    assert "segmentation fault" in world.rows()[ids[0]].detail
    assert len(look(world)) == 2, "looking again finds the same"


def test_a_log_that_quotes_a_token_does_not_bring_it_into_the_ledger(world: World) -> None:
    (id_,) = world.committed_start(place(0, 0))
    world.simulated.kill(id_, "login with made-from-the-stack failed")
    (finding,) = observe_owner(
        world.ledger,
        lambda _name: world.runtime,
        OWNER,
        now=world.clock(),
        because="refresh",
        token_for=lambda _service, declared: declared or "made-from-the-stack",
    )
    assert finding.detail.startswith("login with (secret) failed")
    assert world.rows()[id_].detail.startswith("login with (secret) failed")


def test_a_moved_one_is_named_by_where_it_is(world: World) -> None:
    (id_,) = world.committed_start(place(0, 0))
    world.simulated.restart(Launch(id_, OWNER, "page", 0, "p", "gpu-1", (), False, {}))
    (finding,) = look(world)
    assert (finding.kind, finding.matter) == ("moved", "on gpu-1")
    assert finding.detail == "it runs on node gpu-1 and its place is on gpu-0"
    assert world.states() == {"page/0/i0": "failed"}


def test_a_recovered_one_is_recorded_as_ready_and_is_no_drift(world: World) -> None:
    (id_,) = world.committed_start(place(0, 0))
    world.ledger.observe({id_: ("failed", "a hiccup")}, now=world.clock(), because="test")
    assert look(world) == ()
    assert world.states() == {"page/0/i0": "ready"}


def test_one_that_does_not_answer_for_a_moment_is_not_dead(open_world: Opener) -> None:
    world = open_world()
    (id_,) = world.committed_start(place(0, 0))
    again = Launch(id_, OWNER, "page", 0, "p", "gpu-0", (), False, {}, settings={"ready_after_s": 60})
    world.simulated.restart(again)
    assert look(world) == ()
    (finding,) = survey(world.ledger, lambda _name: world.runtime, OWNER)
    assert finding.kind == "silent"
    assert world.states() == {"page/0/i0": "ready"}


def test_what_the_ledger_does_not_know_is_shown_and_left_alone(world: World) -> None:
    world.committed_start(place(0, 0))
    ghost = Launch(f"{OWNER}/page/0/x9", OWNER, "page", 0, "p", "gpu-0", (), False, {})
    world.simulated.start(ghost)
    assert look(world) == (), "the wanted instance is as planned"
    (finding,) = survey(world.ledger, lambda _name: world.runtime, OWNER)
    assert (finding.kind, finding.service, finding.ordinal, finding.instance) == (
        "extra",
        "page",
        0,
        ghost.id,
    )
    assert ghost.id in world.simulated.listing()
    world.simulated.lose(ghost.id)


def test_what_is_under_way_is_left_to_its_plan(world: World) -> None:
    world.declare("page")
    world.commit([start(1, "page", 0, place(0, 0))])
    assert look(world) == ()
    assert world.states() == {"page/0/i0": "reserved"}


def test_a_runtime_that_cannot_be_asked_is_not_a_healthy_fleet(open_world: Opener) -> None:
    class Silent(Wrapped):
        def observe(self, instance_ids):  # type: ignore[no-untyped-def]
            raise RuntimeFault("the engine does not answer; start it")

    world = open_world()
    world.committed_start(place(0, 0))
    world.runtime = Silent(world.simulated)
    with pytest.raises(RuntimeFault, match="does not answer"):
        look(world)
    assert world.states() == {"page/0/i0": "ready"}


def test_a_finding_is_plain_data(world: World) -> None:
    (id_,) = world.committed_start(place(0, 0))
    world.simulated.lose(id_)
    (finding,) = look(world)
    assert replace(finding, detail="") == Finding(id_, "page", 0, "steady", "missing", "missing")
