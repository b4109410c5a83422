"""Whose leaving makes a claim fit on a node: smallest sets, so that nobody is lifted in vain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from components.placement.feasible import Ask, node_fault
from components.placement.room.cards import whole_sets
from components.placement.room.field import Field, Item


@dataclass(slots=True, eq=False)
class Eviction:
    """An item fits on these cards of a node once ``victims`` are lifted."""

    node: int
    cards: tuple[int, ...]
    victims: tuple[Item, ...]

    @property
    def rank(self) -> tuple[int, ...]:
        """Fewest victims first, then the least memory and compute to move; then the place."""
        places = [item.row.place for item in self.victims if item.row is not None]
        memory = sum(place.memory_mib for place in places)
        compute = sum(place.compute for place in places)
        whole = sum(len(place.cards) for place in places if place.exclusive)
        return (len(self.victims), whole, memory, compute, self.node, *self.cards)


def evictions(field: Field, item: Item, node: int, most: int) -> list[Eviction]:
    """Return the ways to make an item fit on a node by lifting between one and ``most`` instances from it."""
    ask, grid = item.plain, field.grid
    if most < 1 or node_fault(ask, grid, node) or not _large_enough(field, ask, node):
        return []
    movable = field.movable(node)
    if not movable or not field.allowed(item, node):
        return []
    forced = _other_kind(field, ask, node, movable)
    if forced is None or len(forced) > most:
        return []
    found = []
    for cards in _card_sets(field, ask, node, movable, most):
        must = forced if ask.kind != "exclusive" else _with_those_on(forced, movable, cards)
        if len(must) > most or any(_in_vain(item, one) for one in must):
            continue
        short = _short(field, ask, node, cards, must)
        helpful = [one for one in movable if one not in must and not _in_vain(item, one)]
        covers = smallest_covers(short, helpful, most - len(must))
        found += [Eviction(node, cards, (*must, *more)) for more in covers if must or more]
    return found


def _large_enough(field: Field, ask: Ask, node: int) -> bool:
    """Return whether the empty node has the CPU and memory at all."""
    grid, slot = field.grid, field.grid.cpu_slot(node)
    return ask.cpu <= grid.caps[slot] and ask.memory <= grid.caps[slot + 1]


def _in_vain(item: Item, victim: Item) -> bool:
    """Return whether the item could go wherever its victim goes, so that lifting that one gains nothing."""
    return item.kind == victim.kind and item.spread in ("", victim.spread)


def _other_kind(field: Field, ask: Ask, node: int, movable: Sequence[Item]) -> tuple[Item, ...] | None:
    """Return those of the other kind of slices, who all have to leave; None where some of them cannot."""
    if not ask.other_kind:
        return ()
    others = tuple(one for one in movable if one.plain.own_kind == ask.other_kind)
    return others if len(others) == field.view.kinds[node][ask.other_kind] else None


def _card_sets(
    field: Field, ask: Ask, node: int, movable: Sequence[Item], most: int
) -> list[tuple[int, ...]]:
    """Return the cards that the ask may get on a node, whoever of this owner is on them; whole ones with few on them."""
    grid = field.grid
    if ask.kind == "cpu":
        return [()]
    cards = [
        card
        for card in grid.cards_of[node]
        if grid.card_ready[card] and (not ask.models or grid.card_model[card] in ask.models)
    ]
    if ask.kind == "slice":
        need = ask.sizes[grid.units[node]]
        return [(card,) for card in cards if need <= grid.caps[2 * card]]
    return _whole(field, ask, cards, movable, most)


def _whole(
    field: Field, ask: Ask, cards: list[int], movable: Sequence[Item], most: int
) -> list[tuple[int, ...]]:
    """Return sets of cards that are empty once whoever may move has left them."""
    if len(cards) < ask.claim.gpu:
        return []
    held: dict[int, list[int]] = {card: [0, 0] for card in cards}
    many = dict.fromkeys(cards, 0)
    for one in movable:
        for card in one.cards:
            if card in many:
                many[card] += 1
        for slot, amount in one.uses:
            if slot // 2 in held and slot < field.grid.first_node_slot:
                held[slot // 2][slot % 2] += amount
    level = field.view.level
    clear = [card for card in cards if [level[2 * card], level[2 * card + 1]] == held[card]]
    clear = [card for card in clear if field.grid.caps[2 * card] > 0 and many[card] <= most]
    if len(clear) < ask.claim.gpu:
        return []
    free = [card for card in clear if held[card] == [0, 0]]
    used = [card for card in clear if held[card] != [0, 0]]
    sets = []
    for count in range(min(len(free), ask.claim.gpu), -1, -1):
        rest = _subsets(used, ask.claim.gpu - count)
        frees = whole_sets(field.grid, free, count)
        sets += [tuple(sorted((*some, *others))) for others in rest for some in frees]
    return sets


def _subsets(cards: Sequence[int], count: int) -> list[tuple[int, ...]]:
    if count == 0:
        return [()]
    return [
        (card, *rest) for index, card in enumerate(cards) for rest in _subsets(cards[index + 1 :], count - 1)
    ]


def _with_those_on(
    forced: tuple[Item, ...], movable: Sequence[Item], cards: Iterable[int]
) -> tuple[Item, ...]:
    chosen = set(cards)
    on = [one for one in movable if chosen & set(one.cards) and one not in forced]
    return (*forced, *on)


def _short(field: Field, ask: Ask, node: int, cards: tuple[int, ...], gone: Iterable[Item]) -> dict[int, int]:
    """Return per slot what is missing once some are gone."""
    grid, level = field.grid, field.view.level
    slot = grid.cpu_slot(node)
    needs = {slot: ask.cpu, slot + 1: ask.memory}
    if ask.kind == "slice":
        (card,) = cards
        needs |= {2 * card: ask.sizes[grid.units[node]], 2 * card + 1: ask.compute}
    freed: dict[int, int] = {}
    for one in gone:
        for number, amount in one.uses:
            freed[number] = freed.get(number, 0) + amount
    short = {}
    for number, amount in needs.items():
        over = level[number] - freed.get(number, 0) + amount - grid.caps[number]
        if amount and over > 0:
            short[number] = over
    return short


def smallest_covers(short: dict[int, int], helpful: Sequence[Item], most: int) -> Iterator[tuple[Item, ...]]:
    """Yield the sets of up to ``most`` instances that leave enough, none of which could stay; alike ones once."""
    if not short:
        yield ()
        return
    useful = [one for one in helpful if any(slot in short for slot, _ in one.uses)]
    gives = {one: {slot: amount for slot, amount in one.uses if slot in short} for one in useful}
    if most < len(useful) and any(_most(gives, slot, most) < amount for slot, amount in short.items()):
        return
    yield from (
        chosen
        for size in range(1, most + 1)
        for chosen in _choose(useful, gives, short, size)
        if not any(_enough(short, gives, [one for one in chosen if one is not out]) for out in chosen)
    )


def _most(gives: dict[Item, dict[int, int]], slot: int, count: int) -> int:
    """Return how much so many of them leave of one slot at most."""
    return sum(sorted((amounts.get(slot, 0) for amounts in gives.values()), reverse=True)[:count])


def _enough(short: dict[int, int], gives: dict[Item, dict[int, int]], chosen: Iterable[Item]) -> bool:
    left = dict(short)
    for one in chosen:
        for slot, amount in gives[one].items():
            left[slot] -= amount
    return all(amount <= 0 for amount in left.values())


def _choose(
    useful: Sequence[Item], gives: dict[Item, dict[int, int]], short: dict[int, int], size: int
) -> Iterator[tuple[Item, ...]]:
    """Yield the sets of exactly so many that leave enough; of alike ones on the same cards the first by name."""
    if size == 0:
        if all(amount <= 0 for amount in short.values()):
            yield ()
        return
    seen: set[object] = set()
    for index, one in enumerate(useful):
        alike = _likeness(one)
        if alike in seen:
            continue
        seen.add(alike)
        left = {slot: amount - gives[one].get(slot, 0) for slot, amount in short.items()}
        rest = useful[index + 1 :]
        for more in _choose(rest, gives, left, size - 1):
            yield (one, *more)


def _likeness(one: Item) -> object:
    """Return what makes two instances of a node interchangeable as victims."""
    return (one.kind, one.cards, one.spread)
