"""Where new instances go."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from itertools import permutations

import pytest

from components.placement.plan import plan
from components.placement.plan_types import PlanOptions
from components.placement.snapshot import Held
from tests.placement.build import ME, REFUSE, THEM, WAIT, held, node, picture, planned, told, want, where

SEPARATE = PlanOptions(memory_only="separate")


def test_the_fullest_card_that_still_fits_is_taken() -> None:
    """Best fit."""
    rows = [held("x", 0, "a/0", 4, owner=THEM), held("y", 0, "a/1", 12, owner=THEM)]
    assert where(planned(picture([node("a", 3)], rows), want("llm", 8)), "llm") == {0: "a-1"}


def test_a_used_card_is_taken_before_an_empty_one_however_small() -> None:
    """Whole cards stay free for those that need them."""
    rows = [held("x", 0, "a/0", 8, owner=THEM)]
    made = planned(picture([node("a", [40_960]), node("b", [8192])], rows), want("llm", 8))
    assert where(made, "llm") == {0: "a-0"}


def test_cards_of_different_sizes_are_compared_by_the_share_that_is_left() -> None:
    """8 of 10 GiB leave less than 8 of 40."""
    made = planned(picture([node("a", [40_960]), node("b", [10_240])]), want("llm", 8))
    assert where(made, "llm") == {0: "b-0"}


def test_the_largest_is_placed_first_whatever_its_name() -> None:
    """Otherwise the small one would take the only card that is large enough."""
    made = planned(picture([node("a", [20_480, 8192])]), want("a-small", 8), want("z-large", 20))
    assert where(made, "a-small") == {0: "a-1"}
    assert where(made, "z-large") == {0: "a-0"}


def test_where_the_usual_order_leaves_somebody_out_other_orders_are_tried() -> None:
    """The larger slice would take the node whose CPU the other one needs."""
    nodes = [node("a", [16_384], cpu=8000), node("b", cpu=1000)]
    made = planned(picture(nodes), want("big", 12, cpu_milli=1000), want("hungry", 8, cpu_milli=7000))
    assert (where(made, "big"), where(made, "hungry")) == ({0: "b-0"}, {0: "a-0"})


def test_whichever_order_helps_it_is_the_highest_ordinals_that_wait() -> None:
    """Scaling down retires the highest: a service must not lose the only one that runs."""
    two = [node(name, [81_251, 81_251]) for name in ("a", "b")]
    wishes = [want("page", 20, instances=2), want("llm", 48), want("embed", 6, instances=2, spread="host")]
    made = planned(picture(two), *wishes, want("video", gpu=2, instances=3), options=WAIT)
    assert where(made, "video") == {0: "a-0+a-1", 1: "waiting", 2: "waiting"}
    assert where(made, "embed")[0] in ("b-0", "b-1")
    assert where(made, "embed")[1] == "waiting"


def test_the_answer_does_not_depend_on_the_order_of_nodes_rows_or_services() -> None:
    """Byte for byte."""
    nodes = [node("a", 2), node("b", 1), node("c", [10_240, 20_480])]
    rows = [held("x", 0, "a/0", 6, owner=THEM), held("llm", 0, "b/0", 5)]
    wanted = [want("llm", 5, instances=3), want("page", 9, 20, instances=2), want("whole", gpu=1)]
    answers = {
        repr(plan(picture(some_nodes, some_rows), some_wanted, REFUSE))
        for some_nodes in permutations(nodes)
        for some_rows in permutations(rows)
        for some_wanted in permutations(wanted)
    }
    assert len(answers) == 1


class TestTwoDimensions:
    """Memory and compute have to be free on one card."""

    def test_compute_may_be_what_is_short(self) -> None:
        """Memory for four, compute for three."""
        made = planned(picture([node("a")]), want("llm", 4, 30, instances=4), options=WAIT)
        assert Counter(where(made, "llm").values()) == {"a-0": 3, "waiting": 1}

    @pytest.mark.parametrize(("capacity", "fits"), [(12_288, True), (12_287, False)])
    def test_one_mib_decides(self, capacity: int, fits: bool) -> None:
        """8 GiB beside 4 GiB."""
        snapshot = picture([node("a", [capacity])], [held("x", 0, "a/0", 4, owner=THEM)])
        assert bool(planned(snapshot, want("llm", 8)).refusals) is not fits

    def test_sums_are_whole_mib_and_never_go_through_a_rounded_share(self) -> None:
        """Known failure 1: 24 x 2000 MiB on 46,068 MiB, by rounding requests to hundredths of a card."""
        made = planned(
            picture([node("a", [46_068], cpu=1 << 20)]), want("llm", 2, instances=24), options=WAIT
        )
        assert Counter(where(made, "llm").values()) == {"a-0": 22, "waiting": 2}

    def test_planning_many_at_once_obeys_the_same_rules_as_one_after_another(self) -> None:
        """Known failure 2: 16 halves submitted at once put four on one card."""
        made = planned(picture([node("a", 4), node("b", 4)]), want("llm", 10, 50, instances=16))
        assert set(Counter(where(made, "llm").values()).values()) == {2}

    def test_no_percentage_fits_where_memory_fits_with_a_warning(self) -> None:
        """Known failure 13: compute is 100 % taken, and none is asked for."""
        snapshot = picture([node("a")], [held("hog", 0, "a/0", 4, 100, owner=THEM)])
        made = planned(snapshot, want("llm", 8))
        assert where(made, "llm") == {0: "a-0"}
        (warning,) = made.warnings
        assert warning.startswith("llm asks for no gpu_core_percentage and shares a/0 with slices that do")

    def test_memory_only_separate_keeps_the_two_kinds_on_different_nodes(self) -> None:
        """As ACK does."""
        snapshot = picture([node("a", 2), node("b")], [held("hog", 0, "a/0", 4, 10, owner=THEM)])
        assert where(planned(snapshot, want("llm", 8), options=SEPARATE), "llm") == {0: "b-0"}
        assert where(planned(snapshot, want("llm", 8, 5), options=SEPARATE), "llm") == {0: "a-0"}

    def test_memory_only_separate_waits_for_the_other_kind_to_be_gone(self) -> None:
        """A node changes its kind in the order stop, then start."""
        snapshot = picture([node("a")], [held("hog", 0, "a/0", 4, 10)])
        made = planned(snapshot, want("llm", 8), options=SEPARATE)
        assert told(made) == ["stop hog/0", "start llm/0 a-0 after 1"]


class TestUnits:
    """The same number is GiB on ecs.* and GB on ml.* (invariant 4)."""

    def test_a_claim_has_another_size_on_another_family(self) -> None:
        """Two claims of 10 fit 20 GB where 20 GiB would be needed for two of 10 GiB."""
        capacity = 20 * 10**9 // 2**20
        wanted = want("llm", 10, instances=2)
        assert not planned(picture([node("a", [capacity], kind="ml.a")]), wanted).refusals
        assert planned(picture([node("a", [capacity], kind="ecs.a")]), wanted).refusals

    def test_capacity_is_per_card_not_per_node(self) -> None:
        """Known failure 8: 10 and 20 GB cards of one node sized alike."""
        made = planned(picture([node("a", [10_240, 20_480])]), want("llm", 15, instances=2), options=WAIT)
        assert where(made, "llm") == {0: "a-1", 1: "waiting"}


@pytest.mark.parametrize("seed", range(24))
def test_the_mix_is_what_runs_whosever_it_is(seed: int) -> None:
    """One service more goes to the same place, whether those that run are of its own stack or of another."""
    rng = random.Random(seed)
    views = [node(name, rng.choice((2, 4)), cpu=rng.choice((16_000, 64_000))) for name in "abcd"]
    running = [
        want(
            f"o{number}",
            rng.choice((6, 7, 10, 13, 14)),
            rng.choice((10, 30, 50)),
            cpu_milli=rng.choice((500, 4000, 8000)),
            instances=rng.randint(1, 3),
        )
        for number in range(3)
    ]
    made = plan(picture(views), running, WAIT)
    rows = [
        Held(f"{ME}/{service}/{ordinal}/1", ME, service, ordinal, "steady", "1", place, "ready")
        for service, places in made.assignments.items()
        for ordinal, place in places.items()
        if place is not None
    ]
    new = want("new", rng.choice((6, 7, 10)), 10, cpu_milli=1000)
    beside_own = planned(picture(views, rows), *running, new, options=WAIT)
    foreign = [replace(row, owner=THEM) for row in rows]
    assert where(planned(picture(views, foreign), new, options=WAIT), "new") == where(beside_own, "new")


class TestWholeCards:
    """``gpu: n`` (invariant 2)."""

    def test_they_are_distinct_empty_cards_of_one_node(self) -> None:
        """A node with two free cards, not two nodes with one each."""
        rows = [held("x", 0, "b/0", 1, owner=THEM)]
        made = planned(picture([node("a"), node("b", 3), node("c")], rows), want("train", gpu=2))
        assert where(made, "train") == {0: "b-1+b-2"}

    def test_nobody_shares_them(self) -> None:
        """Known failure 9: shared and exclusive on one card."""
        snapshot = picture([node("a")], [held("train", 0, "a/0")])
        assert planned(snapshot, want("train", gpu=1), want("llm", 1)).refusals
        snapshot = picture([node("a")], [held("llm", 0, "a/0", 1)])
        assert planned(snapshot, want("train", gpu=1), want("llm", 1)).refusals

    def test_the_slice_fields_are_ignored_beside_gpu(self) -> None:
        """``gpu: 1`` with ``gpu_memory`` takes the whole card."""
        made = planned(picture([node("a", 2)]), want("train", 4, 10, gpu=1))
        place = made.assignments["train"][0]
        assert place is not None
        assert (place.exclusive, place.memory_mib, place.compute) == (True, 0, 0)

    def test_the_node_with_the_fewest_free_cards_is_taken(self) -> None:
        """Larger nodes stay free for larger jobs."""
        made = planned(picture([node("a", 4), node("b", 2)]), want("train", gpu=2))
        assert where(made, "train") == {0: "b-0+b-1"}

    def test_so_are_those_that_the_exhaustive_search_chose(self) -> None:
        """The sample on three nodes: the search saves a card, and a whole card of any kind is one card to it."""
        views = [
            node(name, [81_251] * 4, models=["A100"] * 4, cpu=63_000, memory=512_000) for name in ("b", "c")
        ]
        views.append(node("a", [22_731] * 2, models=["A10"] * 2, cpu=63_000, memory=385_024))
        made = planned(
            picture(views),
            want("embed", 6, cpu_milli=2000, memory_mib=8192, instances=2),
            want("llm", 48, 10, cpu_milli=8000, memory_mib=32_768, instances=2),
            want("page", 20, 5, cpu_milli=4000, memory_mib=16_384),
            want("rerank", 4, 10, cpu_milli=2000, memory_mib=8192, instances=3, spread="host"),
            want("scorer", 2, 5, cpu_milli=1000, memory_mib=4096, instances=2),
            want("train", gpu=1, cpu_milli=8000, memory_mib=32_768),
            want("video", gpu=2, cpu_milli=16_000, memory_mib=65_536),
        )
        assert where(made, "train")[0].startswith("a-")

    @pytest.mark.parametrize(("large", "small"), [(1, 2), (1, 4), (2, 1), (4, 4)])
    def test_whole_cards_of_any_model_are_the_smallest_that_cost_the_least(
        self, large: int, small: int
    ) -> None:
        """However many cards their nodes have; one who needs a large card says so."""
        views = [
            node("a", [81_251] * large, models=["A100"] * large),
            node("b", [22_731] * small, models=["A10"] * small),
        ]
        made = planned(picture(views), want("train", gpu=1))
        assert where(made, "train") == {0: "b-0"}
        made = planned(picture(views), want("train", gpu=1, models=("A100",)), want("llm", 1))
        assert where(made, "train") == {0: "a-0"}


class TestNodes:
    """CPU, memory, models, types, pools (invariants 3 and 4)."""

    def test_cpu_and_node_memory_are_respected(self) -> None:
        """Three of 4 cores on 10, two of 20 GiB on 50."""
        made = planned(
            picture([node("a", cpu=10_000)]), want("llm", 1, cpu_milli=4000, instances=3), options=WAIT
        )
        assert Counter(where(made, "llm").values()) == {"a-0": 2, "waiting": 1}
        made = planned(
            picture([node("a", memory=51_200)]), want("llm", 1, memory_mib=20_480, instances=3), options=WAIT
        )
        assert Counter(where(made, "llm").values()) == {"a-0": 2, "waiting": 1}

    def test_best_effort_does_not_count_cpu(self) -> None:
        """But node memory it does."""
        made = planned(
            picture([node("a", cpu=1000)]), want("llm", 1, cpu_milli=4000, best_effort=True, instances=3)
        )
        assert not made.refusals
        assert {place.cpu_milli for place in made.assignments["llm"].values() if place} == {0}

    def test_models_are_per_card_and_are_obeyed(self) -> None:
        """Known failure 10: mixed models on one node."""
        nodes = [node("a", 3, models=("A10", "V100", "A10"))]
        made = planned(picture(nodes), want("llm", 20, models=("V100",), instances=2), options=WAIT)
        assert where(made, "llm") == {0: "a-1", 1: "waiting"}
        made = planned(picture(nodes), want("train", gpu=2, models=("A10",)))
        assert where(made, "train") == {0: "a-0+a-2"}

    def test_instance_types_and_pools_are_obeyed(self) -> None:
        """Whatever is free elsewhere."""
        nodes = [node("a", kind="ecs.x"), node("b", kind="ecs.y"), node("c", pool="q", kind="ecs.y")]
        made = planned(picture(nodes), want("llm", 20, instance_types=("ecs.y",), instances=2), options=WAIT)
        assert where(made, "llm") == {0: "b-0", 1: "waiting"}

    def test_without_a_card_a_node_without_cards_is_preferred(self) -> None:
        """CPU-only services take no card, and leave the CPU of GPU nodes to those who do."""
        made = planned(picture([node("a", 2), node("z", 0)]), want("web", cpu_milli=1000))
        assert where(made, "web") == {0: "z"}

    def test_cards_are_known_by_uuid(self) -> None:
        """Known failure 11: a lost card shifts the indices of the others, and nobody moves for that."""
        row = held("llm", 0, "a/1", 8)
        before = node("a", 3)
        cards = tuple(replace(card, index=card.index - 1) for card in before.node.cards[1:])
        after = replace(before, node=replace(before.node, cards=cards))
        assert planned(picture([after], [row]), want("llm", 8)).steps == ()

    @pytest.mark.parametrize("state", ["lost", "draining", "cordoned"])
    def test_a_card_that_is_not_ready_takes_nothing(self, state: str) -> None:
        """The other cards of its node do."""
        view = replace(node("a", 2), card_states={"a-0": state})  # type: ignore[dict-item]
        made = planned(picture([view]), want("llm", 8, 60, instances=2), options=WAIT)
        assert where(made, "llm") == {0: "a-1", 1: "waiting"}

    def test_a_card_counts_once_whichever_node_names_it(self) -> None:
        """A view of another pool repeats no capacity."""
        one = node("a")
        other = replace(one, node=replace(one.node, name="b"))
        made = planned(picture([one, other]), want("llm", 20, instances=2), options=WAIT)
        assert where(made, "llm") == {0: "a-0", 1: "waiting"}


class TestSpread:
    """Even and hard (invariant 10)."""

    def test_over_hosts(self) -> None:
        """Five on three hosts: no host takes more than two."""
        made = planned(picture([node(name, 4) for name in "abc"]), want("llm", 4, instances=5, spread="host"))
        places = Counter(place.node for place in made.assignments["llm"].values() if place)
        assert sorted(places.values()) == [1, 2, 2]

    def test_over_zones(self) -> None:
        """Zone 2 has one host only."""
        nodes = [node("a", 4, zone="1"), node("b", 4, zone="1"), node("c", 4, zone="2")]
        made = planned(picture(nodes), want("llm", 4, instances=4, spread="zone"))
        places = Counter(place.node == "c" for place in made.assignments["llm"].values() if place)
        assert places == {True: 2, False: 2}

    def test_is_hard(self) -> None:
        """One of two hosts is full, so the second instance waits, although the first host has room."""
        snapshot = picture([node("a", 2), node("b")], [held("x", 0, "b/0", 20, owner=THEM)])
        made = planned(snapshot, want("llm", 4, instances=2, spread="host"), options=WAIT)
        assert where(made, "llm") == {0: "a-0", 1: "waiting"}
        assert "spread" in str(made.refusals[0])

    def test_hosts_that_could_never_take_one_do_not_count(self) -> None:
        """Too small, cordoned, of another type: not eligible."""
        nodes = [
            node("a", 2),
            node("b", [4096]),
            replace(node("c"), state="cordoned"),
            node("d", kind="ecs.z"),
        ]
        wanted = want("llm", 8, instances=3, spread="host", instance_types=("ecs.a",))
        assert not planned(picture(nodes), wanted).refusals

    def test_moves_nobody(self) -> None:
        """What an earlier plan put together stays together; the next one goes elsewhere."""
        rows = [held("llm", 0, "a/0", 4), held("llm", 1, "a/0", 4)]
        made = planned(picture([node("a"), node("b")], rows), want("llm", 4, instances=3, spread="host"))
        assert told(made) == ["start llm/2 b-0"]


def test_a_freed_place_is_taken_after_its_holder_is_gone() -> None:
    """Invariant 10: a step's destination is free when it starts."""
    snapshot = picture([node("a")], [held("old", 0, "a/0", 20)])
    assert told(planned(snapshot, want("new", 20))) == ["stop old/0", "start new/0 a-0 after 1"]


def test_a_place_that_is_free_at_once_is_preferred_to_one_that_is_freed() -> None:
    """Even where the freed one would fit better."""
    snapshot = picture([node("a"), node("b", [40_960])], [held("old", 0, "a/0", 20)])
    assert told(planned(snapshot, want("new", 20))) == ["start new/0 b-0", "stop old/0"]


def test_a_start_waits_for_no_more_stops_than_it_needs() -> None:
    """Two of three slices make room enough."""
    rows = [held("old", n, "a/0", 6) for n in range(3)]
    made = planned(picture([node("a")], rows), want("new", 14))
    assert [step.after for step in made.steps if step.op == "start"] == [(1, 2)]


def test_what_strangers_have_pending_is_taken() -> None:
    """Their surge instance is promised a place that is not free yet; nobody else gets it."""
    rows = [
        held("x", 0, "a/0", 10, owner=THEM),
        held("x", 0, "a/0", 16, owner=THEM, state="pending", after=[f"{THEM}/x/0/a"], incarnation="b"),
    ]
    snapshot = picture([node("a")], rows)
    assert planned(snapshot, want("llm", 5)).blocking
    assert not planned(snapshot, want("llm", 4)).refusals


def test_a_pool_without_cards_takes_what_asks_for_none() -> None:
    made = planned(
        picture([node("a", 0), node("b", 0, cpu=1000)]),
        want("web", cpu_milli=4000),
        want("llm", 8),
        options=WAIT,
    )
    assert where(made, "web") == {0: "a"}
    assert where(made, "llm") == {0: "waiting"}


def test_a_model_that_no_card_has_is_refused_not_placed_without_cards() -> None:
    made = planned(picture([node("a", 1, models=["V100"])]), want("llm", 8, models=("A10",)), options=WAIT)
    assert where(made, "llm") == {0: "waiting"}
