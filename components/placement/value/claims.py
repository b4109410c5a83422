"""From claims and kinds of cards to what the kernels read: types, units, classes, asks.

A *claim* here is what an instance asks for in numbers; equal claims are one. Decisions see claims as they are. For prices
they are put in classes, with their CPU rounded up: finer classes cost time and gain nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import gcd
from typing import SupportsInt

from components.placement.value.shape import FULL_VALUE, NEVER, ONE, Asks, Gangs, Mix, Shape

CPU_STEP, GANG_CPU_STEP = 1000, 8000
"""To what the CPU of a class is rounded up, in thousandths of a core."""
MOST_UNITS = 128
"""Into how many units a card's memory is divided at most; where sizes share no divisor that allows it, they are rounded."""
CPU_PRICES = (0.0, *(0.004 * 1.6**k for k in range(11)))
"""In thousandths of a card per thousandth of a core."""
LARGE = 100.0
"""What a card's size counts where whole cards are chosen, in thousandths of a card per card of the usual size: of places
that cost about the same, the one with the smaller cards is taken."""
MOST_STEPS = 20
"""Into how many steps a card's compute is divided at most; other percentages are rounded up, for prices and values only."""
TAU = 12.0
"""In thousandths of a card. From 8 to 20 it makes no difference; with 5 or 80 the rule is worse."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """What one instance asks for.

    ``gpus`` whole cards, or with 0 and ``rooms`` a slice: its MiB per kind of card, -1 where it may not be (for whole cards
    0 or -1). ``compute`` percent. ``cpu`` and ``memory`` of the node. ``apart``: a kind of slices that may not be on its
    node. ``kinds``: per kind of node, whether it may be there.
    """

    gpus: int
    rooms: tuple[int, ...]
    compute: int
    cpu: int
    memory: int
    kinds: tuple[bool, ...]
    apart: int = 0

    @property
    def slice(self) -> bool:
        """Whether it asks for a part of one card."""
        return not self.gpus and any(room > 0 for room in self.rooms)

    @property
    def on_cards(self) -> bool:
        """Whether it asks for cards at all."""
        return self.gpus > 0 or self.slice


class Book:
    """Types, classes and asks of a list of claims on a list of kinds of cards.

    ``sizes``: MiB of an empty card of each kind; ``counts``: how many cards of each kind there are; ``claims`` and
    ``weights``: what is asked for and how often.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        counts: Sequence[int],
        claims: Sequence[Claimed],
        weights: Sequence[float],
        cards: int,
        *,
        one_card: Sequence[float] = (),
        cpu_prices: Sequence[float] = CPU_PRICES,
    ) -> None:
        """``cards``: the most cards of one node. ``one_card``: MiB per kind that count as one card; else its own size."""
        self.claims = claims
        self._cpu_prices = cpu_prices
        self._kind_sizes, self._counts = sizes, counts
        self._parts = [size / one for size, one in zip(sizes, one_card or sizes, strict=True)]
        self._merge(sizes)
        self.shape = self._shape(cards)
        self.asks = self._asks()
        self.memory_part, self.values = self._value(weights)
        self._class_of: dict[int, int] = {}
        self._gang_of: dict[int, int] = {}
        self.mix = self._mix()
        self.gangs = self._gangs()

    def _merge(self, sizes: Sequence[int]) -> None:
        """Make one type of all kinds of cards that have one size and take the same claims."""
        seen: dict[tuple[int, ...], int] = {}
        self.type_of: list[int] = []
        self.sizes: list[int] = []
        first: list[int] = []
        for kind, size in enumerate(sizes):
            rooms = tuple(
                claim.rooms[kind] if claim.on_cards and claim.rooms[kind] <= size else -1
                for claim in self.claims
            )
            type_ = seen.setdefault((size, *rooms), len(seen))
            if type_ == len(self.sizes):
                self.sizes.append(size)
                first.append(kind)
            self.type_of.append(type_)
        if not self.sizes:
            # A pool without cards: one type of which there is none.
            self.sizes, self.rooms = [1], [[-1] for _ in self.claims]
            return
        self.rooms = [
            [
                claim.rooms[kind] if claim.on_cards and claim.rooms[kind] <= sizes[kind] else -1
                for kind in first
            ]
            for claim in self.claims
        ]

    def _shape(self, cards: int) -> Shape:
        exact, units, unit = 1, [], []
        for type_, size in enumerate(self.sizes):
            rooms = [
                rooms[type_]
                for claim, rooms in zip(self.claims, self.rooms, strict=True)
                if claim.slice and rooms[type_] > 0
            ]
            one = gcd(*rooms) if rooms else size
            if size // one > MOST_UNITS:
                one, exact = -(-size // MOST_UNITS), 0
            unit.append(max(one, 1))
            units.append(size // max(one, 1))
        percents = [claim.compute for claim in self.claims if claim.slice and claim.compute]
        steps = 100 // gcd(100, *percents) if percents else 0
        if steps > MOST_STEPS:
            steps, exact = MOST_STEPS, 0
        return Shape(
            units=_ints(units),
            unit=_ints(unit),
            first=_ints(_sums((count + 1) * (steps + 1) for count in units)),
            exact=exact,
            steps=steps,
            cpu_prices=_floats(self._cpu_prices),
            cpu_prices_int=_ints([round(price * ONE) for price in self._cpu_prices]),
            tau=TAU,
            cards=cards,
        )

    def _asks(self) -> Asks:
        claims, steps = self.claims, self.shape.steps
        parts = (
            [self._parts[self.type_of.index(type_)] for type_ in range(len(self.sizes))]
            if self._parts
            else [1.0]
        )
        whole = [
            [size if claim.gpus else max(room, 0) for room, size in zip(rooms, self.sizes, strict=True)]
            for claim, rooms in zip(claims, self.rooms, strict=True)
        ]
        return Asks(
            gpus=_ints([claim.gpus for claim in claims]),
            slice=_ints([claim.slice for claim in claims]),
            room=_ints([NEVER if room < 0 else room for rooms in self.rooms for room in rooms]),
            units=_ints(
                [-(-room // one) for rooms in whole for room, one in zip(rooms, self.shape.unit, strict=True)]
            ),
            share=_ints(
                [1000 * room // size for rooms in whole for room, size in zip(rooms, self.sizes, strict=True)]
            ),
            compute=_ints([claim.compute if claim.slice else 0 for claim in claims]),
            steps=_ints([-(-claim.compute * steps // 100) if claim.slice else 0 for claim in claims]),
            cpu=_ints([claim.cpu for claim in claims]),
            memory=_ints([claim.memory for claim in claims]),
            apart=_ints([claim.apart for claim in claims]),
            may=_ints([may for claim in claims for may in claim.kinds]),
            toll=[[price * claim.cpu for price in self.shape.cpu_prices_int] for claim in claims],
            large=_ints(
                [round(LARGE * ONE * size) if claim.gpus else 0 for claim in claims for size in parts]
            ),
        )

    def _mean_size(self, ask: int) -> float:
        """Return what a card is on average, of those where a claim may be, in parts of what counts as one card."""
        kinds = [kind for kind, room in enumerate(self.claims[ask].rooms) if room >= 0]
        count = sum(self._counts[kind] for kind in kinds)
        return sum(self._counts[kind] * self._parts[kind] for kind in kinds) / count if count else 1.0

    def _mean_share(self, ask: int) -> float:
        """Return how much memory a slice takes, in parts of what counts as one card."""
        shares = [
            room * part / size
            for room, part, size in zip(self.claims[ask].rooms, self._parts, self._kind_sizes, strict=True)
            if room >= 0
        ]
        return sum(shares) / len(shares) if shares else 0.0

    def _value(self, weights: Sequence[float]) -> tuple[float, list[float]]:
        """Return the weight of memory against compute, and what each claim is worth in thousandths of a card.

        A slice is worth what it takes, of memory and compute in the proportion in which the whole mix wants the two: the
        scarce one counts most, and where nobody asks for compute, memory alone counts. What is worth the same everywhere
        makes small cards cheap and large ones dear.
        """
        shares = [self._mean_share(ask) if claim.slice else 0.0 for ask, claim in enumerate(self.claims)]
        slices = [ask for ask, claim in enumerate(self.claims) if claim.slice]
        memory = sum(weights[ask] * shares[ask] for ask in slices)
        compute = sum(weights[ask] * self.claims[ask].compute / 100 for ask in slices)
        part = memory / (memory + compute) if memory + compute else 1.0
        return part, [
            FULL_VALUE
            * (
                claim.gpus * self._mean_size(ask)
                if claim.gpus
                else part * shares[ask] + (1.0 - part) * (claim.compute if claim.slice else 0) / 100
            )
            for ask, claim in enumerate(self.claims)
        ]

    def worth(self, kind: int, memory: float, compute: float) -> float:
        """Return what parts of a card's memory and compute are worth, in thousandths of a card."""
        return FULL_VALUE * (
            self.memory_part * memory * self._parts[kind] + (1.0 - self.memory_part) * compute
        )

    def rounds_of_a_step(self) -> int:
        """Return about how many inner rounds one step of solving takes."""
        fillings = sum(
            int(units) * (self.shape.steps + 1) * int(sizes)
            for units, sizes in zip(self.shape.units, self.mix.distinct, strict=True)
        )
        return len(self.shape.cpu_prices) * (fillings + len(self.mix.value) * len(self.shape.units))

    def _mix(self) -> Mix:
        values = self.values
        units, types = self.asks.units, len(self.sizes)
        number: dict[tuple[object, ...], int] = {}
        leads: list[int] = []
        for ask, claim in enumerate(self.claims):
            if claim.gpus <= 1 and claim.on_cards:
                key = (claim.gpus, *self.rooms[ask], claim.compute, -(-claim.cpu // CPU_STEP))
                self._class_of[ask] = number.setdefault(key, len(number))
                if self._class_of[ask] == len(leads):
                    leads.append(ask)
        steps = [self.shape.steps if self.claims[ask].gpus else int(self.asks.steps[ask]) for ask in leads]
        sizes: list[int] = []
        computes: list[int] = []
        slot: list[int] = []
        count: list[int] = []
        for type_ in range(types):
            fits = [self.rooms[ask][type_] >= 0 for ask in leads]
            wide = [
                self.shape.units[type_] if self.claims[ask].gpus else max(units[ask * types + type_], 1)
                for ask in leads
            ]
            pairs = [(int(size), step) for size, step in zip(wide, steps, strict=True)]
            here = sorted({pair for pair, may in zip(pairs, fits, strict=True) if may})
            count.append(len(here))
            unused = [0] * (len(leads) - len(here))
            sizes += [size for size, _ in here] + unused
            computes += [step for _, step in here] + unused
            slot += [here.index(pair) if may else -1 for pair, may in zip(pairs, fits, strict=True)]
        return Mix(
            value=_floats([values[ask] for ask in leads]),
            price=[0.0] * len(leads),
            cpu=_floats([-(-self.claims[ask].cpu // CPU_STEP) * CPU_STEP for ask in leads]),
            compute=_ints(steps),
            wanted=[0.0] * len(leads),
            slot=_ints(slot),
            sizes=_ints(sizes),
            computes=_ints(computes),
            distinct=_ints(count),
        )

    def _gangs(self) -> Gangs:
        number: dict[tuple[object, ...], int] = {}
        leads: list[int] = []
        for ask, claim in enumerate(self.claims):
            if claim.gpus > 1:
                key = (claim.gpus, *self.rooms[ask], -(-claim.cpu // GANG_CPU_STEP))
                self._gang_of[ask] = number.setdefault(key, len(number))
                if self._gang_of[ask] == len(leads):
                    leads.append(ask)
        return Gangs(
            number=_ints([self.claims[ask].gpus for ask in leads]),
            value=_floats([self.values[ask] for ask in leads]),
            price=[0.0] * len(leads),
            cpu=_floats([-(-self.claims[ask].cpu // GANG_CPU_STEP) * GANG_CPU_STEP for ask in leads]),
            wanted=[0.0] * len(leads),
            allowed=_ints([self.rooms[ask][type_] >= 0 for type_ in range(len(self.sizes)) for ask in leads]),
        )

    def expect(self, wanted: Sequence[float]) -> tuple[list[float], list[float]]:
        """Return how many of each class, and of each class of gangs, are expected, from how many of each claim are."""
        ones, gangs = [0.0] * len(self.mix.value), [0.0] * len(self.gangs.value)
        for ask, amount in enumerate(wanted):
            if ask in self._class_of:
                ones[self._class_of[ask]] += amount
            elif ask in self._gang_of:
                gangs[self._gang_of[ask]] += amount
        return ones, gangs


def _sums(numbers: object) -> list[int]:
    """Return the sums of the first 0, 1, 2 … numbers."""
    total, sums = 0, [0]
    for number in numbers:  # type: ignore[attr-defined]
        total += number
        sums.append(total)
    return sums


def _ints(numbers: Iterable[SupportsInt]) -> list[int]:
    return [int(number) for number in numbers]


def _floats(numbers: Iterable[float]) -> list[float]:
    return [float(number) for number in numbers]
