"""Nearly full pools through rolls, resizes, swaps, drains and crashes: every plan on the way obeys the invariants."""

from __future__ import annotations

import random

from hypothesis import example, given
from hypothesis import strategies as st

from components.placement.bound import rejudge
from components.placement.checker import violations
from components.placement.plan import plan
from components.placement.plan_types import Plan, PlanOptions
from components.spec.claim import Wanted
from tests.placement.world import World
from tests.properties import scenes
from tests.properties.effort import examples

OWNERS = ("me", "me", "me", "other")


def shuffled(
    rng: random.Random, world: World, owner: str, wanted: list[Wanted], options: PlanOptions
) -> Plan:
    """Plan the same with nodes, rows and services in another order."""
    other = World(
        rng.sample(world.nodes, len(world.nodes)),
        dict(rng.sample(sorted(world.rows.items()), len(world.rows))),
        world.waiting,
        quotas=world.quotas,
    )
    return plan(other.snapshot(owner), rng.sample(wanted, len(wanted)), options)


@examples(200)
@given(seed=st.integers(0, 1 << 40))
@example(seed=600)
def test_every_plan_of_a_busy_scene_obeys_the_invariants(seed: int) -> None:
    """Invariants 1-11 at every step under worst-case concurrency; the order of the input does not matter."""
    play(seed)


@examples(100)
@given(seed=st.integers(0, 1 << 40))
@example(seed=541)
@example(seed=271)
def test_every_plan_of_a_busy_scene_under_quotas_obeys_the_invariants(seed: int) -> None:
    """The same with quotas that come, go, grow and shrink below what is in use."""
    play(seed, random.Random(seed + 1))


def play(seed: int, limits: random.Random | None = None) -> None:
    """Play one scene; ``limits`` changes the quotas of both owners in between."""
    rng = random.Random(seed)
    world = World(scenes.nodes(rng))
    wants = {owner: scenes.services(rng) for owner in sorted(set(OWNERS))}
    for _ in range(rng.randint(2, 8)):
        owner = rng.choice(OWNERS)
        if rng.random() < 0.7:
            wants[owner] = scenes.changed(rng, wants[owner])
        if rng.random() < 0.3:
            world.nodes = scenes.disturbed(rng, world.nodes)
        if limits is not None and limits.random() < 0.5:
            world.quotas[owner] = scenes.quotas(limits)
        options = scenes.options(rng)
        snapshot = world.snapshot(owner)
        made = plan(snapshot, wants[owner], options)
        faults = violations(snapshot, wants[owner], made, options)
        assert not faults, faults
        assert shuffled(rng, world, owner, wants[owner], options) == made
        if made.blocking:
            continue
        faults = rejudge(snapshot, wants[owner], made.assignments, made.steps, options)
        assert not faults, faults
        world.commit(owner, made, wants[owner])
        if world.run(owner, rng, wants[owner], rng.choice((0, 1, 2, 4, 8, 1 << 30, 1 << 30))):
            again = plan(world.snapshot(owner), wants[owner], options)
            # What had to run on where it is may move once this plan has made room, and for what waits the next plan may
            # make as many moves again; all else has come to rest.
            # What a quota leaves out may fit once the others are where they are, on cards where they count less.
            waits = made.refusals and (options.max_moves or snapshot.quotas)
            if not waits and not any("runs on" in warning for warning in made.warnings):
                assert not again.steps, again.steps
                assert again.assignments == made.assignments, (again.assignments, made.assignments)
        else:
            world.crash(owner, rng)
