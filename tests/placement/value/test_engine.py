"""The value rule: kernels against slow references, compiled against interpreted, told changes against own ones."""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.placement.value import compiled
from components.placement.value.claims import CPU_PRICES, MOST_STEPS, TAU, Book, Claimed
from components.placement.value.engine import Engine, Free
from components.placement.value.node import CARDS_LEFT, CPU_LEFT
from components.placement.value.numeric import exp, log
from components.placement.value.shape import ONE
from tests.placement.value.build import Cluster, clusters

orders = st.lists(st.integers(0, 3), min_size=1, max_size=14)


@given(st.floats(-650, 650))
def test_exp_and_log_are_those_of_the_books(x: float) -> None:
    assert math.isclose(exp(x), math.exp(x), rel_tol=1e-13)
    assert math.isclose(log(exp(x)), x, rel_tol=1e-13, abs_tol=1e-13)


def test_exp_has_an_end_on_both_sides() -> None:
    assert exp(-1e9) == 0.0
    assert exp(1e9) == exp(700.0)


@settings(max_examples=25, deadline=None)
@given(clusters())
def test_tables_hold_the_recursion_of_the_rule(cluster: Cluster) -> None:
    engine = cluster.engine()
    mix, shape = engine.market.mix, engine.book.shape
    width = shape.steps + 1
    for type_ in range(len(shape.units)):
        slots = [mix.slot[type_ * len(mix.value) + i] for i in range(len(mix.value))]
        at = [type_ * len(mix.value) + slot for slot in slots]
        for mu, price in enumerate(CPU_PRICES):
            values: dict[tuple[int, int], float] = {}
            for unit, step in product(range(shape.units[type_] + 1), range(width)):
                total = 1.0
                for i, worth in enumerate(mix.value):
                    rest = (unit - mix.sizes[at[i]], step - mix.computes[at[i]])
                    if slots[i] >= 0 and min(rest) >= 0:
                        total += math.exp((worth - mix.price[i] - price * mix.cpu[i] + values[rest]) / TAU)
                values[unit, step] = TAU * math.log(total)
                found = engine.tables.card[shape.first[type_] + unit * width + step][mu]
                assert abs(found - values[unit, step] * ONE) <= 1


@settings(max_examples=15, deadline=None)
@given(clusters())
def test_more_memory_or_compute_is_never_worth_less(cluster: Cluster) -> None:
    engine = cluster.engine()
    shape = engine.book.shape
    for type_ in range(len(shape.units)):
        rows = np.array(engine.tables.card)[shape.first[type_] : shape.first[type_ + 1]]
        table = rows.reshape(shape.units[type_] + 1, shape.steps + 1, -1)
        assert (np.diff(table, axis=0) >= 0).all()
        assert (np.diff(table, axis=1) >= 0).all()


@settings(max_examples=40, deadline=None)
@given(clusters(), orders)
def test_the_loss_is_what_the_node_is_worth_less_afterwards(cluster: Cluster, order: list[int]) -> None:
    engine = cluster.engine()
    many = len(cluster.claims)
    for ask in (number % many for number in order):
        options = {
            node: found for node in range(len(cluster.nodes)) if (found := engine.loss(ask, node)) is not None
        }
        chosen = engine.best(ask)
        if chosen is None:
            assert not options
            continue
        least = min(loss for loss, _ in options.values())
        assert chosen[0] == min(node for node, (loss, _) in options.items() if loss == least)
        before = engine.arrays()
        assert engine.place_all([ask])[0][0] == chosen[0]
        after = engine.arrays()
        node = chosen[0]
        rest = CPU_LEFT * after.cpu[node] + CARDS_LEFT * after.left[node]
        type_ = engine.book.type_of[cluster.nodes[node][0]]
        rest += cluster.claims[ask].gpus * int(engine.book.asks.large[ask * len(engine.book.sizes) + type_])
        # What is left in thousandths of a card is rounded per card and per claim.
        slack = 2 * CARDS_LEFT * engine.book.shape.cards
        assert abs(before.before[node] - after.before[node] + rest - least) <= slack


@settings(max_examples=40, deadline=None)
@given(clusters(round_sizes=False), orders)
def test_nothing_is_placed_where_it_does_not_fit_and_refused_only_where_it_fits_nowhere(
    cluster: Cluster, order: list[int]
) -> None:
    engine = cluster.engine()
    free: list[list[Any]] = [
        [cpu, memory, [[cluster.sizes[kind], 100] for _ in range(count)]]
        for kind, count, cpu, memory in cluster.nodes
    ]
    for number in order:
        claim = cluster.claims[number % len(cluster.claims)]
        able = [node for node in range(len(free)) if choices(cluster, claim, free, node)]
        node, bits = engine.place_all([number % len(cluster.claims)])[0]
        if node < 0:
            assert not able
            continue
        chosen = frozenset(place for place in range(bits.bit_length()) if bits >> place & 1)
        assert chosen in choices(cluster, claim, free, node)
        free[node][0] -= claim.cpu
        free[node][1] -= claim.memory
        for place in chosen:
            card = free[node][2][place]
            card[0] -= card[0] if claim.gpus else claim.rooms[cluster.nodes[node][0]]
            card[1] -= card[1] if claim.gpus else claim.compute


def choices(cluster: Cluster, claim: Claimed, free: list[list[Any]], node: int) -> set[frozenset[int]]:
    """Return the sets of cards of a node that can take a claim, worked out without the engine."""
    kind = cluster.nodes[node][0]
    cpu, memory, cards = free[node]
    if (claim.cpu and claim.cpu > cpu) or claim.memory > memory or not claim.kinds[kind]:
        return set()
    if not claim.on_cards:
        return {frozenset()}
    room = claim.rooms[kind]
    if room < 0:
        return set()
    if claim.gpus:
        empty = [place for place, card in enumerate(cards) if card == [cluster.sizes[kind], 100]]
        return {frozenset(empty[: claim.gpus])} if len(empty) >= claim.gpus else set()
    return {
        frozenset([place])
        for place, (left, percent) in enumerate(cards)
        if left >= room and (not claim.compute or percent >= claim.compute)
    }


@settings(max_examples=30, deadline=None)
@given(clusters(), orders)
def test_an_engine_that_is_told_of_changes_answers_like_one_that_made_them(
    cluster: Cluster, order: list[int]
) -> None:
    making, told = cluster.engine(), cluster.engine()
    many = len(cluster.claims)
    making.place_all([number % many for number in order])
    nodes = making.arrays()
    cards = making.book.shape.cards
    for node, (kind, count, _, _) in enumerate(cluster.nodes):
        told.best(node % many)
        spots = range(node * cards, node * cards + count)
        told.set_node(
            node,
            Free(
                kind,
                int(nodes.cpu[node]),
                int(nodes.memory[node]),
                tuple((kind, int(nodes.room[at]), int(nodes.compute[at])) for at in spots),
                tuple(int(number) for number in nodes.slices[3 * node : 3 * node + 3]),  # type: ignore[arg-type]
            ),
        )
    others = told.arrays()
    for name in ("state", "left", "whole", "worth", "before"):
        assert np.array_equal(getattr(nodes, name), getattr(others, name)), name
    assert [making.best(ask) for ask in range(many)] == [told.best(ask) for ask in range(many)]


@settings(max_examples=20, deadline=None)
@given(clusters(), orders)
def test_compiled_and_interpreted_kernels_agree_to_the_last_bit(cluster: Cluster, order: list[int]) -> None:
    slow, fast = cluster.engine(interpreted=True), cluster.engine(interpreted=False)
    assert list(slow.market.mix.price) == list(fast.market.mix.price)
    assert np.array_equal(np.array(slow.tables.card), fast.tables.card)
    assert np.array_equal(np.array(slow.tables.gang), fast.tables.gang)
    asks = [number % len(cluster.claims) for number in order]
    assert slow.place_all(asks) == fast.place_all(asks)


@settings(max_examples=20, deadline=None)
@given(clusters(), st.randoms(use_true_random=False), orders)
def test_the_order_of_nodes_changes_no_value(cluster: Cluster, chance: object, order: list[int]) -> None:
    nodes = list(cluster.nodes)
    chance.shuffle(nodes)  # type: ignore[attr-defined]
    other = Cluster(cluster.sizes, tuple(nodes), cluster.claims, cluster.often)
    one, two = cluster.engine(), other.engine()
    assert np.array_equal(np.array(one.tables.card), np.array(two.tables.card))


def test_a_mix_without_compute_has_no_steps_and_sizes_are_counted_in_their_divisor() -> None:
    slice_ = Claimed(0, (6144,), 0, 1000, 1024, (True,))
    other = Claimed(0, (10_240,), 0, 1000, 1024, (True,))
    book = Book([81_251], [4], [slice_, other], [1, 1], 4)
    assert book.shape.unit == [2048]
    assert book.shape.units == [81_251 // 2048]
    assert (book.shape.exact, book.shape.steps) == (1, 0)


def test_percentages_without_a_useful_divisor_are_rounded_up_to_a_step_for_values_only() -> None:
    odd = Claimed(0, (6144,), 7, 1000, 1024, (True,))
    book = Book([81_251], [1], [odd], [1], 1)
    assert (book.shape.exact, book.shape.steps) == (0, MOST_STEPS)
    assert book.asks.steps == [2]
    engine = Engine(book, 1, [Free(0, 64_000, 65_536, ((0, 81_251, 100),))], [[81_251]])
    assert sum(node >= 0 for node, _ in engine.place_all([0] * 20)) == 13, (
        "13 x 6 GiB fit, and 14 x 7 % would"
    )


def test_kinds_of_cards_that_differ_for_nobody_are_one_type() -> None:
    anyone = Claimed(0, (4096, 4096, 4096), 0, 0, 0, (True,))
    picky = Claimed(0, (4096, 4096, -1), 0, 0, 0, (True,))
    assert len(Book([8192] * 3, [1] * 3, [anyone], [1], 1).sizes) == 1
    assert len(Book([8192] * 3, [1] * 3, [anyone, picky], [1, 1], 1).sizes) == 2


def test_a_small_claim_goes_beside_others_and_whole_cards_stay_whole() -> None:
    small, whole = Claimed(0, (2048,), 0, 1000, 0, (True,)), Claimed(1, (0,), 0, 1000, 0, (True,))
    book = Book([8192], [4], [small, whole], [4, 2], 2)
    nodes = [Free(0, 32_000, 65_536, ((0, 8192, 100), (0, 8192, 100))) for _ in range(2)]
    engine = Engine(book, 1, nodes, [[8192, 8192]] * 2)
    engine.price([4, 3], (0.1,) * 40)
    found = engine.place_all([0, 0, 0, 0, 1, 1, 1])
    assert len(set(found[:4])) == 1
    assert all(node >= 0 for node, _ in found)


def test_compiled_code_is_kept_where_it_can_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = Path.mkdir

    def refusing(self: Path, *arguments: object, **named: object) -> None:
        if "__pycache__" in self.parts:
            raise PermissionError(self)
        real(self, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    beside = compiled.folder()
    assert beside is not None
    assert beside.parent.name == "__pycache__"
    monkeypatch.setattr(Path, "mkdir", refusing)
    elsewhere = compiled.folder()
    assert elsewhere is not None
    assert elsewhere.is_relative_to(tmp_path)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "__pycache__")
    assert compiled.folder() is None
