"""Stopping without a plan: all of an owner, or given instances; nothing is released that is still there."""

from __future__ import annotations

import pytest

from components.ledger import LeaseHeld, LeaseHolder, this_process
from components.runtimes.port import Launch, RuntimeFault
from components.settle import NotReleased
from components.settle.loop import Conduct
from components.settle.teardown import teardown_instances, teardown_owner
from tests.settle.conftest import Opener
from tests.settle.runtimes import Wrapped
from tests.settle.world import OWNER, World, place, start

FOREIGN = "organization/other/prod-ffffff"


def conduct(world: World) -> Conduct:
    return Conduct(
        holder=this_process("eas down"), clock=world.clock, sleep=world.clock.sleep, report=world.said.append
    )


def down(world: World) -> None:
    teardown_owner(
        world.ledger, lambda _name: world.runtime, OWNER, because="eas down", conduct=conduct(world)
    )


def stray(owner: str = OWNER, service: str = "ghost") -> Launch:
    return Launch(f"{owner}/{service}/0/x9", owner, service, 0, "p", "gpu-0", (), False, {})


def test_all_that_an_owner_holds_is_stopped_and_released(open_world: Opener) -> None:
    world = open_world(settings={"stop_after_s": 5})
    world.committed_start(place(0, 0), place(0, 1))
    world.declare("chat")
    world.commit([start(1, "chat", 0, place(1, 0))])
    down(world)
    assert world.states() == {}
    assert world.simulated.listing() == ()
    assert "chat/0 stopped on gpu-1/0 after 0.0 s" in world.lines()
    assert any(line.startswith("page/1 stopped on gpu-0/1 after 5.") for line in world.lines())


def test_asking_again_is_fine(world: World) -> None:
    world.committed_start(place(0, 0))
    down(world)
    down(world)
    assert world.states() == {}


def test_what_only_the_runtime_knows_is_stopped_too_and_nobody_elses(open_world: Opener) -> None:
    world = open_world(settings={"stop_after_s": 2})
    world.declare("page")
    world.simulated.start(stray())
    world.simulated.start(stray(FOREIGN))
    down(world)
    assert world.simulated.listing() == (f"{FOREIGN}/ghost/0/x9",)
    assert "ghost/0/x9 stopping: the ledger does not know it" in world.lines()


def test_given_instances_are_stopped_and_the_others_serve_on(world: World) -> None:
    ids = world.committed_start(place(0, 0), place(0, 1))
    world.simulated.start(stray(service="page"))
    teardown_instances(
        world.ledger,
        lambda _name: world.runtime,
        OWNER,
        (ids[0], stray(service="page").id),
        because="EasService page delete",
        conduct=conduct(world),
    )
    assert set(world.rows()) == {ids[1]}
    assert world.simulated.listing(OWNER) == (ids[1],)


def test_what_will_not_go_is_named_and_keeps_its_place(open_world: Opener) -> None:
    class Stubborn(Wrapped):
        def stop(self, instance_id: str) -> None:
            if "/page/0/" in instance_id:
                raise RuntimeFault("the engine refuses to stop it; ask its operator")
            super().stop(instance_id)

    world = open_world(wrap=Stubborn)
    ids = world.committed_start(place(0, 0), place(0, 1))
    with pytest.raises(NotReleased, match=r"page/0: the engine refuses(.|\n)*eas forget NODE"):
        down(world)
    assert set(world.rows()) == {ids[0]}
    assert world.rows()[ids[0]].held.state == "stopping"


def test_a_stray_that_will_not_go_is_named(open_world: Opener) -> None:
    world = open_world()
    world.declare("page")
    world.simulated.start(
        Launch(
            f"{OWNER}/page/0/x9", OWNER, "page", 0, "p", "g", (), False, {}, settings={"stop_after_s": 1e6}
        )
    )
    with pytest.raises(NotReleased, match=r"1 instances that the ledger does not know .* page/0/x9"):
        down(world)
    world.simulated.lose(f"{OWNER}/page/0/x9")


def test_nothing_is_torn_down_while_another_process_carries_out(world: World) -> None:
    world.committed_start(place(0, 0))
    fences = world.ledger.lease(
        OWNER, ["page"], holder=LeaseHolder(4711, "another-host", "b", 1.0, "pulumi up"), now=world.clock()
    )
    with pytest.raises(LeaseHeld):
        down(world)
    assert world.states() == {"page/0/i0": "ready"}
    world.ledger.release(OWNER, fences, now=world.clock())
