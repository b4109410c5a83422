"""What fits nowhere one after the other is looked for together: nothing feasible is refused, and no card is used in vain."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench import batch
from components.placement.checker import violations
from components.placement.plan import plan
from components.placement.plan_types import PlanOptions
from components.placement.snapshot import Snapshot
from components.placement.solver import repair
from components.placement.solver.cp_sat import MISSING
from components.spec.claim import Wanted
from components.spec.node import Node
from tests.placement.build import held, node, picture, planned, want, where
from tests.properties import scenes

SIZES = {"a": 10, "b": 9, "c": 8, "d": 5, "e": 5, "f": 3}
MOST_TRIED = 20_000


@dataclass
class Try:
    """A search that tries every place for every instance, up to a number of tries."""

    nodes: list[Node]
    separate: bool
    tried: int = 0
    memory: Counter[str] = field(default_factory=Counter)
    compute: Counter[str] = field(default_factory=Counter)
    cpu: Counter[str] = field(default_factory=Counter)
    host: Counter[str] = field(default_factory=Counter)
    kinds: Counter[tuple[str, bool]] = field(default_factory=Counter)
    spread: Counter[tuple[str, str]] = field(default_factory=Counter)

    def fits(self, todo: list[Wanted], shares: dict[str, int]) -> bool | None:
        """Return whether all of them fit; None where the tries ran out."""
        if not todo:
            return True
        unknown = False
        for one in self.nodes:
            for uuids in self._choices(todo[0], one):
                self.tried += 1
                if self.tried > MOST_TRIED:
                    return None
                if self._take(todo[0], one, uuids, 1) and self._good(todo[0], one, uuids, shares):
                    found = self.fits(todo[1:], shares)
                    if found:
                        return True
                    unknown = unknown or found is None
                self._take(todo[0], one, uuids, -1)
        return None if unknown else False

    def _choices(self, want: Wanted, one: Node) -> list[tuple[str, ...]]:
        claim = want.claim
        good = [card.uuid for card in one.cards if not claim.models or card.model in claim.models]
        if claim.kind == "cpu":
            return [()]
        if claim.kind == "slice":
            return [(uuid,) for uuid in good]
        free = [uuid for uuid in good if not self.memory[uuid] and not self.compute[uuid]]
        return [tuple(free[: claim.gpu])] if len(free) >= claim.gpu else []

    def _take(self, want: Wanted, one: Node, uuids: tuple[str, ...], sign: int) -> bool:
        claim = want.claim
        size = {card.uuid: card.memory_mib for card in one.cards}
        for uuid in uuids:
            whole = claim.kind == "exclusive"
            self.memory[uuid] += sign * (size[uuid] if whole else claim.slice_mib(one.unit))
            self.compute[uuid] += sign * (100 if whole else claim.gpu_core_percentage)
        self.cpu[one.name] += 0 if claim.best_effort else sign * claim.cpu_milli
        self.host[one.name] += sign * claim.memory_mib
        if claim.kind == "slice":
            self.kinds[one.name, bool(claim.gpu_core_percentage)] += sign
        self.spread[want.service, self._key(want, one)] += sign
        return True

    @staticmethod
    def _key(want: Wanted, one: Node) -> str:
        return one.zone if want.spread == "zone" else one.name

    def _good(self, want: Wanted, one: Node, uuids: tuple[str, ...], shares: dict[str, int]) -> bool:
        size = {card.uuid: card.memory_mib for card in one.cards}
        if any(self.memory[uuid] > size[uuid] or self.compute[uuid] > 100 for uuid in uuids):
            return False
        if self.cpu[one.name] > one.cpu_milli or self.host[one.name] > one.memory_mib:
            return False
        if self.separate and self.kinds[one.name, True] and self.kinds[one.name, False]:
            return False
        return (
            want.spread == "default"
            or self.spread[want.service, self._key(want, one)] <= shares[want.service]
        )


def shares(nodes: list[Node], wanted: list[Wanted]) -> dict[str, int]:
    """Return how many instances of a service one host or zone may take."""
    found = {}
    for service in wanted:
        claim = service.claim
        keys = set()
        for one in nodes:
            fit = [
                card
                for card in one.cards
                if (not claim.models or card.model in claim.models)
                and (claim.kind != "slice" or card.memory_mib >= claim.slice_mib(one.unit))
            ]
            enough = claim.kind == "cpu" or len(fit) >= max(claim.gpu, 1)
            room = claim.memory_mib <= one.memory_mib and (
                claim.best_effort or claim.cpu_milli <= one.cpu_milli
            )
            if enough and room:
                keys.add(one.zone if service.spread == "zone" else one.name)
        found[service.service] = -(-service.instances // len(keys)) if keys else 0
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 1 << 40), separate=st.booleans())
def test_what_is_refused_fits_in_no_way_at_all(seed: int, separate: bool) -> None:
    """Spread, models, types, whole cards, CPU and both kinds of slices, against trying everything."""
    rng = random.Random(seed)
    views = scenes.nodes(rng)[:3]
    wanted = [scenes.service(rng, name) for name in "abcdef"[: rng.randint(2, 6)]]
    wanted = [Wanted(w.service, w.pool, w.claim, w.instances, "1", spread=w.spread) for w in wanted]
    options = PlanOptions(memory_only="separate" if separate else "mixed")
    snapshot = Snapshot("me", tuple(views))
    made = plan(snapshot, wanted, options)
    assert violations(snapshot, wanted, made, options) == []
    if made.refusals:
        nodes = [view.node for view in views]
        todo = [
            w
            for w in sorted(wanted, key=lambda w: (-w.claim.gpu, -w.claim.gpu_memory))
            for _ in range(w.instances)
        ]
        assert not Try(nodes, separate).fits(todo, shares(nodes, wanted))


@pytest.mark.parametrize("seed", [25, 19, 29, 101, 103, 105])
def test_a_set_that_another_model_finds_feasible_is_placed(seed: int) -> None:
    """The first three are refused one after the other; ``python -m bench.batch`` tries two hundred."""
    case = batch.instance(seed, tight=True)
    made = planned(case.snapshot, *case.wanted)
    verdict = batch.judged(case)
    assert not (verdict.fewest is not None and made.refusals)
    assert not (verdict.proven and verdict.fewest is None and not made.refusals)


def puzzle() -> tuple[Snapshot, list[Wanted]]:
    """Return two cards of 20 GiB and slices that fit only as 10 + 5 + 5 and 9 + 8 + 3."""
    return picture([node("n", 2)]), [want(name, gib) for name, gib in SIZES.items()]


def test_two_full_cards_are_found_though_every_order_by_size_misses_them() -> None:
    snapshot, wanted = puzzle()
    made = planned(snapshot, *wanted)
    assert made.refusals == ()
    assert where(made, "a") == where(made, "d") == where(made, "e")
    assert where(made, "b") == where(made, "c") == where(made, "f")


def test_without_the_search_the_refusal_says_so_and_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three cards of 20 GiB that nine slices fill to the last GiB, in a way that choosing one after the other misses."""
    snapshot = picture([node("n", 3)])
    wanted = [want(name, gib) for name, gib in zip("abcdefghi", (2, 10, 9, 14, 9, 3, 4, 8, 1), strict=True)]
    assert planned(snapshot, *wanted).refusals == ()
    monkeypatch.setattr(repair, "installed", lambda: False)
    (refusal,) = planned(snapshot, *wanted).refusals
    assert MISSING in str(refusal)


def test_what_fits_nowhere_even_alone_gets_no_word_about_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repair, "installed", lambda: False)
    (refusal,) = planned(picture([node("n", 2)]), want("a", 30), want("b", 5)).refusals
    assert MISSING not in str(refusal)


def test_as_many_as_possible_get_a_place_where_all_cannot() -> None:
    made = planned(picture([node("n", 1)]), want("a", 16), *(want(f"b{n}", 10) for n in range(2)))
    assert [refusal.service for refusal in made.refusals] == ["a"]


def test_a_card_is_saved_where_best_fit_opens_one_too_many() -> None:
    made = planned(picture([node("n", 3)]), *(want(name, gib) for name, gib in SIZES.items()))
    assert len({where(made, name)[0] for name in SIZES}) == 2


def test_what_runs_does_not_move_for_the_search() -> None:
    rows = [held("a", 0, "n/0", 9), held("z", 0, "n/1", 9)]
    made = planned(picture([node("n", 2)], rows), want("a", 9), want("z", 9), want("b", 12))
    assert [refusal.service for refusal in made.refusals] == ["b"]
    assert not made.steps
