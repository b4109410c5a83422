"""Judges plans: ``violations`` holds every plan against the invariants of planning, in the end and at every moment before.

It shares no code with the planner but the data types, and asks for the worst order in which steps may end, not for one
order. The numbers in the sentences are those of the invariants in ``docs/architecture.md``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from components.placement.check_moves import Moves
from components.placement.check_quotas import quota_faults
from components.placement.check_rolls import roll_faults
from components.placement.check_room import room_faults
from components.placement.check_world import Row, World, build, instances
from components.placement.plan_types import Plan, PlanOptions
from components.placement.snapshot import Held, NodeView, Place, Snapshot
from components.spec.claim import Claim, Wanted
from components.spec.node import Node


def violations(snapshot: Snapshot, wanted: Sequence[Wanted], plan: Plan, options: PlanOptions) -> list[str]:
    """Return a sentence for every invariant that the plan breaks; empty for a good plan.

    A plan that fails the check is never carried out, so only what it says is judged, not its steps.
    """
    world = build(snapshot, plan)
    faults = list(world.faults)
    for want in wanted:
        faults += _assigned(world, want, plan)
    if plan.blocking:
        return faults
    faults += room_faults(world, options)
    faults += quota_faults(world, plan)
    moves = Moves(world, plan)
    for want in wanted:
        faults += _ends_right(world, want, plan)
        faults += _stays(world, want, plan, moves)
        faults += _evicts(world, want, plan) if options.for_another else ()
        faults += _spread(world, want, plan)
        faults += roll_faults(world, want, plan)
    faults += _nothing_left_over(world, plan)
    faults += moves.faults(options)
    return faults


def fits_claim(place: Place, want: Wanted, node: Node) -> str:
    """Return how a place differs from what the claim is on that node, or an empty string (invariants 2, 3 and 4)."""
    claim = want.claim
    cards = {card.uuid: card for card in node.cards}
    if place.pool != want.pool:
        return f"is in pool {place.pool}"
    if claim.instance_types and node.instance_type not in claim.instance_types:
        return f"is on a {node.instance_type}"
    if any(uuid not in cards for uuid in place.cards):
        return "is on a card that the node does not have"
    if claim.models and any(cards[uuid].model not in claim.models for uuid in place.cards):
        return "is on a card of another model"
    return _size_differs(place, claim, node)


def _size_differs(place: Place, claim: Claim, node: Node) -> str:
    if claim.kind == "exclusive":
        if not place.exclusive or len(set(place.cards)) != claim.gpu or len(place.cards) != claim.gpu:
            return f"has not {claim.gpu} whole cards"
        return ""
    if place.exclusive:
        return "has whole cards"
    if claim.kind == "cpu":
        return "has a card" if place.cards else ""
    mib = claim.gpu_memory * (10**9 if node.instance_type.startswith("ml.") else 2**30) // 2**20
    if (len(place.cards), place.memory_mib, place.compute) != (1, mib, claim.gpu_core_percentage):
        return f"has {place.memory_mib} MiB and {place.compute} % on {len(place.cards)} cards"
    return ""


def _assigned(world: World, want: Wanted, plan: Plan) -> Iterator[str]:
    """Every wanted ordinal, and no other, is assigned or waits, and one that waits is explained (9, 11)."""
    places = plan.assignments.get(want.service, {})
    count = instances(want, world.snapshot)
    if sorted(places) != list(range(count)):
        yield f"{want.service} wants {count} instances and has ordinals {sorted(places)}"
    explained = Counter((refusal.service, refusal.ordinal) for refusal in plan.refusals)
    for ordinal, place in places.items():
        if place is None and not explained[want.service, ordinal]:
            yield f"{want.service}/{ordinal} waits without a reason (9)"
    cards = len({card.uuid for view in world.views.values() for card in view.node.cards})
    for refusal in plan.refusals:
        things = len(world.views) if refusal.of == "node" else cards
        counted = sum(refusal.counts.values())
        if refusal.service == want.service and refusal.counts and counted != things:
            name = f"{want.service}/{refusal.ordinal}"
            yield f"the refusal of {name} speaks of {counted} of {things} {refusal.of}s (9)"


def _ends_right(world: World, want: Wanted, plan: Plan) -> Iterator[str]:
    """In the end each ordinal has one instance, at its place, as wanted, unless the plan says why not."""
    for ordinal, place in plan.assignments.get(want.service, {}).items():
        name = f"{want.service}/{ordinal}"
        finals = world.finals(want.service, ordinal)
        if place is None:
            if finals:
                yield f"{name} waits, but {finals[0].name} stays"
            continue
        if [row.place for row in finals] != [place]:
            yield f"{name} is assigned {place} and ends with {[row.place for row in finals]}"
            continue
        (row,) = finals
        runs_on = any(warning.startswith(f"{name} runs on") for warning in plan.warnings)
        view = world.views.get(place.node_key)
        if view is None:
            yield f"{name} ends on node {place.node}, which is not there"
        elif not runs_on:
            differs = fits_claim(place, want, view.node)
            if differs:
                yield f"{name} {differs} (4)"
            if row.revision != want.revision:
                yield f"{name} ends at revision {row.revision}"
        if row.new and row.held is None:
            yield from _new_place(world, row)


def _new_place(world: World, row: Row) -> Iterator[str]:
    """A new place is on a ready node; one that is taken over in place may be on a cordoned one."""
    state = world.state(row.place)
    replaced = [world.rows[name].place for name in world.gone_before.get(row.name, ()) if name in world.rows]
    in_place = any(
        place.node_key == row.place.node_key and set(row.place.cards) <= set(place.cards)
        for place in replaced
    )
    if state != "ready" and not (state == "cordoned" and in_place):
        yield f"{row.service}/{row.ordinal} begins on {row.place.node}, which is {state}"


def _good(world: World, want: Wanted, held: Held) -> bool:
    """Return whether a row is what is wanted, where it may stay."""
    view = world.views.get(held.place.node_key)
    if view is None or world.state(held.place) not in ("ready", "cordoned"):
        return False
    return (
        held.revision == want.revision
        and held.state not in ("stopping", "pending")
        and not fits_claim(held.place, want, view.node)
    )


def _stays(world: World, want: Wanted, plan: Plan, moves: Moves) -> Iterator[str]:
    """What still fits where it is stays, or makes room; what is ready and right is not touched at all (5, 6)."""
    steps = {step.instance: step for step in plan.steps if step.instance}
    count = instances(want, world.snapshot)
    good: dict[int, list[Held]] = {}
    for held in world.snapshot.held:
        mine = held.owner == world.snapshot.owner and held.service == want.service and held.role == "steady"
        if mine and held.ordinal < count and _good(world, want, held):
            good.setdefault(held.ordinal, []).append(held)
    for ordinal, rivals in good.items():
        place = plan.assignments[want.service].get(ordinal)
        for held in rivals:
            if _too_full(world, held):
                continue
            if moves.empties(held, place):
                continue
            if moves.makes_room(held, place):
                moves.counted.add((held.service, held.ordinal))
                continue
            if place not in [other.place for other in rivals]:
                yield f"{held.id} fits where it is and is not kept (5)"
            right = held.state == "ready" and held.token_hash == want.token_hash and len(rivals) == 1
            if right and held.id in steps:
                yield f"{held.id} is as wanted and step {steps[held.id].n} ({steps[held.id].op}) touches it (5)"


def _evicts(world: World, want: Wanted, plan: Plan) -> Iterator[str]:
    """What serves and is not evictable is not moved off a draining place by a plan that its owner did not ask for."""
    if want.labels.get("eas-slices/evictable") != "false":
        return
    stopped = {step.instance for step in plan.steps if step.op == "stop"}
    rows = [
        row
        for row in world.snapshot.held
        if (row.owner, row.service, row.role) == (world.snapshot.owner, want.service, "steady")
    ]
    for row in rows:
        alone = sum(other.ordinal == row.ordinal for other in rows) == 1
        serves = row.state in ("starting", "ready") and row.revision == want.revision
        view = world.views.get(row.place.node_key)
        if not (alone and serves and view is not None and world.state(row.place) == "draining"):
            continue
        fits = not _size_differs(row.place, want.claim, view.node) and not _too_full(world, row)
        if fits and row.ordinal < instances(want, world.snapshot) and row.id in stopped:
            yield f"{row.id} is not evictable and is moved off a draining place"


def _too_full(world: World, held: Held) -> bool:
    """Return whether a card or the node of a row holds more now than it has room for, since it shrank."""
    view = world.views[held.place.node_key]
    there = [
        row.place
        for row in world.snapshot.held
        if row.place.node_key == held.place.node_key and row.state != "pending"
    ]
    if sum(place.cpu_milli for place in there) > view.node.cpu_milli:
        return True
    if sum(place.node_memory_mib for place in there) > view.node.memory_mib:
        return True
    for card in view.node.cards:
        if card.uuid in held.place.cards:
            on = [place for place in there if card.uuid in place.cards]
            if (
                sum(card.memory_mib if place.exclusive else place.memory_mib for place in on)
                > card.memory_mib
            ):
                return True
            if sum(100 if place.exclusive else place.compute for place in on) > 100:
                return True
    return False


def _spread(world: World, want: Wanted, plan: Plan) -> Iterator[str]:
    """No host or zone that gets a new instance ends with more than its even share (10)."""
    if want.spread == "default":
        return
    keys = {key: view.node.zone if want.spread == "zone" else key for key, view in world.views.items()}
    eligible = {
        keys[key]
        for key, view in world.views.items()
        if view.node.pool == want.pool and _could_host(view, want)
    }
    share = -(-instances(want, world.snapshot) // len(eligible)) if eligible else 0
    placed = [
        row for ordinal in plan.assignments[want.service] for row in world.finals(want.service, ordinal)
    ]
    counts = Counter(keys[row.place.node_key] for row in placed if row.place.node_key in keys)
    owner = world.snapshot.owner
    there = {
        (held.ordinal, held.place.node_key)
        for held in world.snapshot.held
        if (held.owner, held.service) == (owner, want.service)
    }
    for row in placed:
        key = keys[row.place.node_key]
        if row.new and (row.ordinal, row.place.node_key) not in there and counts[key] > share:
            yield f"{want.service} has {counts[key]} instances on {key}, its share is {share} (10)"


def _could_host(view: NodeView, want: Wanted) -> bool:
    node = view.node
    claim = want.claim
    if view.state != "ready" or (claim.instance_types and node.instance_type not in claim.instance_types):
        return False
    if claim.memory_mib > node.memory_mib or (not claim.best_effort and claim.cpu_milli > node.cpu_milli):
        return False
    mib = claim.slice_mib(node.unit) if claim.kind == "slice" else 0
    good = [
        card
        for card in node.cards
        if card.uuid not in view.card_states
        and card.memory_mib >= mib
        and (not claim.models or card.model in claim.models)
    ]
    return claim.kind == "cpu" or len(good) >= max(claim.gpu, 1)


def _nothing_left_over(world: World, plan: Plan) -> Iterator[str]:
    """Every row of this owner is assigned, stopped, or out of reach; surge instances end with the plan (8)."""
    for row in world.rows.values():
        if not row.own or row.name in world.ended_by or world.lost(row.place):
            continue
        place = plan.assignments.get(row.service, {}).get(row.ordinal)
        if row.role == "surge":
            yield f"surge instance {row.name} is never stopped (8)"
        elif place != row.place:
            yield f"{row.name} is neither assigned nor stopped"
