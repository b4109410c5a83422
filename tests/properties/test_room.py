"""Room for one more claim on small pools, against trying every set of moves: as few as possible, and what is told works."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from components.placement.checker import violations
from components.placement.plan import plan
from components.placement.plan_types import Plan, PlanOptions, Refusal
from components.placement.snapshot import Snapshot
from components.spec.claim import Wanted
from tests.placement.world import World
from tests.properties import scenes
from tests.properties.brute import fewest_moves
from tests.properties.effort import examples

MOST = 2
"""Up to so many moves are tried one by one."""


def lived_in(rng: random.Random) -> tuple[World, list[Wanted]]:
    """Return a pool on which two owners have run for a while, and what the first of them wants."""
    world = World(scenes.nodes(rng)[: rng.randint(2, 4)])
    theirs = scenes.services(rng)[: rng.randint(0, 2)]
    mine = [want for want in scenes.services(rng) if not want.autoscale]
    for owner, wanted in (("other", theirs), ("me", mine)):
        for want in rng.sample(wanted, len(wanted)):
            # One after another, so that they lie where nobody who sees all of them would put them.
            known = [one for one in wanted if one.service <= want.service]
            made = plan(world.snapshot(owner), known, PlanOptions(on_insufficient="wait"))
            world.commit(owner, made, known)
            world.run(owner, rng, known)
    if rng.random() < 0.3:
        # Some leave again, and what they leave is in pieces.
        gone = {row for row in world.rows if rng.random() < 0.25}
        world.rows = {name: row for name, row in world.rows.items() if name not in gone}
    return world, [running(world, want) for want in mine if running(world, want).instances]


def running(world: World, want: Wanted) -> Wanted:
    """Return a service with as many instances as run, so that none of them is missing."""
    rows = sorted(
        (row for row in world.rows.values() if row.service == want.service), key=lambda r: r.ordinal
    )
    mine = [row for row in rows if row.owner == "me"]
    for ordinal, row in enumerate(mine):
        world.rows[row.id] = replace(row, ordinal=ordinal)
    return replace(want, instances=len(mine))


def planned(snapshot: Snapshot, wanted: Sequence[Wanted], options: PlanOptions) -> Plan:
    """Plan, and let the checker judge."""
    made = plan(snapshot, wanted, options)
    assert violations(snapshot, wanted, made, options) == []
    return made


def moved(made: Plan) -> int:
    """Return how many instances change their place."""
    return sum(step.op == "start" and step.how == "move" for step in made.steps)


def refused(
    rng: random.Random, snapshot: Snapshot, wanted: Sequence[Wanted], options: PlanOptions
) -> tuple[Wanted, Refusal | None]:
    """Return one more claim that is refused, best one that moves would help."""
    claim, refusal = Wanted("zz", "p", scenes.claim(rng)), None
    for _ in range(8):
        claim = replace(scenes.service(rng, "zz"), instances=1, autoscale=None)
        made = planned(snapshot, [*wanted, claim], options)
        refusal = next(iter(made.refusals), None)
        if refusal is not None and refusal.moves:
            break
    return claim, refusal


@examples(500)
@given(seed=st.integers(0, 1 << 40))
def test_a_refusal_tells_the_fewest_moves_that_help_and_they_do_help(seed: int) -> None:
    """Invariants 6 and 9; whoever moves begins beside its old instance wherever that works at all."""
    room(seed)


def room(seed: int) -> str:
    """Try one pool; return what came of it."""
    rng = random.Random(seed)
    world, wanted = lived_in(rng)
    options = PlanOptions(memory_only=rng.choice(("mixed", "mixed", "separate")))
    snapshot = world.snapshot("me")
    before = planned(snapshot, wanted, options)
    if before.steps or before.refusals:
        return "not at rest"
    claim, refusal = refused(rng, snapshot, wanted, options)
    if refusal is None:
        return "fits"
    told = refusal.max_moves
    breaks = "break-before-make" in refusal.moves
    services = {want.service: want for want in wanted}
    least = fewest_moves(snapshot, services, [claim], options, most=MOST)
    outage = fewest_moves(snapshot, services, [claim], options, most=MOST, breaking=True)
    if outage is None:
        assert told == 0 or told > MOST, (told, refusal.moves)
    else:
        assert (told, breaks) == (outage, least is None or least > outage), (outage, least, refusal.moves)
    if not told:
        return "nothing helps"
    for allowed in (told - 1, told, told + 1):
        allows = replace(options, max_moves=allowed)
        again = planned(snapshot, [*wanted, claim], allows)
        if allowed < told:
            assert [one.max_moves for one in again.refusals] == [told]
        else:
            assert not again.refusals
            shown = {step.mode for step in again.steps if step.how == "move"}
            assert moved(again) == told if allowed == told else moved(again) <= allowed
            assert allowed > told or ("break-before-make" in shown) == breaks, again.steps
    return f"{told} moves{', breaking' if breaks else ''}"


@examples(200)
@given(seed=st.integers(0, 1 << 40))
def test_two_claims_without_a_place_are_told_the_fewest_moves_that_help_both(seed: int) -> None:
    """Claims of one plan share its moves."""
    room_for_two(seed)


def room_for_two(seed: int) -> str:
    """Try one pool with two claims; return what came of it."""
    rng = random.Random(seed)
    world, wanted = lived_in(rng)
    options = PlanOptions(memory_only=rng.choice(("mixed", "mixed", "separate")))
    snapshot = world.snapshot("me")
    before = planned(snapshot, wanted, options)
    if before.steps or before.refusals:
        return "not at rest"
    claims = []
    for name in ("yy", "zz"):
        claim, refusal = refused(rng, snapshot, wanted, options)
        if refusal is None or not refusal.moves:
            return "one fits or nothing helps one"
        claims.append(replace(claim, service=name))
    services = {want.service: want for want in wanted}
    fewest = fewest_moves(snapshot, services, claims, options, most=MOST, breaking=True)
    if fewest is None:
        return "nothing helps both"
    made = planned(snapshot, [*wanted, *claims], options)
    assert [refusal.max_moves for refusal in made.refusals] == [fewest] * 2, made.refusals
    again = planned(snapshot, [*wanted, *claims], replace(options, max_moves=fewest))
    assert not again.refusals
    assert moved(again) == fewest
    return f"{fewest} moves"
