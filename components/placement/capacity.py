"""The books of planning: what is taken of every card and node, in flat lists of integers.

Every quantity that can run out is one *slot*: the memory (MiB) and the compute (percent) of a card, the CPU (thousandths
of a core) and the memory (MiB) of a node. Two views of each slot are kept up to date together: ``final``, what is taken
once the plan is carried out, and ``peak``, the bound of what is ever taken until then (``level.py``). ``now`` needs no
third list: it is part of the peak, since a place counts until its instance is seen gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from components.placement.snapshot import Held, NodeView, Place
from components.spec.node import Node
from components.spec.units import FULL_COMPUTE, Unit

Uses = tuple[tuple[int, int], ...]
"""(slot, amount) pairs: what one place takes."""

PERCENT, MEMORY_ONLY = 1, 2
"""The two kinds of slices that ``memory_only: separate`` keeps on different nodes."""


class Seat:
    """Where a place is on a grid, and what it takes there.

    ``node``: its number, -1 when it is not in the snapshot. ``cards``: numbers of those that are declared, in order.
    ``kind``: PERCENT or MEMORY_ONLY for a slice, else 0. ``sound``: node and cards are declared, belong together and are
    ready, the node perhaps cordoned.
    """

    __slots__ = ("cards", "kind", "node", "place", "sound", "uses")

    def __init__(self, place: Place, node: int, cards: tuple[int, ...], uses: Uses, sound: bool) -> None:
        """``place`` is kept, so that its identity stays its own."""
        self.place = place
        self.node = node
        self.cards = cards
        self.uses = uses
        self.kind = kind_of(place)
        self.sound = sound


class Grid:
    """The nodes and cards of a snapshot, numbered by node key, card index and UUID; nothing here changes.

    A card is counted once, by its UUID: the first node that names it has it.
    """

    __slots__ = (
        "_seats",
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
        "units",
        "uuids",
        "views",
    )

    def __init__(self, views: Iterable[NodeView]) -> None:
        """Number nodes and cards."""
        self.views: list[NodeView] = sorted(views, key=lambda view: view.node.key)
        self.nodes: list[Node] = [view.node for view in self.views]
        self.units: list[Unit] = [node.unit for node in self.nodes]
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
        self._seats: dict[int, Seat] = {}
        for i, view in enumerate(self.views):
            node = view.node
            self.node_of[node.key] = i
            self.pools.setdefault(node.pool, []).append(i)
            self.cards_of.append(self._number_cards(i, view))
        self.first_node_slot = len(self.caps)
        for node in self.nodes:
            self.caps += (node.cpu_milli, node.memory_mib)

    def _number_cards(self, i: int, view: NodeView) -> tuple[int, ...]:
        numbers = []
        for card in sorted(view.node.cards, key=_by_index):
            number = len(self.uuids)
            if self.card_of.setdefault(card.uuid, number) != number:
                continue
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

    def seat(self, place: Place) -> Seat:
        """Return where a place is; for the same object it is worked out once. For rows of the snapshot, which are many."""
        known = self._seats.get(id(place))
        if known is None:
            known = self._seats[id(place)] = self._seat(place)
        return known

    def uses(self, place: Place) -> Uses:
        """Return what a place takes; of cards and nodes that are not in the snapshot it takes nothing."""
        return self._seat(place).uses

    def _seat(self, place: Place) -> Seat:
        node = self.node_of.get(place.node_key, -1)
        sound = node >= 0 and self.views[node].state in ("ready", "cordoned")
        pairs: list[tuple[int, int]] = []
        cards: list[int] = []
        for uuid in place.cards:
            card = self.card_of.get(uuid, -1)
            if card < 0:
                sound = False
                continue
            cards.append(card)
            sound = sound and self.card_node[card] == node and self.card_ready[card]
            if place.exclusive:
                # The whole card is full, so that sharing an exclusive card needs no rule of its own.
                pairs.append((2 * card, max(self.caps[2 * card], 1)))
                pairs.append((2 * card + 1, FULL_COMPUTE))
            else:
                pairs.append((2 * card, place.memory_mib))
                if place.compute:
                    pairs.append((2 * card + 1, place.compute))
        if node >= 0:
            slot = self.first_node_slot + 2 * node
            if place.cpu_milli:
                pairs.append((slot, place.cpu_milli))
            if place.node_memory_mib:
                pairs.append((slot + 1, place.node_memory_mib))
        return Seat(
            place, node, tuple(sorted(cards)) if len(cards) > 1 else tuple(cards), tuple(pairs), sound
        )


_by_index = attrgetter("index", "uuid")


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
        for slot, amount in uses:  # noqa: SIM110 - asked for every row: a generator takes twice as long
            if peak[slot] + amount > caps[slot]:
                return False
        return True

    def fits_finally(self, uses: Uses) -> bool:
        """Return whether this much is free once all that has to go is gone."""
        final, caps = self.final, self.caps
        for slot, amount in uses:  # noqa: SIM110 - as above
            if final[slot] + amount > caps[slot]:
                return False
        return True

    def stand(self, seat: Seat) -> None:
        """Count a row that is there before, during and after the plan."""
        final, peak, node, kind = self.final, self.peak, seat.node, seat.kind
        for slot, amount in seat.uses:
            final[slot] += amount
            peak[slot] += amount
        if kind and node >= 0:
            self.final_kinds[node][kind] += 1
            self.peak_kinds[node][kind] += 1

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
