"""Rolls: how many serve at every moment, and what a failure leaves behind."""

from __future__ import annotations

from collections.abc import Callable

from components.placement.plan_types import Step
from tests.settle.conftest import Opener
from tests.settle.world import OWNER, World, place, start, stop

WHOLE = 16384
SLOW = {"stop_after_s": 2, "ready_after_s": 3}


def sampler(world: World, service: str = "page") -> tuple[list[int], Callable[[str], None]]:
    """Count how many instances of a service serve, before and after every effect."""
    counts: list[int] = []

    def sample(_point: str) -> None:
        ids = [id_ for id_ in world.simulated.listing(OWNER) if f"/{service}/" in id_]
        seen = world.simulated.observe(ids)
        counts.append(sum(one.condition == "ready" for one in seen.values()))

    return counts, sample


def in_place(ids: list[str], at_once: int) -> list[Step]:
    """Roll to r2 in place, ``at_once`` at a time: each wave begins when the last one serves."""
    steps: list[Step] = []
    before: tuple[int, ...] = ()
    for first in range(0, len(ids), at_once):
        wave = first // at_once
        starts = []
        for ordinal in range(first, min(first + at_once, len(ids))):
            n = len(steps) + 1
            where = place(0, ordinal, WHOLE)
            steps.append(stop(n, "page", ordinal, ids[ordinal], *before, how="roll", wave=wave))
            steps.append(start(n + 1, "page", ordinal, where, n, how="roll", revision="r2", wave=wave))
            starts.append(n + 1)
        before = tuple(starts)
    return steps


def rolled(world: World, steps: list[Step]) -> None:
    world.declare("page", revision="r2")
    world.commit(steps, revisions={"page": "r2"})


def test_a_roll_in_place_never_has_more_than_max_unavailable_down(open_world: Opener) -> None:
    world = open_world(settings=SLOW)
    ids = world.committed_start(*(place(0, n, WHOLE) for n in range(4)))
    rolled(world, in_place(ids, 1))
    counts, sample = sampler(world)
    assert world.settle(fault=sample).complete
    assert min(counts) == 3
    assert {row.held.revision for row in world.rows().values()} == {"r2"}


def test_waves_of_two_have_at_most_two_down(open_world: Opener) -> None:
    world = open_world(settings=SLOW)
    ids = world.committed_start(*(place(0, n, WHOLE) for n in range(4)))
    rolled(world, in_place(ids, 2))
    counts, sample = sampler(world)
    assert world.settle(fault=sample).complete
    assert min(counts) == 2


def surge(ids: list[str]) -> list[Step]:
    """Roll two instances with one surge place: nothing may be down at any moment."""
    spare = place(0, 2, WHOLE)
    return [
        start(1, "page", 2, spare, how="surge", role="surge", revision="r2"),
        stop(2, "page", 0, ids[0], 1, how="roll"),
        start(3, "page", 0, place(0, 0, WHOLE), 2, how="roll", revision="r2"),
        stop(4, "page", 1, ids[1], 3, how="roll"),
        start(5, "page", 1, place(0, 1, WHOLE), 4, how="roll", revision="r2"),
        stop(6, "page", 2, "", 5, how="surge", role="surge"),
    ]


def test_a_roll_with_surge_never_has_one_down_and_releases_the_surge_place(open_world: Opener) -> None:
    world = open_world(settings=SLOW)
    ids = world.committed_start(place(0, 0, WHOLE), place(0, 1, WHOLE))
    rolled(world, surge(ids))
    counts, sample = sampler(world)
    outcome = world.settle(fault=sample)
    assert outcome.complete
    assert min(counts) == 2
    assert max(counts) == 3
    rows = world.rows().values()
    assert {(row.held.ordinal, row.held.role, row.held.state) for row in rows} == {
        (0, "steady", "ready"),
        (1, "steady", "ready"),
    }
    assert "page/+2 starting on gpu-0/2 (surge)" in world.lines()


def test_a_failed_surge_pauses_the_roll_with_the_old_revision_serving(open_world: Opener) -> None:
    world = open_world(settings=SLOW)
    ids = world.committed_start(place(0, 0, WHOLE), place(0, 1, WHOLE))
    world.declare("page", revision="r2", labels={"simulated/fail": "bad weights"})
    world.declare("chat")
    made = world.commit([*surge(ids), start(7, "chat", 0, place(1, 0))], revisions={"page": "r2"})
    outcome = world.settle()
    assert outcome.failed.keys() == {"page/+2"}
    assert outcome.ready == (made.ids[7],)
    assert outcome.skipped.keys() == {"page/0", "page/1"} | {"page/+2"}
    states = {id_: row.held.state for id_, row in world.rows().items()}
    assert [states[id_] for id_ in ids] == ["ready", "ready"]
    assert states[made.ids[1]] == "failed"
    assert states[made.ids[3]] == "pending"
    assert all(seen.condition == "ready" for seen in world.simulated.observe(ids).values())
    paused = (
        "not carried out after page/+2: stop page/0, start page/0, stop page/1, start page/1, stop page/+2"
    )
    assert paused in world.lines()


def test_a_failed_wave_leaves_the_next_waves_alone(open_world: Opener) -> None:
    world = open_world(settings=SLOW)
    ids = world.committed_start(*(place(0, n, WHOLE) for n in range(4)))
    world.declare("page", revision="r2", labels={"simulated/fail": "bad weights"})
    world.commit(in_place(ids, 1), revisions={"page": "r2"})
    counts, sample = sampler(world)
    outcome = world.settle(fault=sample)
    assert outcome.failed.keys() == {"page/0"}
    assert counts[-1] == min(counts) == 3
    states = {id_: row.held.state for id_, row in world.rows().items()}
    assert [states.get(id_) for id_ in ids] == [None, "ready", "ready", "ready"]


def test_other_services_go_on_beside_a_failed_one(open_world: Opener) -> None:
    world = open_world(settings=SLOW)
    world.declare("page", labels={"simulated/fail": "boom"})
    others = [f"chat-{n}" for n in range(20)]
    world.declare(*others)
    steps = [start(1, "page", 0, place(0, 0))]
    steps += [start(n, name, 0, place(n % 2, n % 4, 1024)) for n, name in enumerate(others, 2)]
    world.commit(steps)
    outcome = world.settle(parallel=4)
    assert outcome.failed.keys() == {"page/0"}
    assert len(outcome.ready) == 20
