"""Starts and stops while a plan is being made: what they do, what they take, and what they wait for."""

from __future__ import annotations

from dataclasses import dataclass, field

from components.placement.capacity import Booking, Credit, Uses
from components.placement.plan_types import How, Mode, Op
from components.placement.snapshot import Held, Place, Role
from components.spec.claim import Wanted


@dataclass(slots=True, eq=False)
class Stop:
    """A row of this owner that goes, or a surge instance of this plan when its roll is over.

    ``row``: its row, or ``begun``: the start that it ends. ``after``: starts that must be ready first. ``credit``: what it
    leaves; None for a row that never counted. ``replaced``: another instance of the same ordinal takes over. ``decided``:
    ``after`` is complete; a roll's stops have to be put in waves first. ``depth``: which turn of a shared surge place it is.
    """

    row: Held | None
    node: int
    begun: Start | None = None
    uses: Uses = ()
    credit: Credit | None = None
    how: How = "stop"
    mode: Mode = ""
    wave: int = 0
    reason: str = ""
    replaced: bool = False
    decided: bool = True
    depth: int = 0
    after: list[Start] = field(default_factory=list)
    n: int = 0

    @property
    def serves(self) -> bool:
        """Whether it is ready now, so that stopping it takes capacity away."""
        return self.row is not None and self.row.state == "ready"

    @property
    def settled(self) -> bool:
        """Whether it is decided what it waits for, and all of that has its turn."""
        return self.decided and all(start.settled for start in self.after)

    @property
    def key(self) -> tuple[str, str, int, str]:
        """Order among stops."""
        if self.row is not None:
            return (self.row.service, self.row.role, self.row.ordinal, self.row.id)
        assert self.begun is not None, "a stop ends a row or a start"
        return (*self.begun.key, "")


@dataclass(slots=True, eq=False)
class Start:
    """An instance that begins, is resumed, restarted or reconfigured.

    ``row``: its row when it is recorded already. ``in_place``: stops without which it cannot begin, since it takes their
    place. ``after``: all stops (and, for order only, starts) that come first. ``settled``: whether ``after`` is final.
    ``booking``: how it counts in the peak; None when its row counted before this plan. ``other_kind``: slices of that kind
    have to be gone from its node first. ``end``: the stop that ends a surge instance with its roll.
    """

    wanted: Wanted
    ordinal: int
    place: Place
    node: int
    uses: Uses = ()
    role: Role = "steady"
    op: Op = "start"
    how: How = "start"
    row: Held | None = None
    revision: str = ""
    mode: Mode = ""
    wave: int = 0
    reason: str = ""
    other_kind: int = 0
    in_place: list[Stop] = field(default_factory=list)
    after: list[Stop | Start] = field(default_factory=list)
    booking: Booking | None = None
    settled: bool = True
    end: Stop | None = None
    n: int = 0

    @property
    def service(self) -> str:
        """The service's name."""
        return self.wanted.service

    @property
    def size(self) -> tuple[int, int, int, int]:
        """How much it is: cards, card memory, compute, CPU."""
        place = self.place
        return (len(place.cards) if place.exclusive else 0, place.memory_mib, place.compute, place.cpu_milli)

    @property
    def key(self) -> tuple[str, str, int]:
        """Order among starts."""
        return (self.wanted.service, self.role, self.ordinal)


@dataclass(slots=True, eq=False)
class Slot:
    """One wanted ordinal: the row that stays, or the start that fills it, and the rows of the same ordinal that go.

    ``why``: why it needs a new place, for the reader. ``moved``: it had a place at the wanted revision. ``lost``: its row is
    on a lost card or node, or it was committed as waiting.
    ``pinned``: it stays although it should go, since it fits nowhere else.
    """

    ordinal: int
    kept: Held | None = None
    start: Start | None = None
    olds: list[Stop] = field(default_factory=list)
    why: str = ""
    moved: bool = False
    lost: bool = False
    pinned: bool = False

    @property
    def serving(self) -> bool:
        """Whether an instance of this ordinal is ready now."""
        return (self.kept is not None and self.kept.state == "ready") or any(old.serves for old in self.olds)
