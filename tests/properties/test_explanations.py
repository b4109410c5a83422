"""What a refusal says, against trying it: each card is counted under its first reason, and what would help does help."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from components.placement.account import Accounts
from components.placement.plan import plan
from components.placement.plan_types import PlanOptions, Refusal
from components.placement.snapshot import Held, NodeView, Snapshot
from components.spec.claim import Claim, Wanted
from components.spec.node import Card
from tests.properties.brute import mib, places, share
from tests.properties.effort import examples
from tests.properties.test_room import lived_in, planned, refused

STATES = {"lost": "lost", "draining": "draining", "cordoned": "cordoned"}


def counted(snapshot: Snapshot, want: Wanted, options: PlanOptions) -> dict[str, int]:
    """Return how many cards (nodes, without cards) fail on what, each under the first reason that holds."""
    found: Counter[str] = Counter()
    for view in snapshot.nodes:
        here = [row for row in snapshot.held if row.place.node_key == view.node.key]
        apart = _apart(view, want)
        beside = _beside(snapshot, view, want, here, options)
        if want.claim.kind == "cpu":
            found[apart or beside] += 1
            continue
        faults = [_card(snapshot, view, card, want, here) for card in view.node.cards]
        if want.claim.kind == "exclusive" and not apart:
            if len(view.node.cards) < want.claim.gpu:
                apart = "on nodes with fewer cards than that"
            elif faults.count("") < want.claim.gpu:
                beside = "free on nodes where too few are free"
        found.update(apart or fault or beside for fault in faults)
    return {reason: count for reason, count in found.items() if reason}


def _apart(view: NodeView, want: Wanted) -> str:
    if view.node.pool != want.pool:
        return "in another pool"
    if want.claim.instance_types and view.node.instance_type not in want.claim.instance_types:
        return "of another instance type"
    return STATES.get(view.state, "")


def _beside(
    snapshot: Snapshot, view: NodeView, want: Wanted, here: Sequence[Held], options: PlanOptions
) -> str:
    node, claim = view.node, want.claim
    cpu = 0 if claim.best_effort else claim.cpu_milli
    if cpu and sum(row.place.cpu_milli for row in here) + cpu > node.cpu_milli:
        return "short of node CPU"
    if (
        claim.memory_mib
        and sum(row.place.node_memory_mib for row in here) + claim.memory_mib > node.memory_mib
    ):
        return "short of node memory"
    if want.spread != "default" and share(snapshot, want, want.instances) < 1:
        return "where the spread allows no more"
    slices = [row.place for row in here if row.place.cards and not row.place.exclusive]
    mixes = any(bool(place.compute) != bool(claim.gpu_core_percentage) for place in slices)
    if options.memory_only == "separate" and claim.kind == "slice" and mixes:
        return "kept for slices of the other kind (memory_only: separate)"
    return ""


def _card(snapshot: Snapshot, view: NodeView, card: Card, want: Wanted, here: Sequence[Held]) -> str:
    claim, on = want.claim, [row for row in here if card.uuid in row.place.cards]
    if card.uuid in view.card_states:
        return STATES[view.card_states[card.uuid]]
    if claim.models and card.model not in claim.models:
        return "of another model"
    if claim.kind == "exclusive":
        return "in use, so not free as a whole" if on else ""
    need = mib(want, view.node)
    if need > card.memory_mib:
        return "smaller than the slice"
    taken = {row.id: card.memory_mib if row.place.exclusive else row.place.memory_mib for row in on}
    compute = sum(100 if row.place.exclusive else row.place.compute for row in on)
    foreign = sum(taken[row.id] for row in on if row.owner != snapshot.owner)
    if sum(taken.values()) + need > card.memory_mib:
        if sum(taken.values()) >= card.memory_mib and compute >= 100:
            return "held whole by another instance"
        owners = foreign + need > card.memory_mib
        return "short of memory that other owners hold" if owners else "short of memory"
    wants = claim.gpu_core_percentage
    return "short of compute" if wants and compute + wants > 100 else ""


def disturbed(rng: random.Random) -> tuple[Snapshot, list[Wanted], PlanOptions] | None:
    """Return a lived-in pool at rest, perhaps with nodes that take nothing new."""
    world, wanted = lived_in(rng)
    options = PlanOptions(memory_only=rng.choice(("mixed", "mixed", "separate")))
    if rng.random() < 0.4:
        world.nodes = [
            replace(view, state="cordoned", cause="operator") if rng.random() < 0.3 else view
            for view in world.nodes
        ]
    snapshot = world.snapshot("me")
    before = plan(snapshot, wanted, options)
    return None if before.steps or before.refusals else (snapshot, wanted, options)


def fits(snapshot: Snapshot, wanted: Sequence[Wanted], claim: Wanted, options: PlanOptions) -> bool:
    """Return whether a claim is placed beside what is wanted, and nobody else moves."""
    return not planned(snapshot, [*wanted, claim], options).refusals


@examples(400)
@given(seed=st.integers(0, 1 << 40))
def test_counts_are_right_and_what_would_help_does_help(seed: int) -> None:
    """Invariant 9, against a second way to say the same and against planning what is advised."""
    explained(seed)


def explained(seed: int) -> str:
    """Try one pool; return what came of it."""
    rng = random.Random(seed)
    made = disturbed(rng)
    if made is None:
        return "not at rest"
    snapshot, wanted, options = made
    claim, refusal = refused(rng, snapshot, wanted, options)
    if rng.random() < 0.3:
        # Compute is seldom what is short of its own accord.
        much = Claim(gpu_memory=rng.randint(1, 4), gpu_core_percentage=rng.choice((60, 80, 90, 100)))
        claim = replace(claim, claim=much)
        refusal = next(iter(planned(snapshot, [*wanted, claim], options).refusals), None)
    if refusal is None:
        accounts = Accounts(snapshot, [*wanted, claim], options)
        account = accounts.of(claim.service, 0)
        assert account is not None
        assert account.counts == counted(snapshot, claim, options)
        return "fits"
    assert refusal.counts == counted(snapshot, claim, options)
    return ", ".join(advice(snapshot, wanted, claim, refusal, options)) or "no advice"


def advice(
    snapshot: Snapshot, wanted: Sequence[Wanted], claim: Wanted, refusal: Refusal, options: PlanOptions
) -> list[str]:
    """Follow every advice of a refusal; return which there were."""
    followed = []
    short = re.search(
        r"short (?:([\d,]+) MiB)?(?: and )?(?:(\d+) % of compute)? on (\w+)/(\d+)", refusal.nearest
    )
    if short:
        followed.append("short")
        view = next(view for view in snapshot.nodes if view.node.name == short[3])
        memory, compute = missing(snapshot, view, view.node.cards[int(short[4])], claim)
        assert (memory, compute) == (int((short[1] or "0").replace(",", "")), int(short[2] or 0))
    for name in ("gpu_memory", "gpu_core_percentage"):
        if number := re.search(rf"{name} (\d+) \(", refusal.remedy):
            followed.append(name)
            for amount, good in ((int(number[1]), True), (int(number[1]) + 1, False)):
                asked = replace(claim, claim=_asking(claim.claim, name, amount))
                rows = list(snapshot.held)
                could = any(True for _ in places(snapshot, asked, asked.instances, rows, options))
                assert could == good, (name, amount, refusal.remedy)
                assert fits(snapshot, wanted, asked, options) == good
    if service := re.search(r"one instance less of (\w+)", refusal.remedy):
        followed.append("one less")
        fewer = [
            replace(want, instances=want.instances - 1) if want.service == service[1] else want
            for want in wanted
        ]
        assert fits(snapshot, fewer, claim, options), refusal.remedy
    if kind := re.search(r"one more ([\w.]+) node", refusal.remedy):
        followed.append("one more node")
        alike = [view for view in snapshot.nodes if view.node.instance_type == kind[1]]
        larger = [_with_another(snapshot, view) for view in alike]
        assert any(fits(more, wanted, claim, options) for more in larger), refusal.remedy
    return followed


def _asking(claim: Claim, name: str, amount: int) -> Claim:
    if name == "gpu_memory":
        return replace(claim, gpu_memory=amount)
    return replace(claim, gpu_core_percentage=amount)


def _with_another(snapshot: Snapshot, view: NodeView) -> Snapshot:
    """Return the pool with one more, empty node like this one."""
    cards = tuple(replace(card, uuid=f"new-{card.index}") for card in view.node.cards)
    more = NodeView(replace(view.node, name="new", cards=cards))
    return replace(snapshot, nodes=(*snapshot.nodes, more))


def missing(snapshot: Snapshot, view: NodeView, card: Card, want: Wanted) -> tuple[int, int]:
    """Return how much memory (MiB) and compute (percent) a card lacks."""
    on = [row.place for row in snapshot.held if card.uuid in row.place.cards]
    memory = sum(card.memory_mib if place.exclusive else place.memory_mib for place in on)
    compute = sum(100 if place.exclusive else place.compute for place in on)
    asked = want.claim.gpu_core_percentage
    return (
        max(memory + mib(want, view.node) - card.memory_mib, 0),
        max(compute + asked - 100, 0) if asked else 0,
    )
