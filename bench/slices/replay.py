"""One run of one policy over one stream: what it holds, judged at each step by the arena's own account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bench.slices.arena import Arena
from bench.slices.mixes import Event, Mix, moments, worth


class Policy(Protocol):
    """What a policy has to answer. It reads the arena; the replay books."""

    name: str

    def choose(self, claim: int) -> tuple[int, ...] | None:
        """Return the cards of the place for the next arrival, or None where it fits nowhere."""

    def settled(self, cards: Sequence[int]) -> None:
        """Hear that something was booked or given back on these cards."""

    def departed(self, claim: int) -> None:
        """Hear that an instance with this claim has departed, placed or not."""


@dataclass(slots=True)
class Held:
    """What was held, in cards' worth, on average over the moments at which a run is looked at."""

    worth: float
    refused: int
    arrived: int


class Unfair(Exception):
    """A policy refused what fits, or took what is not free; the run counts for nothing."""


def replay(mix: Mix, arena: Arena, policy: Policy, events: Sequence[Event]) -> Held:
    """Run the stream; raises :class:`Unfair`."""
    values = [worth(claim) for _, claim in mix.claims]
    held: dict[int, tuple[int, tuple[int, ...]]] = {}
    wanted: dict[int, int] = {}
    now, refused, arrived = 0.0, 0, 0
    looks = moments(mix, sum(event.claim >= 0 for event in events))
    seen: list[float] = []
    for event in events:
        if event.claim < 0:
            policy.departed(wanted.pop(event.n))
            if event.n in held:
                claim, cards = held.pop(event.n)
                arena.book(claim, cards, -1)
                policy.settled(cards)
                now -= values[claim]
            continue
        arrived += 1
        wanted[event.n] = event.claim
        chosen = policy.choose(event.claim)
        if chosen is None:
            refused += 1
            if arena.takers(event.claim):
                raise Unfair(f"{mix.name}: arrival {event.n} was refused although it fits")
        else:
            arena.book(event.claim, chosen)
            if not arena.sound():
                raise Unfair(f"{mix.name}: arrival {event.n} took what is not free")
            policy.settled(chosen)
            held[event.n] = (event.claim, chosen)
            now += values[event.claim]
        if arrived in looks:
            seen.append(now)
    return Held(sum(seen) / len(seen), refused, arrived)
