"""Whether an owner takes more of a pool than its quota: the one judgement, for planning and for committing.

What counts is where each instance is to be once the plan is carried out: each once, so that the temporary places of a roll
and the two places of a move do not count double, and a place on what is lost does not count beside its replacement. Of each
card an instance takes its memory (MiB), its compute (percent) and a part of the card: the larger of its parts of memory and
compute, in thousandths, rounded down. A whole card is all of these.

Who is over its quota keeps what it has: it may roll, move and shrink. Refused is what is new or larger.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from components.placement.snapshot import Held, Place
from components.spec.node import Node
from components.spec.quotas import CARD, Quota
from components.spec.units import FULL_COMPUTE

Name = tuple[str, int]
"""Service and ordinal."""
Sizes = Mapping[str, int]
"""UUID -> MiB of a card."""


class Use(NamedTuple):
    """What is taken: thousandths of cards, MiB of their memory, percent of their compute."""

    cards: int = 0
    memory: int = 0
    compute: int = 0


NOTHING = Use()
Uses = Mapping[Name, Use]
UNITS = {"cards": "cards", "memory": "MiB of card memory", "compute": "% of compute"}
_KEYS = {"cards": "cards", "memory": "memory_gib", "compute": "compute"}


def sizes_of(nodes: Iterable[Node]) -> dict[str, int]:
    """Return the memory of every card."""
    return {card.uuid: card.memory_mib for node in nodes for card in node.cards}


def use_of(place: Place, sizes: Sizes) -> Use:
    """Return what a place counts."""
    if place.exclusive:
        count = len(place.cards)
        return Use(CARD * count, sum(sizes.get(card, 0) for card in place.cards), FULL_COMPUTE * count)
    cards = 0
    for card in place.cards:
        size = sizes.get(card, 0)
        memory = CARD * place.memory_mib // size if size else 0
        cards += max(memory, CARD * place.compute // FULL_COMPUTE)
    return Use(cards, place.memory_mib * len(place.cards), place.compute * len(place.cards))


def held_of(rows: Iterable[Held], owner: str, pool: str, sizes: Sizes) -> dict[Name, Use]:
    """Return what each of an owner's instances holds of a pool; of an ordinal with several rows the most of each."""
    held: dict[Name, Use] = {}
    for row in rows:
        if row.owner == owner and row.role == "steady" and row.place.pool == pool:
            name, use = (row.service, row.ordinal), use_of(row.place, sizes)
            held[name] = Use(*map(max, held.get(name, NOTHING), use))
    return held


def wished(assignments: Mapping[str, Mapping[int, Place | None]], pool: str, sizes: Sizes) -> dict[Name, Use]:
    """Return what each instance is to take of a pool."""
    return {
        (service, ordinal): use_of(place, sizes)
        for service, places in assignments.items()
        for ordinal, place in places.items()
        if place is not None and place.pool == pool
    }


def total(uses: Uses) -> Use:
    """Return what all of them take together."""
    return Use(*map(sum, zip(*uses.values(), strict=True))) if uses else NOTHING


def exceeded(quota: Quota, held: Uses, wish: Uses) -> tuple[str, ...]:
    """Return which figures of the quota the wish exceeds with something that is new or larger."""
    wanted = total(wish)
    return tuple(
        figure
        for figure in Use._fields
        if (limit := getattr(quota, figure)) is not None
        and getattr(wanted, figure) > limit
        and any(getattr(use, figure) > getattr(held.get(name, NOTHING), figure) for name, use in wish.items())
    )


def left_out(quota: Quota, held: Uses, wish: Uses) -> list[Name]:
    """Return who of the wish has to do without so that the quota is kept; lower ordinals come first, then names.

    An instance that exists and does without its larger size counts as what it holds.
    """
    if not exceeded(quota, held, wish):
        return []
    limits = [getattr(quota, figure) for figure in Use._fields]
    taken = list(NOTHING)
    growing: dict[Name, tuple[int, ...]] = {}
    for name, use in wish.items():
        before = held.get(name, NOTHING)
        more = tuple(now - then for now, then in zip(use, before, strict=True))
        grows = any(step > 0 and limit is not None for step, limit in zip(more, limits, strict=True))
        if grows:
            growing[name] = more
        taken = [one + other for one, other in zip(taken, before if grows else use, strict=True)]
    out = []
    for name in sorted(growing, key=lambda name: (name[1], name[0])):
        after = [one + step for one, step in zip(taken, growing[name], strict=True)]
        if all(
            step <= 0 or limit is None or level <= limit
            for step, limit, level in zip(growing[name], limits, after, strict=True)
        ):
            taken = after
        else:
            out.append(name)
    return out


def sentence(quota: Quota, owner: str, held: Uses, wish: Uses) -> str:
    """Return what the quota is, what is in use, what is wanted, and what would make it fit."""
    used, wanted = total(held), total(wish)
    figures = exceeded(quota, held, wish)
    says = "; ".join(
        f"{_amount(figure, getattr(quota, figure))}, {_number(figure, getattr(used, figure))} in use and "
        f"{_number(figure, getattr(wanted, figure))} wanted"
        for figure in figures
    )
    less = " and ".join(
        f"{_amount(figure, getattr(wanted, figure) - getattr(quota, figure))} less" for figure in figures
    )
    raised = ", ".join(f"{_KEYS[figure]}: {_least(figure, getattr(wanted, figure))}" for figure in figures)
    asked = f" (ask {quota.declared_by}, whose pool it is)" if quota.declared_by else " of the pool file"
    return (
        f"The quota of {owner} in pool {quota.pool} (quotas, {quota.entry!r}) is {says}. It fits with {less}, or with "
        f"`{raised}` there{asked}."
    )


def numbers(quota: Quota, used: Use) -> dict[str, dict[str, float | None]]:
    """Return per figure what is used and what may be: cards, MiB and percent."""
    names = {"cards": ("cards", CARD), "memory": ("memory_mib", 1), "compute": ("compute", 1)}
    found: dict[str, dict[str, float | None]] = {}
    for figure, (name, unit) in names.items():
        most = getattr(quota, figure)
        found[name] = {"used": getattr(used, figure) / unit, "quota": None if most is None else most / unit}
    return found


def quota_faults(
    quotas: Sequence[Quota],
    owner: str,
    rows: Sequence[Held],
    assignments: Mapping[str, Mapping[int, Place | None]],
    nodes: Iterable[Node],
) -> list[str]:
    """Return a sentence for each quota that a plan with these final places would exceed."""
    if not quotas:
        return []
    sizes = sizes_of(nodes)
    faults = []
    for quota in quotas:
        held, wish = held_of(rows, owner, quota.pool, sizes), wished(assignments, quota.pool, sizes)
        if exceeded(quota, held, wish):
            faults.append(sentence(quota, owner, held, wish))
    return faults


def _amount(figure: str, value: int) -> str:
    """Return ``2 cards``, ``4,096 MiB of card memory`` or ``150 % of compute``."""
    unit = "card" if figure == "cards" and value == CARD else UNITS[figure]
    return f"{_number(figure, value)} {unit}"


def _number(figure: str, value: int) -> str:
    return f"{value / CARD:g}" if figure == "cards" else f"{value:,}"


def _least(figure: str, value: int) -> int:
    """Return the smallest figure of a pool file that is no less."""
    unit = {"cards": CARD, "memory": 1024, "compute": 1}[figure]
    return -(-value // unit)
