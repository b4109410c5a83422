"""The board on which one plan is made: the grid, the books, and what has been decided so far. Mutable, never handed out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from components.placement.capacity import Books, Credit, Grid, in_turn, kind_of
from components.placement.chooser import Chooser
from components.placement.feasible import Ask
from components.placement.jobs import Slot, Start, Stop
from components.placement.plan_types import PlanOptions, Refusal
from components.placement.snapshot import STRICTNESS, Held, NodeState, Place, Snapshot, StateCause
from components.placement.spread import SpreadGuard
from components.spec.claim import Claim, Wanted


@dataclass(slots=True, eq=False)
class Group:
    """One wanted service on the board: its filters, its ordinals, and the surge rows that it has now."""

    wanted: Wanted
    ask: Ask
    instances: int
    slots: list[Slot] = field(default_factory=list)
    surges: list[Stop] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a place is now: the strictest state of its node and cards (``subject``), who says so and why."""

    state: NodeState
    cause: StateCause
    reason: str
    subject: str


class Board:
    """Grid, books and decisions of one plan."""

    def __init__(self, snapshot: Snapshot, options: PlanOptions, grid: Grid) -> None:
        """Count the rows of all other owners; this owner's are counted when their fate is decided."""
        self.snapshot = snapshot
        self.options = options
        self.grid = grid
        self.books = Books(grid)
        self.groups: list[Group] = []
        self.starts: list[Start] = []
        self.stops: list[Stop] = []
        self.stops_on: dict[int, list[Stop]] = {}
        self.leaving: dict[int, list[Stop]] = {}
        self.unsettled: dict[int, list[Start]] = {}
        self.refusals: list[Refusal] = []
        self.warnings: list[str] = []
        self.rolling: dict[str, str] = {}
        self.doubts: dict[tuple[str, int], str] = {}
        self._asks: dict[tuple[Claim, str], Ask] = {}
        self._chooser: Chooser | None = None
        self._there: dict[int, list[tuple[str, Place, bool]]] | None = None
        self._count_foreign()
        self.foreign = list(self.books.final)

    def _count_foreign(self) -> None:
        foreign = [row for row in self.snapshot.held if row.owner != self.snapshot.owner]
        if not any(row.state == "pending" for row in foreign):
            for row in foreign:
                self.count_standing(row)
            return
        givers: dict[str, Credit] = {}
        closed: dict[str, set[str]] = {}
        for row in in_turn(foreign):
            waits = {o for o in row.after if o in givers} if row.state == "pending" else set()
            closed[row.id] = waits.union(*(closed[o] for o in waits)) if waits else set()
            uses = self.grid.uses(row.place)
            booking = self.books.book(
                uses, self.node(row.place), kind_of(row.place), [givers[o] for o in sorted(closed[row.id])]
            )
            givers[row.id] = Credit(uses)
            counted = dict(uses)
            for _, slot, part in booking.taken:
                counted[slot] -= part
            self.books.stay(tuple(counted.items()), self.node(row.place), kind_of(row.place))

    @property
    def chooser(self) -> Chooser:
        """The value rule on this board; prices are solved when it is first asked for, for what has no place then."""
        if self._chooser is None:
            asks = (
                (group.ask, group.instances, sum(not slot.kept and not slot.start for slot in group.slots))
                for group in self.groups
            )
            foreign = (row.place for row in self.snapshot.held if row.owner != self.snapshot.owner)
            self._chooser = Chooser(self.grid, self.books, asks, foreign)
        return self._chooser

    def touched(self, node: int) -> None:
        """Tell the chooser that the books of a node changed."""
        if self._chooser is not None and node >= 0:
            self._chooser.touch(node)

    def node(self, place: Place) -> int:
        """Return the number of a place's node, -1 when it is not in the snapshot."""
        return self.grid.node_of.get(place.node_key, -1)

    def standing(self, place: Place) -> Standing:
        """Return the strictest state of the place's node and cards; what is no longer declared counts as draining."""
        node = self.node(place)
        if node < 0:
            subject = f"node {place.node}"
            return Standing("draining", "program", f"{subject} is no longer declared", subject)
        view = self.grid.views[node]
        subject = f"node {place.node}"
        said = f" ({view.reason})" if view.reason else ""
        worst = Standing(view.state, view.cause, f"{subject} is {view.state}{said}", subject)
        for uuid in place.cards:
            card = self.grid.card_of.get(uuid)
            if card is None or self.grid.card_node[card] != node:
                subject = f"card {uuid} of node {place.node}"
                found = Standing("draining", "program", f"{subject} is no longer declared", subject)
            else:
                state = view.card_states.get(uuid, "ready")
                subject = f"card {place.node}/{self.grid.card_index[card]}"
                said = f" ({view.card_reasons[uuid]})" if view.card_reasons.get(uuid) else ""
                cause = view.card_causes.get(uuid, "operator")
                found = Standing(state, cause, f"{subject} is {state}{said}", subject)
            if _weight(found) > _weight(worst):
                worst = found
        return worst

    def takes_it(self, place: Place) -> bool:
        """Return whether the place's node and cards are ready or cordoned: what is there may stay."""
        return self.grid.seat(place).sound or self.standing(place).state in ("ready", "cordoned")

    def takers(self, slot: int) -> list[tuple[str, int, bool]]:
        """Return (instance, amount, own) of all that take part of a slot in the end, the largest first. For explanations."""
        if self._there is None:
            self._there = {}
            for name, place, own in self._in_the_end():
                seat = self.grid.seat(place)
                nodes = {seat.node, *(self.grid.card_node[card] for card in seat.cards)}
                for node in nodes:
                    self._there.setdefault(node, []).append((name, place, own))
        items = [
            (name, amount, own)
            for name, place, own in self._there.get(self.grid.node_at(slot), ())
            for number, amount in self.grid.seat(place).uses
            if number == slot
        ]
        return sorted(items, key=lambda item: (-item[1], item[0]))

    def _in_the_end(self) -> Iterator[tuple[str, Place, bool]]:
        """Yield (instance, place, own) of all that is there once the plan is carried out."""
        for row in self.snapshot.held:
            if row.owner != self.snapshot.owner:
                yield f"{row.service}/{row.ordinal} of {row.owner}", row.place, False
        for group in self.groups:
            for slot in group.slots:
                place = slot.kept.place if slot.kept else slot.start.place if slot.start else None
                if place is not None:
                    yield f"{group.wanted.service}/{slot.ordinal}", place, True

    def count_standing(self, row: Held) -> None:
        """Count a row that holds its place before, during and after the plan."""
        self.books.stand(self.grid.seat(row.place))

    def going(self, row: Held, reason: str) -> Stop:
        """Record that a row of this owner goes. One that never counted (``pending``) leaves nothing."""
        if row.state != "pending":
            seat = self.grid.seat(row.place)
            self.books.book(seat.uses, seat.node, seat.kind)
        return self._stop(row, reason)

    def evict(self, row: Held, reason: str) -> Stop:
        """Record that a row goes that was counted as one that stays."""
        seat = self.grid.seat(row.place)
        self.books.stay(seat.uses, seat.node, seat.kind, -1)
        return self._stop(row, reason)

    def _stop(self, row: Held, reason: str) -> Stop:
        seat = self.grid.seat(row.place)
        node = seat.node
        stop = Stop(row, node, reason=reason)
        if row.state != "pending":
            stop.uses = seat.uses
            stop.credit = Credit(stop.uses)
            if node >= 0:
                self.stops_on.setdefault(node, []).append(stop)
        self.stops.append(stop)
        return stop

    def ask_for(self, wanted: Wanted, instances: int) -> Ask:
        """Return the filters of one service."""
        guard = None
        if wanted.spread != "default":
            guard = SpreadGuard(wanted, instances, self.grid)
        known = self._asks.get((wanted.claim, wanted.pool))
        if known is not None:
            return known.like(wanted, guard)
        ask = Ask(wanted, guard, separate=self.options.memory_only == "separate")
        self._asks[wanted.claim, wanted.pool] = ask
        return ask

    def put(self, start: Start) -> None:
        """Count a new start in both views; unless it is settled, as if it waited for all that goes from its node."""
        self.books.stay(start.uses, start.node, kind_of(start.place))
        if start.settled:
            self.hold(start, ())
        else:
            self.unsettled.setdefault(start.node, []).append(start)
            self.hold_loosely(start)
        self.touched(start.node)

    def hold(self, start: Start, after: Sequence[Stop]) -> None:
        """Count a start in the peak only; the chooser is told by :meth:`touched`."""
        givers = [stop.credit for stop in after if stop.credit is not None]
        start.booking = self.books.book(start.uses, start.node, kind_of(start.place), givers)

    def hold_loosely(self, start: Start) -> None:
        """Count a start as if it waited for all that goes from its node, but for what covers its own roll till the end."""
        here = self.stops_on.get(start.node, ())
        others = [stop for stop in here if stop not in start.in_place and not _covers(stop, start)]
        self.hold(start, [*start.in_place, *others])

    def release(self, start: Start) -> None:
        """Take a start out of the peak again."""
        if start.booking is not None:
            self.books.unbook(start.booking)
            start.booking = None

    def take_back(self, start: Start) -> None:
        """Take a start out of both views again."""
        self.books.stay(start.uses, start.node, kind_of(start.place), -1)
        self.release(start)
        if not start.settled:
            self.unsettled[start.node].remove(start)
        self.touched(start.node)

    def loosen(self, settling: Start, *, reserve: bool) -> None:
        """Take all unsettled starts of a node out of the peak, so that what goes is there for one of them to settle.

        ``reserve``: what others replace where it is stays promised to them.
        """
        for start in self.unsettled.get(settling.node, ()):
            self.release(start)
        for start in self.unsettled.get(settling.node, ()) if reserve else ():
            if start.in_place and start is not settling:
                givers = [stop.credit for stop in start.in_place if stop.credit is not None]
                promised = tuple(
                    (slot, min(amount, sum(giver.spare.get(slot, 0) for giver in givers)))
                    for slot, amount in start.uses
                )
                start.booking = self.books.book(promised, start.node, 0, givers)

    def tighten(self, node: int) -> None:
        """Count the unsettled starts of a node again, after :meth:`loosen`."""
        waiting = [start for start in self.unsettled.get(node, ()) if not start.settled]
        if node in self.unsettled:
            self.unsettled[node] = waiting
        for start in waiting:
            self.release(start)
            self.hold_loosely(start)
        self.touched(node)


def _weight(standing: Standing) -> tuple[int, bool]:
    """Return what a standing counts beside others: of two that drain, the one that this change asks for."""
    return STRICTNESS[standing.state], standing.cause == "program"


def _covers(stop: Stop, start: Start) -> bool:
    """Return whether a surge instance that goes serves, or will, until this start is ready."""
    row = stop.row
    if not start.in_place or row is None or row.role != "surge" or row.service != start.service:
        return False
    return stop.serves or (row.state in ("reserved", "starting") and row.revision == start.wanted.revision)
