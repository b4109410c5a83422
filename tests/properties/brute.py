"""Small pools by brute force: where an instance could go, and the fewest moves that make room. No planner in here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from components.placement.plan_types import PlanOptions
from components.placement.snapshot import Held, NodeView, Place, Snapshot
from components.spec.claim import Wanted
from components.spec.node import Node


def mib(want: Wanted, node: Node) -> int:
    """Return the size of a slice on a node."""
    return want.claim.gpu_memory * (10**9 if node.instance_type.startswith("ml.") else 2**30) // 2**20


def places(
    snapshot: Snapshot, want: Wanted, count: int, rows: Sequence[Held], options: PlanOptions
) -> Iterator[Place]:
    """Yield every place where one more instance of a service of ``count`` instances could go beside ``rows``."""
    for view in snapshot.nodes:
        here = [row.place for row in rows if row.place.node_key == view.node.key]
        if _node_takes(view, want, here, options) and _spread_lets(snapshot, view, want, count, rows):
            for cards in _card_sets(view, want, here):
                yield _place(view.node, want, cards)


def _place(node: Node, want: Wanted, cards: tuple[str, ...]) -> Place:
    claim = want.claim
    sliced = claim.kind == "slice"
    return Place(
        node.pool,
        node.name,
        cards,
        mib(want, node) if sliced else 0,
        claim.gpu_core_percentage if sliced else 0,
        0 if claim.best_effort else claim.cpu_milli,
        claim.memory_mib,
        exclusive=claim.kind == "exclusive",
    )


def _node_takes(view: NodeView, want: Wanted, here: Sequence[Place], options: PlanOptions) -> bool:
    node, claim = view.node, want.claim
    if view.state != "ready" or node.pool != want.pool:
        return False
    if claim.instance_types and node.instance_type not in claim.instance_types:
        return False
    cpu = 0 if claim.best_effort else claim.cpu_milli
    if cpu and sum(place.cpu_milli for place in here) + cpu > node.cpu_milli:
        return False
    if claim.memory_mib and sum(place.node_memory_mib for place in here) + claim.memory_mib > node.memory_mib:
        return False
    if options.memory_only == "separate" and claim.kind == "slice":
        slices = [place for place in here if place.cards and not place.exclusive]
        return all(bool(place.compute) == bool(claim.gpu_core_percentage) for place in slices)
    return True


def _card_sets(view: NodeView, want: Wanted, here: Sequence[Place]) -> Iterator[tuple[str, ...]]:
    claim = want.claim
    if claim.kind == "cpu":
        yield ()
        return
    good = []
    for card in view.node.cards:
        on = [place for place in here if card.uuid in place.cards]
        if card.uuid in view.card_states or (claim.models and card.model not in claim.models):
            continue
        if claim.kind == "exclusive":
            fits = not on
        else:
            memory = sum(card.memory_mib if place.exclusive else place.memory_mib for place in on)
            compute = sum(100 if place.exclusive else place.compute for place in on)
            fits = memory + mib(want, view.node) <= card.memory_mib and (
                not claim.gpu_core_percentage or compute + claim.gpu_core_percentage <= 100
            )
        if fits:
            good.append(card.uuid)
    yield from combinations(good, claim.gpu or 1)


def _could_host(view: NodeView, want: Wanted) -> bool:
    empty = replace(want, spread="default")
    if not _node_takes(view, empty, (), PlanOptions()):
        return False
    return any(True for _ in _card_sets(view, empty, ()))


def _spread_lets(snapshot: Snapshot, view: NodeView, want: Wanted, count: int, rows: Sequence[Held]) -> bool:
    if want.spread == "default":
        return True

    by_node = {one.node.key: _key(one, want) for one in snapshot.nodes}
    there = [row for row in rows if (row.owner, row.service) == (snapshot.owner, want.service)]
    held = sum(by_node.get(row.place.node_key) == _key(view, want) for row in there)
    return held < share(snapshot, want, count)


def _key(view: NodeView, want: Wanted) -> str:
    return view.node.zone if want.spread == "zone" else view.node.key


def share(snapshot: Snapshot, want: Wanted, count: int) -> int:
    """Return how many instances of a service of ``count`` one host or zone may take."""
    eligible = {_key(view, want) for view in snapshot.nodes if _could_host(view, want)}
    return -(-count // len(eligible)) if eligible else 0


def fewest_moves(
    snapshot: Snapshot,
    wanted: Mapping[str, Wanted],
    claims: Sequence[Wanted],
    options: PlanOptions,
    *,
    most: int,
    breaking: bool = False,
) -> int | None:
    """Return with how many moves of own instances one instance of each claim finds a place; None with up to ``most``.

    Each moved instance begins beside its old one; with ``breaking`` the old ones may be gone first. The count of each
    service is taken from ``wanted``; every row of the owner may move.
    """
    rows = list(snapshot.held)
    own = [row for row in rows if row.owner == snapshot.owner]
    for count in range(most + 1):
        for movers in combinations(own, count):
            if _rehoused(snapshot, wanted, claims, options, rows, movers, breaking):
                return count
    return None


def _all_fit(snapshot: Snapshot, claims: Sequence[Wanted], options: PlanOptions, rows: list[Held]) -> bool:
    """Return whether one instance of each claim fits beside these rows, all of them together."""
    if not claims:
        return True
    claim = claims[0]
    for place in places(snapshot, claim, claim.instances, rows, options):
        row = Held(claim.service, snapshot.owner, claim.service, 0, "steady", "", place, "ready")
        if _all_fit(snapshot, claims[1:], options, [*rows, row]):
            return True
    return False


def _rehoused(
    snapshot: Snapshot,
    wanted: Mapping[str, Wanted],
    claims: Sequence[Wanted],
    options: PlanOptions,
    rows: list[Held],
    movers: tuple[Held, ...],
    breaking: bool,
) -> bool:
    if breaking:
        rows = [row for row in rows if row not in movers]
    if not movers:
        return _all_fit(snapshot, claims, options, rows)
    # When the old ones go first, the order in which the new ones come does not matter.
    for mover in movers[:1] if breaking else movers:
        want = wanted[mover.service]
        others = [row for row in rows if row is not mover]
        rest = tuple(other for other in movers if other is not mover)
        # The spread counts an instance once, while it is in two places for a moment.
        beside = [row if row is not mover else replace(row, service="~moving") for row in rows]
        for place in places(snapshot, want, want.instances, beside, options):
            after = [*others, replace(mover, place=place)]
            if place != mover.place and _rehoused(snapshot, wanted, claims, options, after, rest, breaking):
                return True
    return False
