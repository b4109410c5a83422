"""The books of planning: what is taken of every card and node, in flat lists of integers.

Every quantity that can run out is one *slot*: the memory (MiB) and the compute (percent) of a card, the CPU (thousandths
of a core) and the memory (MiB) of a node. Two views of each slot are kept up to date together: ``final``, what is taken
once the plan is carried out, and ``peak``, the bound of what is ever taken until then (``level.py``). ``now`` needs no
third list: it is part of the peak, since a place counts until its instance is seen gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from components.placement.snapshot import Held, NodeView, Place
from components.spec.node import Node
from components.spec.units import FULL_COMPUTE

Uses = tuple[tuple[int, int], ...]
"""(slot, amount) pairs: what one place takes."""

PERCENT, MEMORY_ONLY = 1, 2
"""The two kinds of slices that ``memory_only: separate`` keeps on different nodes."""


class Grid:
    """The nodes and cards of a snapshot, numbered by node key, card index and UUID; nothing here changes.

    A card is counted once, by its UUID: the first node that names it has it.
    """

    __slots__ = (
        "caps",
        "card_index",
        "card_model",
        "card_node",
        "card_of",
        "card_ready",
        "cards_of",
        "first_node_slot",
        "node_of",
        "nodes",
        "pools",
        "uuids",
        "views",
    )

    def __init__(self, views: Iterable[NodeView]) -> None:
        """Number nodes and cards."""
        self.views: list[NodeView] = sorted(views, key=lambda view: view.node.key)
        self.nodes: list[Node] = [view.node for view in self.views]
        self.node_of: dict[str, int] = {}
        self.pools: dict[str, list[int]] = {}
        self.card_of: dict[str, int] = {}
        self.cards_of: list[tuple[int, ...]] = []
        self.card_node: list[int] = []
        self.card_model: list[str] = []
        self.card_index: list[int] = []
        self.card_ready: list[bool] = []
        self.uuids: list[str] = []
        self.caps: list[int] = []
        for i, view in enumerate(self.views):
            self.node_of[view.node.key] = i
            self.pools.setdefault(view.node.pool, []).append(i)
            self.cards_of.append(self._number_cards(i, view))
        self.first_node_slot = len(self.caps)
        for node in self.nodes:
            self.caps += (node.cpu_milli, node.memory_mib)

    def _number_cards(self, i: int, view: NodeView) -> tuple[int, ...]:
        numbers = []
        for card in sorted(view.node.cards, key=lambda card: (card.index, card.uuid)):
            if card.uuid in self.card_of:
                continue
            number = len(self.uuids)
            self.card_of[card.uuid] = number
            self.uuids.append(card.uuid)
            self.card_node.append(i)
            self.card_model.append(card.model)
            self.card_index.append(card.index)
            self.card_ready.append(view.card_states.get(card.uuid, "ready") == "ready")
            self.caps += (card.memory_mib, FULL_COMPUTE)
            numbers.append(number)
        return tuple(numbers)

    def cpu_slot(self, node: int) -> int:
        """Return the slot of a node's CPU; that of its memory is the next."""
        return self.first_node_slot + 2 * node

    def node_at(self, slot: int) -> int:
        """Return the node that a slot belongs to."""
        return (
            self.card_node[slot // 2] if slot < self.first_node_slot else (slot - self.first_node_slot) // 2
        )

    def slot_name(self, slot: int) -> tuple[str, str, str]:
        """Return (where, dimension, unit) of a slot, for people."""
        if slot < self.first_node_slot:
            card = slot // 2
            where = f"{self.nodes[self.card_node[card]].name}/{self.card_index[card]}"
            return (where, "compute", "%") if slot % 2 else (where, "memory", "MiB")
        node = self.nodes[(slot - self.first_node_slot) // 2].name
        odd = (slot - self.first_node_slot) % 2
        return (node, "node memory", "MiB") if odd else (node, "node CPU", "thousandths of a core")

    def uses(self, place: Place) -> Uses:
        """Return what a place takes; of cards and nodes that are not in the snapshot it takes nothing."""
        pairs: list[tuple[int, int]] = []
        for uuid in place.cards:
            card = self.card_of.get(uuid)
            if card is None:
                continue
            if place.exclusive:
                # The whole card is full, so that sharing an exclusive card needs no rule of its own.
                pairs += ((2 * card, max(self.caps[2 * card], 1)), (2 * card + 1, FULL_COMPUTE))
            else:
                pairs.append((2 * card, place.memory_mib))
                if place.compute:
                    pairs.append((2 * card + 1, place.compute))
        node = self.node_of.get(place.node_key)
        if node is not None:
            slot = self.first_node_slot + 2 * node
            if place.cpu_milli:
                pairs.append((slot, place.cpu_milli))
            if place.node_memory_mib:
                pairs.append((slot + 1, place.node_memory_mib))
        return tuple(pairs)


def kind_of(place: Place) -> int:
    """Return PERCENT or MEMORY_ONLY for a slice, 0 for whole cards and for none."""
    if place.exclusive or not place.cards:
        return 0
    return PERCENT if place.compute else MEMORY_ONLY


class Credit:
    """What a row that has to go leaves to those that wait for it: per slot what nobody has been promised yet."""

    __slots__ = ("spare",)

    def __init__(self, uses: Uses) -> None:
        """Nothing is promised yet."""
        self.spare = dict(uses)


class Booking:
    """What one row was counted with in ``peak``, so that it can be taken back."""

    __slots__ = ("kind", "node", "taken", "uses")

    def __init__(self, uses: Uses, node: int, kind: int) -> None:
        """Nothing is credited yet."""
        self.uses = uses
        self.node = node
        self.kind = kind
        self.taken: list[tuple[Credit, int, int]] = []


@dataclass(frozen=True, slots=True)
class View:
    """One view of the books: what is taken per slot, and how many slices of each kind are on each node."""

    level: list[int]
    kinds: list[list[int]]


class Books:
    """``peak`` and ``final`` per slot, and how many slices of each kind are on each node in either view."""

    __slots__ = ("caps", "final", "final_kinds", "peak", "peak_kinds")

    def __init__(self, grid: Grid) -> None:
        """Nothing is taken."""
        self.caps = grid.caps
        self.peak = [0] * len(grid.caps)
        self.final = [0] * len(grid.caps)
        self.peak_kinds = [[0, 0, 0] for _ in grid.nodes]
        self.final_kinds = [[0, 0, 0] for _ in grid.nodes]

    @property
    def in_the_end(self) -> View:
        """What is taken once the plan is carried out."""
        return View(self.final, self.final_kinds)

    @property
    def at_most(self) -> View:
        """The bound of what is ever taken until then."""
        return View(self.peak, self.peak_kinds)

    def fits(self, uses: Uses) -> bool:
        """Return whether this much is free now and stays free whatever the plan's steps do."""
        peak, caps = self.peak, self.caps
        return all(peak[slot] + amount <= caps[slot] for slot, amount in uses)

    def fits_finally(self, uses: Uses) -> bool:
        """Return whether this much is free once all that has to go is gone."""
        final, caps = self.final, self.caps
        return all(final[slot] + amount <= caps[slot] for slot, amount in uses)

    def stay(self, uses: Uses, node: int, kind: int, sign: int = 1) -> None:
        """Count (or with ``sign`` -1 uncount) a row in ``final``."""
        for slot, amount in uses:
            self.final[slot] += sign * amount
        if kind and node >= 0:
            self.final_kinds[node][kind] += sign

    def book(self, uses: Uses, node: int, kind: int, after: Sequence[Credit] = ()) -> Booking:
        """Count a row in ``peak``; what it takes from rows that go before it comes is not added up."""
        booking = Booking(uses, node, kind)
        for slot, amount in uses:
            left = amount
            for credit in after:
                spare = credit.spare.get(slot, 0)
                if spare and left:
                    part = min(spare, left)
                    credit.spare[slot] = spare - part
                    booking.taken.append((credit, slot, part))
                    left -= part
            self.peak[slot] += left
        if kind and node >= 0:
            self.peak_kinds[node][kind] += 1
        return booking

    def unbook(self, booking: Booking) -> None:
        """Take a booking back."""
        for slot, amount in booking.uses:
            self.peak[slot] -= amount
        for credit, slot, part in booking.taken:
            self.peak[slot] += part
            credit.spare[slot] += part
        if booking.kind and booking.node >= 0:
            self.peak_kinds[booking.node][booking.kind] -= 1

    def missing(self, uses: Uses, after: Iterable[Credit]) -> dict[int, int]:
        """Return slot -> what is still short in ``peak`` if the row waits for these."""
        short = {}
        givers = list(after)
        for slot, amount in uses:
            over = self.peak[slot] + amount - self.caps[slot]
            if over > 0:
                over -= min(amount, sum(credit.spare.get(slot, 0) for credit in givers))
                if over > 0:
                    short[slot] = over
        return short


def in_turn(rows: Iterable[Held]) -> list[Held]:
    """Order rows so that each comes after those that it waits for, else by id."""
    by_id = {row.id: row for row in rows}
    done: dict[str, Held] = {}

    for start in sorted(by_id):
        todo = [start]
        seen = {start}
        while todo:
            row = by_id[todo[-1]]
            waits = [o for o in row.after if o in by_id and o not in done and o not in seen]
            if row.state == "pending" and waits:
                todo += waits
                seen.update(waits)
            else:
                done[row.id] = row
                todo.pop()
    return list(done.values())
