"""The best place of an instance in a pool: the books of a plan as the value rule (``value/``) sees them.

Prices come from what is declared and what runs: everything that has no place yet, and beside it an allowance of the mix of
all declared instances and those of other owners, until what is free now and a little more is asked for; and somebody who
wants a whole card, of each size that there is. Equal losses go by the node's name, then by the card's size and index.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from components.placement.capacity import Books, Grid
from components.placement.feasible import Ask
from components.placement.snapshot import Place
from components.placement.value.claims import CPU_PRICES, Book, Claimed
from components.placement.value.engine import SOLVE, Engine, Free
from components.placement.value.shape import NEVER
from components.spec.units import FULL_COMPUTE, Unit, unit_of

HORIZON, FLOOR = 1.1, 0.1
"""Expected is so much of what is free, and at least so much of all cards: as measured by ``bench.openb``."""
WHOLE = 0.1
"""Which part of what is expected beside the declared mix wants a whole card: it keeps these together."""
FEW_CARDS = 64
QUICK = (0.2,) * 4 + (0.1,) * 4 + (0.05,) * 4
"""Step sizes where there are no more than that many cards: prices are rough there however long they are solved."""
BRIEF = SOLVE[::5]
"""Step sizes where few instances have no place: they meet little of what prices could still improve."""
FEW_LEFT = 32
MOST_WORK = 400_000_000
"""How many inner rounds solving may take, about half a second of one core: with very many sizes there are fewer steps."""
LEAST_STEPS = 30
FOREIGN = 32
"""How many kinds of other owners' instances are part of the mix: those of which there are most."""
FEW_CPU_PRICES = (0.0, 0.01, 0.04, 0.16)
"""CPU prices there, in thousandths of a card per thousandth of a core."""

Key = tuple[object, ...]
_CardKind = tuple[str, str, Unit, str, int]
"""Pool, instance type, unit, model and MiB."""
Kind = TypeVar("Kind", bound=tuple[object, ...])


class Chooser:
    """Finds places in ``peak``, and compares places in the final view."""

    def __init__(
        self,
        grid: Grid,
        books: Books,
        asks: Iterable[tuple[Ask, int, int]],
        foreign: Iterable[Place] = (),
        *,
        priced: bool = True,
    ) -> None:
        """``asks``: per service its filters, how many instances it shall have and how many have no place yet.

        ``foreign``: where instances of other owners sit: they say what else is asked for here. Without prices the rule is
        best fit.
        """
        self._grid, self._books = grid, books
        self._number: dict[Key, int] = {}
        self._of_lead: dict[Ask, int] = {}
        self._asks: list[Ask] = []
        declared: list[int] = []
        missing: list[int] = []
        for ask, instances, left in asks:
            number = self._of_lead.get(ask.lead, -1)
            if number < 0:
                number = self._of_lead[ask.lead] = self._number.setdefault(_key(ask), len(self._number))
            if number == len(self._asks):
                self._asks.append(ask)
                declared.append(0)
                missing.append(0)
            declared[number] += instances
            missing[number] += left
        self._others = _usual(foreign) if priced else []
        declared += [count for _, count in self._others]
        missing += [0] * len(self._others)
        self._pools = sorted(grid.pools)
        self._node_kinds, self._node_kind = _numbered(
            (node.pool, node.instance_type, view.state == "ready")
            for node, view in zip(grid.nodes, grid.views, strict=True)
        )
        self._card_kinds, self._card_kind = self._kinds_of_cards()
        self._sizes = sorted({(pool, size) for pool, *_, size in self._card_kinds})
        caps = grid.caps
        # Cards have ascending numbers, which equal sizes keep.
        self._cards = [tuple(sorted(cards, key=lambda card: caps[2 * card])) for cards in grid.cards_of]
        self._usable_kind = [
            kind if self._usable(card, grid.card_node[card]) else -1
            for card, kind in enumerate(self._card_kind)
        ]
        self._stale: set[int] = set()
        schedule = self._schedule(sum(missing))
        self._engine = self._open(declared, len(schedule))
        if priced:
            self._price(declared, missing, self._affordable(schedule))

    def _kinds_of_cards(self) -> tuple[list[_CardKind], list[int]]:
        """Return the different kinds of cards in order, and the number of each card's."""
        grid = self._grid
        sizes = grid.caps[: 2 * len(grid.card_node) : 2]
        kinds = [self._node_kind[node] for node in grid.card_node]
        rough = list(zip(kinds, grid.card_model, sizes, strict=True))
        exact: dict[tuple[int, str, int], _CardKind] = {}
        for key in set(rough):
            pool, type_, _ = self._node_kinds[key[0]]
            exact[key] = (pool, type_, unit_of(type_), key[1], key[2])
        different = sorted(set(exact.values()))
        place = {kind: number for number, kind in enumerate(different)}
        number = {key: place[kind] for key, kind in exact.items()}
        return different, [number[key] for key in rough]

    def best(self, ask: Ask) -> tuple[int, tuple[int, ...]] | None:
        """Return (node, cards) of the best place that is free at once, or None."""
        for node in self._stale:
            self._engine.set_node(node, self._free(node, self._books.peak, self._books.peak_kinds))
        self._stale.clear()
        number, spread = self._number_of(ask), ask.spread
        if ask.kind == "slice" and not self._engine.book.claims[number].slice:
            return None  # no card is of a model or type that it may be on
        found = self._engine.best(number)
        if found is not None and spread is not None and not spread.allows(found[0]):
            found = self._engine.best(number, [spread.allows(node) for node in range(len(self._grid.nodes))])
        return None if found is None else (found[0], self._chosen(ask, *found))

    def final_rank(self, node: int, cards: Sequence[int], ask: Ask) -> tuple[int, ...]:
        """Rank a place of the final view: by what its node loses then, its name, and its cards."""
        self._engine.set_node(node, self._free(node, self._books.final, self._books.final_kinds))
        self._stale.add(node)
        card = self._cards[node].index(cards[0]) if ask.kind == "slice" else -1
        found = self._engine.loss(self._number_of(ask), node, card)
        return (found[0] if found is not None else NEVER, node, *cards)

    def _number_of(self, ask: Ask) -> int:
        number = self._of_lead.get(ask.lead)
        return self._number[_key(ask)] if number is None else number

    def touch(self, node: int) -> None:
        """Note that something was booked or taken back on a node."""
        self._stale.add(node)

    def _chosen(self, ask: Ask, node: int, card: int) -> tuple[int, ...]:
        if card >= 0:
            return (self._cards[node][card],)
        grid, peak = self._grid, self._books.peak
        free = (
            card
            for card in self._cards[node]
            if self._usable(card, node)
            and not peak[2 * card]
            and not peak[2 * card + 1]
            and (not ask.models or grid.card_model[card] in ask.models)
        )
        return tuple(sorted(islice(free, ask.claim.gpu)))

    def _usable(self, card: int, node: int) -> bool:
        grid = self._grid
        return grid.card_ready[card] and grid.views[node].state == "ready" and grid.caps[2 * card] > 0

    def _free(self, node: int, level: Sequence[int], kinds: Sequence[Sequence[int]]) -> Free:
        """Return what is free of a node in one view of the books."""
        grid = self._grid
        caps, kind, slot = grid.caps, self._usable_kind, grid.cpu_slot(node)
        cards = [
            (kind[card], caps[2 * card] - level[2 * card], FULL_COMPUTE - level[2 * card + 1])
            for card in self._cards[node]
        ]
        return Free(
            self._node_kind[node],
            caps[slot] - level[slot],
            caps[slot + 1] - level[slot + 1],
            tuple(cards),
            (kinds[node][0], kinds[node][1], kinds[node][2]),
        )

    def _open(self, declared: Sequence[int], steps: int) -> Engine:
        grid = self._grid
        counts = [0] * len(self._card_kinds)
        for kind in self._usable_kind:
            if kind >= 0:
                counts[kind] += 1
        claims = [self._claimed(ask) for ask in self._asks]
        claims += [self._seen(place) for place, _ in self._others]
        claims += [self._whole(pool, size) for pool, size in self._sizes]
        book = Book(
            [max(size, 1) for _, _, _, _, size in self._card_kinds],
            counts,
            claims,
            [*declared, *(0 for _ in self._sizes)],
            max(map(len, self._cards), default=0),
            one_card=self._one_card(counts),
            cpu_prices=FEW_CPU_PRICES if len(grid.card_node) <= FEW_CARDS else CPU_PRICES,
        )
        free = [self._free(node, self._books.peak, self._books.peak_kinds) for node in range(len(grid.nodes))]
        sizes = [[grid.caps[2 * card] for card in cards] for cards in self._cards]
        return Engine(book, len(self._node_kinds), free, sizes, steps=steps)

    def _one_card(self, counts: Sequence[int]) -> list[float]:
        """Return per kind of card the mean size of a card of its pool."""
        mean = {}
        for pool in self._pools:
            sizes = [
                (size, count)
                for (where, *_, size), count in zip(self._card_kinds, counts, strict=True)
                if where == pool
            ]
            cards = sum(count for _, count in sizes)
            mean[pool] = max(1.0, sum(size * count for size, count in sizes) / cards if cards else 1.0)
        return [mean[pool] for pool, *_ in self._card_kinds]

    def _claimed(self, ask: Ask) -> Claimed:
        def room(pool: str, type_: str, unit: Unit, model: str) -> int:
            if (
                pool != ask.pool
                or (ask.types and type_ not in ask.types)
                or (ask.models and model not in ask.models)
            ):
                return -1
            return ask.sizes[unit] if ask.kind == "slice" else 0

        return Claimed(
            gpus=ask.claim.gpu if ask.kind == "exclusive" else 0,
            rooms=tuple(
                -1 if ask.kind == "cpu" else room(pool, type_, unit, model)
                for pool, type_, unit, model, _ in self._card_kinds
            ),
            compute=ask.compute,
            cpu=ask.cpu,
            memory=ask.memory,
            kinds=tuple(
                ready and pool == ask.pool and (not ask.types or type_ in ask.types)
                for pool, type_, ready in self._node_kinds
            ),
            apart=ask.other_kind,
        )

    def _seen(self, place: Place) -> Claimed:
        """Return the claim of one more like an instance of another owner; its model and type are not known."""
        room = -1 if not place.cards else 0 if place.exclusive else place.memory_mib
        return Claimed(
            len(place.cards) if place.exclusive else 0,
            tuple(room if where == place.pool else -1 for where, *_ in self._card_kinds),
            place.compute,
            place.cpu_milli,
            place.node_memory_mib,
            tuple(ready and where == place.pool for where, _, ready in self._node_kinds),
        )

    def _whole(self, pool: str, size: int) -> Claimed:
        """Return the claim of somebody who wants one whole card of this size: a larger one is worth more to keep."""
        rooms = tuple(0 if (where, mib) == (pool, size) else -1 for where, *_, mib in self._card_kinds)
        return Claimed(1, rooms, 0, 0, 0, tuple(where == pool for where, *_ in self._node_kinds))

    def _schedule(self, left: int) -> tuple[float, ...]:
        """Return the step sizes for a pool of this size when so many instances have no place."""
        if len(self._grid.card_node) <= FEW_CARDS:
            return QUICK
        return SOLVE if left > FEW_LEFT else BRIEF

    def _affordable(self, schedule: tuple[float, ...]) -> tuple[float, ...]:
        """Return fewer of the steps where all would be too much work."""
        work = len(schedule) * self._engine.book.rounds_of_a_step()
        every = max(min(-(-work // MOST_WORK), len(schedule) // LEAST_STEPS), 1)
        return schedule[::every]

    def _price(self, declared: Sequence[int], missing: Sequence[int], schedule: Sequence[float]) -> None:
        """Solve prices for what is missing and the allowance, pool by pool."""
        book, grid = self._engine.book, self._grid
        expected = [float(left) for left in missing]
        whole = dict.fromkeys(self._sizes, 0.0)
        for pool in self._pools:
            free = total = 0.0
            of_size: dict[int, float] = {}
            for node in grid.pools[pool]:
                for card, room, compute in self._usable_cards(node):
                    all_of_it = book.worth(self._card_kind[card], 1.0, 1.0)
                    free += book.worth(self._card_kind[card], room, compute)
                    total += all_of_it
                    of_size[grid.caps[2 * card]] = of_size.get(grid.caps[2 * card], 0.0) + all_of_it
            of_pool = [*(ask.pool for ask in self._asks), *(place.pool for place, _ in self._others)]
            mine = [number for number, where in enumerate(of_pool) if where == pool]
            needed = sum(missing[number] * book.values[number] for number in mine)
            mix = sum(declared[number] * book.values[number] for number in mine)
            more = max(HORIZON * free - needed, FLOOR * total)
            part = WHOLE if mix else 1.0
            for number in mine:
                expected[number] += declared[number] * (1.0 - part) * more / mix if mix else 0.0
            for size, worth in of_size.items():
                value = book.values[len(of_pool) + self._sizes.index((pool, size))]
                whole[pool, size] = part * more * worth / (total * value)
        self._engine.price([*expected, *whole.values()], schedule)

    def _usable_cards(self, node: int) -> Iterator[tuple[int, float, float]]:
        """Yield number, free part of memory and free part of compute of each card that takes something."""
        grid, peak = self._grid, self._books.peak
        for card in self._cards[node]:
            if self._usable(card, node):
                yield (
                    card,
                    1.0 - peak[2 * card] / grid.caps[2 * card],
                    1.0 - peak[2 * card + 1] / FULL_COMPUTE,
                )


def _usual(foreign: Iterable[Place]) -> list[tuple[Place, int]]:
    """Return the most usual of these places, apart from which node and cards they are on, each with how many there are."""
    alike = Counter(
        (
            place.pool,
            len(place.cards),
            place.memory_mib,
            place.compute,
            place.cpu_milli,
            place.node_memory_mib,
            place.exclusive,
        )
        for place in foreign
    )
    order = sorted(alike.items(), key=lambda item: (-item[1], item[0]))
    return [
        (Place(pool, "", ("",) * cards, memory, compute, cpu, node_memory, exclusive), count)
        for (pool, cards, memory, compute, cpu, node_memory, exclusive), count in order[:FOREIGN]
    ]


def _key(ask: Ask) -> Key:
    return (ask.claim, ask.pool, ask.other_kind)


def _numbered(things: Iterable[Kind]) -> tuple[list[Kind], list[int]]:
    """Return the different things in order, and the number of each."""
    all_ = list(things)
    different = sorted(set(all_))
    number = {thing: i for i, thing in enumerate(different)}
    return different, [number[thing] for thing in all_]
