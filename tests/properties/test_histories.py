"""Two owners change what they want, nodes come and go, applies crash: every plan on the way obeys the invariants."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from components.placement.bound import rejudge
from components.placement.checker import violations
from components.placement.plan import plan
from tests.placement.world import World
from tests.properties import strategies as some
from tests.properties.effort import examples

OWNERS = ("me", "other")


@examples(200)
@given(data=st.data(), seed=st.integers(0, 1 << 30))
def test_every_plan_of_a_history_obeys_the_invariants_and_its_steps_fit_in_any_order(
    data: st.DataObject, seed: int
) -> None:
    """Invariants 1-8, 10 and 11: at every step under worst-case concurrency, through crashes and changes."""
    rng = random.Random(seed)
    world = World(data.draw(some.views()))
    wants = {owner: data.draw(some.services()) for owner in OWNERS}
    for _ in range(data.draw(st.integers(1, 6))):
        owner = data.draw(st.sampled_from(OWNERS))
        if data.draw(st.booleans()):
            wants[owner] = data.draw(some.changed(wants[owner]))
        if data.draw(st.integers(0, 3)) == 0:
            world.nodes = data.draw(some.disturbed(world.nodes))
        chosen = data.draw(some.options)
        snapshot = world.snapshot(owner)
        made = plan(snapshot, wants[owner], chosen)
        assert violations(snapshot, wants[owner], made, chosen) == []
        if made.blocking:
            continue
        assert rejudge(snapshot, wants[owner], made.assignments, made.steps, chosen) == []
        world.commit(owner, made, wants[owner])
        finished = world.run(owner, rng, wants[owner], data.draw(st.sampled_from((0, 1, 2, 5, 1 << 30))))
        if not finished:
            world.crash(owner, rng)
        else:
            again = plan(world.snapshot(owner), wants[owner], chosen)
            waits = made.refusals and chosen.max_moves
            if not waits and not any("runs on" in warning for warning in made.warnings):
                assert again.steps == ()
                assert again.assignments == made.assignments
