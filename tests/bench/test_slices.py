"""The harness of ``bench.slices`` is worth something: it notices unfair policies, and its rivals score as they should."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from bench.slices.arena import Arena
from bench.slices.baselines import BestFit, Gradient, Stateless
from bench.slices.ceiling import ceiling
from bench.slices.mixes import MIXES, Event, Mix, fleet, moments, stream, worth
from bench.slices.replay import Unfair, replay
from components.spec.claim import Claim

SMALL = fleet(2, 1)
HALF = Mix("halves", 1.0, ((1.0, Claim(gpu_memory=39)),))
ARRIVALS = [Event(n, 0) for n in range(3)]


class Refusing(Stateless):
    """Refuses everybody."""

    name = "refusing"

    def choose(self, claim: int) -> tuple[int, ...] | None:
        """Return nothing, whatever is free."""
        return None


class Greedy(Stateless):
    """Puts everything on the first card."""

    name = "greedy"

    def choose(self, claim: int) -> tuple[int, ...] | None:
        """Return the first card, whatever is there."""
        return (0,)


def test_a_policy_that_refuses_what_fits_is_caught() -> None:
    with pytest.raises(Unfair, match="although it fits"):
        replay(HALF, Arena.of(SMALL, HALF.claims), Refusing(), ARRIVALS)


def test_a_policy_that_takes_what_is_not_free_is_caught() -> None:
    with pytest.raises(Unfair, match="not free"):
        replay(HALF, Arena.of(SMALL, HALF.claims), Greedy(), ARRIVALS)


@pytest.mark.parametrize("mix", MIXES, ids=lambda mix: mix.name)
def test_streams_are_the_same_for_everybody_and_end_what_they_began(mix: Mix) -> None:
    events = list(stream(mix, SMALL, 3))
    assert events == list(stream(mix, SMALL, 3))
    began = {event.n for event in events if event.claim >= 0}
    ended = [event.n for event in events if event.claim < 0]
    assert len(ended) == len(set(ended))
    assert set(ended) <= began
    assert bool(ended) != mix.lasting
    assert moments(mix, len(began))[-1] == len(began)


@pytest.mark.parametrize("mix", MIXES, ids=lambda mix: mix.name)
def test_no_rival_passes_the_ceiling(mix: Mix) -> None:
    if not mix.lasting:
        pytest.skip("with departures the ceiling is a mean over moments")
    events = list(stream(mix, SMALL, 1))
    most = ceiling(mix, SMALL, Counter(event.claim for event in events))
    for policy in (BestFit, lambda arena: Gradient(arena, 0), lambda arena: Gradient(arena, 1)):
        arena = Arena.of(SMALL, mix.claims)
        assert 0 < replay(mix, arena, policy(arena), events).worth <= most + 1e-6


def _taken(arena: Arena, claim: int, cards: Sequence[int]) -> Arena:
    arena.book(claim, cards)
    return arena


def test_best_fit_prefers_a_card_in_use_and_the_least_that_is_left() -> None:
    claims = ((1.0, Claim(gpu_memory=10)), (1.0, Claim(gpu_memory=40)))
    arena = _taken(_taken(Arena.of(fleet(1, 0), claims), 0, (3,)), 1, (5,))
    assert BestFit(arena).choose(0) == (5,)


def test_the_gradient_keeps_whole_what_the_mix_can_use() -> None:
    """Half a card is free on card 1; a small slice there would leave what no half fits into, and so is sent to a card of
    which something is wasted anyway."""
    claims = ((0.9, Claim(gpu_memory=39)), (0.1, Claim(gpu_memory=10)))
    arena = Arena.of(fleet(1, 0), claims)
    for card in range(8):
        arena.book(0, (card,))
    for card in range(2, 8):
        arena.book(0, (card,))
    arena.memory[7] = 20_000
    assert Gradient(arena, 0).choose(1) == (7,)


def test_a_card_is_worth_one() -> None:
    assert worth(Claim(gpu=2)) == 2
    assert worth(Claim(gpu_memory=8, gpu_core_percentage=40)) == pytest.approx(0.4)
