"""What can take an instance at all: filters over nodes and cards, each with the one reason that it gives.

A card or node is counted under the first reason that holds, in the order of :data:`REASONS`. The same filters choose
places in the final view and explain refusals; ``value/node.py`` has a faster form of them for what is free at once.
"""

from __future__ import annotations

from collections.abc import Sequence

from components.placement.capacity import MEMORY_ONLY, PERCENT, Grid, Uses, View
from components.placement.snapshot import Place
from components.placement.spread import SpreadGuard
from components.spec.claim import Wanted
from components.spec.units import FULL_COMPUTE

POOL = "in another pool"
TYPE = "of another instance type"
MODEL = "of another model"
LOST = "lost"
DRAINING = "draining"
CORDONED = "cordoned"
CAPACITY = "smaller than the slice"
FEW_CARDS = "on nodes with fewer cards than that"
NODE_CPU = "short of node CPU"
NODE_MEMORY = "short of node memory"
HELD_WHOLE = "held whole by another instance"
IN_USE = "in use, so not free as a whole"
FEW_FREE = "free on nodes where too few are free"
MEMORY = "short of memory"
FOREIGN = "short of memory that other owners hold"
COMPUTE = "short of compute"
SPREAD = "where the spread allows no more"
SEPARATE = "kept for slices of the other kind (memory_only: separate)"

REASONS = (
    POOL, TYPE, LOST, DRAINING, CORDONED, MODEL, CAPACITY, FEW_CARDS, HELD_WHOLE, IN_USE, FOREIGN, MEMORY, COMPUTE,
    FEW_FREE, NODE_CPU, NODE_MEMORY, SPREAD, SEPARATE,
)  # fmt: skip
"""The order in which reasons are looked for and shown: what never changes, then what is taken, then what is chosen."""

_STATES = {"lost": LOST, "draining": DRAINING, "cordoned": CORDONED}


class Ask:
    """One service's claim, with what the filters need of it worked out once.

    ``lead``: an ask of the same claim and pool, the same one for all that were made ``like`` one another.
    """

    __slots__ = (
        "claim",
        "compute",
        "cpu",
        "kind",
        "lead",
        "memory",
        "models",
        "other_kind",
        "own_kind",
        "pool",
        "sizes",
        "spread",
        "types",
        "wanted",
    )

    def __init__(self, wanted: Wanted, spread: SpreadGuard | None, *, separate: bool) -> None:
        """``spread``: the guard of a service that asks for one; ``separate``: ``memory_only`` is ``separate``."""
        claim = wanted.claim
        self.wanted = wanted
        self.claim = claim
        self.pool = wanted.pool
        self.kind = claim.kind
        self.sizes = {"GiB": claim.slice_mib("GiB"), "GB": claim.slice_mib("GB")}
        self.compute = claim.gpu_core_percentage if self.kind == "slice" else 0
        self.cpu = 0 if claim.best_effort else claim.cpu_milli
        self.memory = claim.memory_mib
        self.models = frozenset(claim.models)
        self.types = frozenset(claim.instance_types)
        self.spread = spread
        self.lead = self
        self.own_kind = self.other_kind = 0
        if self.kind == "slice":
            self.own_kind = PERCENT if self.compute else MEMORY_ONLY
            self.other_kind = PERCENT + MEMORY_ONLY - self.own_kind if separate else 0

    def like(self, wanted: Wanted, spread: SpreadGuard | None) -> Ask:
        """Return the ask of another service with the same claim on the same pool."""
        ask = Ask.__new__(Ask)
        ask.wanted = wanted
        ask.spread = spread
        ask.lead = self.lead
        ask.claim, ask.pool, ask.kind, ask.sizes = self.claim, self.pool, self.kind, self.sizes
        ask.compute, ask.cpu, ask.memory = self.compute, self.cpu, self.memory
        ask.models, ask.types = self.models, self.types
        ask.own_kind, ask.other_kind = self.own_kind, self.other_kind
        return ask

    def uses(self, grid: Grid, node: int, cards: Sequence[int]) -> Uses:
        """Return what :meth:`place` takes."""
        pairs: list[tuple[int, int]] = []
        if self.kind == "exclusive":
            for card in cards:
                pairs += ((2 * card, max(grid.caps[2 * card], 1)), (2 * card + 1, FULL_COMPUTE))
        elif self.kind == "slice":
            size = self.sizes[grid.units[node]]
            for card in cards:
                pairs.append((2 * card, size))
                if self.compute:
                    pairs.append((2 * card + 1, self.compute))
        slot = grid.cpu_slot(node)
        if self.cpu:
            pairs.append((slot, self.cpu))
        if self.memory:
            pairs.append((slot + 1, self.memory))
        return tuple(pairs)

    def place(self, grid: Grid, node: int, cards: Sequence[int]) -> Place:
        """Return the place on these cards of a node, in the sizes that the claim has there."""
        where = grid.nodes[node]
        return Place(
            pool=where.pool,
            node=where.name,
            cards=tuple(grid.uuids[card] for card in cards),
            memory_mib=self.sizes[where.unit] if self.kind == "slice" else 0,
            compute=self.compute,
            cpu_milli=self.cpu,
            node_memory_mib=self.memory,
            exclusive=self.kind == "exclusive",
        )

    def allows(self, grid: Grid, node: int, cards: Sequence[int]) -> bool:
        """Return whether pool, instance type and models are those asked for, whatever is taken there."""
        where = grid.nodes[node]
        if where.pool != self.pool or (self.types and where.instance_type not in self.types):
            return False
        if self.kind != "cpu" and not cards:
            return False
        return not self.models or all(grid.card_model[card] in self.models for card in cards)


def node_fault(ask: Ask, grid: Grid, node: int) -> str:
    """Return why this node is out of the question whatever is taken there, or an empty string."""
    view = grid.views[node]
    if view.node.pool != ask.pool:
        return POOL
    if ask.types and view.node.instance_type not in ask.types:
        return TYPE
    return _STATES.get(view.state, "")


def room_fault(ask: Ask, grid: Grid, view: View, node: int) -> str:
    """Return what a node lacks beside its cards."""
    slot = grid.cpu_slot(node)
    if ask.cpu and view.level[slot] + ask.cpu > grid.caps[slot]:
        return NODE_CPU
    if ask.memory and view.level[slot + 1] + ask.memory > grid.caps[slot + 1]:
        return NODE_MEMORY
    if ask.spread is not None and not ask.spread.allows(node):
        return SPREAD
    if ask.other_kind and view.kinds[node][ask.other_kind]:
        return SEPARATE
    return ""


def card_fault(ask: Ask, grid: Grid, view: View, card: int) -> str:
    """Return what one card lacks, without regard to its node."""
    if not grid.card_ready[card]:
        return _STATES[grid.views[grid.card_node[card]].card_states[grid.uuids[card]]]
    if ask.models and grid.card_model[card] not in ask.models:
        return MODEL
    used, capacity = view.level[2 * card], grid.caps[2 * card]
    compute = view.level[2 * card + 1]
    if ask.kind == "exclusive":
        if capacity <= 0:
            return CAPACITY
        return IN_USE if used or compute else ""
    need = ask.sizes[grid.units[grid.card_node[card]]]
    if need > capacity:
        return CAPACITY
    if used + need > capacity:
        return HELD_WHOLE if used >= capacity and compute >= FULL_COMPUTE else MEMORY
    return COMPUTE if ask.compute and compute + ask.compute > FULL_COMPUTE else ""


def final_choices(ask: Ask, grid: Grid, view: View, node: int) -> list[tuple[int, ...]]:
    """Return the sets of cards of this node that can take the claim once all that has to go is gone.

    A slice has one choice per card; whole cards are interchangeable, so they have one choice, the smallest cards first.
    """
    if node_fault(ask, grid, node) or room_fault(ask, grid, view, node):
        return []
    if ask.kind == "cpu":
        return [()]
    good = [card for card in grid.cards_of[node] if not card_fault(ask, grid, view, card)]
    if ask.kind == "slice":
        return [(card,) for card in good]
    if len(good) < ask.claim.gpu:
        return []
    good.sort(key=lambda card: (grid.caps[2 * card], card))
    return [tuple(sorted(good[: ask.claim.gpu]))]
