"""What a change must leave: free cards, free memory, and free memory that is of use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, Self

from pydantic import Field, model_validator

from components.rules.outcome.view import OutcomeView
from components.rules.parameters import Parameters
from components.rules.rule import Complaint, Rule, limit


class Headroom(Parameters):
    """How much of each pool stays free."""

    cards: int = Field(default=0, ge=0, description="cards with nothing on them that stay free in each pool")
    percent: int = Field(
        default=0, ge=0, le=100, description="percent of each pool's card memory that stays free"
    )
    pools: tuple[str, ...] = Field(default=(), description="pools that this is asked of; empty: all")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.cards and not self.percent:
            raise ValueError("say how much stays free: cards, percent or both")
        return self


class FragmentationRise(Parameters):
    """How much less of the free memory may be of use."""

    points: int = Field(
        default=5,
        ge=0,
        le=100,
        description="percentage points by which a change may raise the share of free memory that is of no use",
    )
    pools: tuple[str, ...] = Field(default=(), description="pools that this is asked of; empty: all")


def _headroom(view: OutcomeView, given: Headroom) -> Iterator[Complaint]:
    for name, after, before in _pools(view, given.pools):
        # Only what a change takes is its fault: giving some back is never refused.
        if before["free_cards"] > after["free_cards"] < given.cards:
            message = (
                f"pool {name!r}: {after['free_cards']} free cards are left of {before['free_cards']}, "
                f"and {given.cards} have to stay."
            )
            yield Complaint("usage", None, message, subject=name)
        free, least = after["free_mib"], given.percent * after["capacity_mib"]
        if before["free_mib"] > free and 100 * free < least:
            message = (
                f"pool {name!r}: {_share(free, after['capacity_mib'])} of its card memory is left free, "
                f"{_share(before['free_mib'], after['capacity_mib'])} before; {given.percent} % has to stay."
            )
            yield Complaint("usage", None, message, subject=name)


def _fragmentation(view: OutcomeView, given: FragmentationRise) -> Iterator[Complaint]:
    for name, after, before in _pools(view, given.pools):
        rise = _part(after["stranded_mib"], after["free_mib"]) - _part(
            before["stranded_mib"], before["free_mib"]
        )
        if 100 * rise > given.points:
            message = (
                f"pool {name!r}: {_share(after['stranded_mib'], after['free_mib'])} of its free card memory is of no use "
                f"to what runs there, {_share(before['stranded_mib'], before['free_mib'])} before; a rise of at most "
                f"{given.points} points is allowed."
            )
            yield Complaint("usage", None, message, subject=name)


def _pools(
    view: OutcomeView, asked: tuple[str, ...]
) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Yield (name, after, before) of each pool that is asked for."""
    for name, after in sorted(view.summaries.items()):
        if not asked or name in asked:
            yield name, after, after["before"]


def _part(part: int, whole: int) -> Fraction:
    return Fraction(part, whole) if whole else Fraction(0)


def _share(part: int, whole: int) -> str:
    return f"{float(100 * _part(part, whole)):.1f} %"


ROOM: tuple[Rule[OutcomeView], ...] = (
    limit(
        "headroom-at-least",
        "outcome",
        "A change leaves so many cards, or so much card memory, of each pool free.",
        "Add a node, ask for less, or lower instance.",
        Headroom,
        _headroom,
    ),
    limit(
        "fragmentation-rise",
        "outcome",
        "A change leaves no more of the free card memory in pieces that nothing in the pool could use.",
        "Try `eas plan --rebalance`, or sizes that fill a card: `eas pool` shows what is free on which.",
        FragmentationRise,
        _fragmentation,
    ),
)
