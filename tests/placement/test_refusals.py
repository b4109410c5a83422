"""What a refusal says: counts, the nearest miss, and what would help (invariant 9)."""

from __future__ import annotations

from dataclasses import replace

from components.placement.plan_types import Refusal
from components.spec.claim import Wanted
from tests.placement.build import REFUSE, THEM, WAIT, held, node, picture, planned, want


def refused(nodes: list, rows: list, *wanted: Wanted, options: object = REFUSE) -> Refusal:
    """Return the one refusal of a plan."""
    (refusal,) = planned(picture(nodes, rows), *wanted, options=options).refusals  # type: ignore[arg-type]
    return refusal


def test_every_card_is_counted_once_under_its_first_reason() -> None:
    """Known failure 17: "why is it pending?" had no answer."""
    nodes = [
        node("a", 2),
        node("b", 2, pool="q"),
        node("c", kind="ecs.z"),
        replace(node("d"), state="lost"),
        replace(node("e"), state="draining", cause="operator"),
        replace(node("f"), state="cordoned"),
        node("g", models=("V100",)),
        node("h", [4096]),
        node("i", cpu=1000),
        node("j", 2),
        node("k"),
    ]
    rows = [
        held("big", 0, "a/0", 16, owner=THEM),
        held("mine", 0, "a/1", 16),
        held("whole", 0, "j/0", owner=THEM),
        held("hog", 0, "j/1", 1, 90, owner=THEM),
        held("x", 0, "k/0", 1, owner=THEM, node_memory_mib=65_000),
    ]
    llm = want("llm", 8, 20, cpu_milli=2000, memory_mib=1024, models=("A10",), instance_types=("ecs.a",))
    refusal = refused(nodes, rows, llm, want("mine", 16))
    assert refusal.counts == {
        "in another pool": 2,
        "of another instance type": 1,
        "lost": 1,
        "draining": 1,
        "cordoned": 1,
        "of another model": 1,
        "smaller than the slice": 1,
        "held whole by another instance": 1,
        "short of memory that other owners hold": 1,
        "short of memory": 1,
        "short of compute": 1,
        "short of node CPU": 1,
        "short of node memory": 1,
    }
    assert str(refusal).startswith(
        "llm/0 asks for 8 GiB (8,192 MiB) of one card, 20 % of its compute, 2 cores, 1,024 MiB of node memory, "
        "model A10, instance type ecs.a in pool p and fits nowhere: of 14 cards, 2 in another pool, "
    )


def test_the_nearest_miss_has_its_numbers_and_who_takes_them() -> None:
    """Short by how much, where, of what capacity, and taken by whom."""
    rows = [
        held("mine", 0, "a/0", 8),
        held("theirs", 0, "a/0", 6, owner=THEM),
        held("hog", 0, "a/1", 18, owner=THEM),
    ]
    refusal = refused([node("a", 2)], rows, want("llm", 8), want("mine", 8))
    assert refusal.nearest == (
        "The nearest miss is short 2,048 MiB on a/0: its A10 has 20,480 MiB usable, of which "
        f"8,192 (mine/0) + 6,144 (theirs/0 of {THEM}) are taken."
    )


def test_the_remedy_names_what_fits_now_whose_scale_down_and_one_more_node() -> None:
    """Each with its number."""
    rows = [held("mine", 0, "a/0", 8), held("theirs", 0, "a/0", 6, owner=THEM)]
    refusal = refused([node("a")], rows, want("llm", 8), want("mine", 8))
    assert refusal.remedy == (
        "It would fit with gpu_memory 6 (GiB, on a/0 now), or with one instance less of mine, "
        "or with one more ecs.a node."
    )


def test_fewer_percent_are_offered_where_compute_is_short() -> None:
    """70 % of the card are free."""
    refusal = refused([node("a")], [held("hog", 0, "a/0", 2, 30, owner=THEM)], want("llm", 8, 80))
    assert "short 10 % of compute on a/0: of its compute 30" in refusal.nearest
    assert "gpu_core_percentage 70 (on a/0 now)" in refusal.remedy


def test_a_slice_larger_than_any_card_names_the_capacity_its_source_and_the_override() -> None:
    """24 GiB are more than the 22,731 MiB that an A10 reports."""
    refusal = refused([node("a", [22_731])], [], want("llm", 24))
    assert refusal.counts == {"smaller than the slice": 1}
    assert (
        "a larger card (24 GiB are 24,576 MiB, and the largest, a/0 (A10), has 22,731 MiB usable: if the card really "
        "holds more, set `memory_mib` of the card in pool.yaml)"
    ) in refusal.remedy
    assert "gpu_memory 22 (GiB, on a/0 now)" in refusal.remedy


def test_whole_cards_are_counted_by_node() -> None:
    """Three of four are free; which one is in use, and by whom."""
    rows = [held("x", 0, "a/2", 1, owner=THEM)]
    refusal = refused([node("a", 4), node("b", 2)], rows, want("train", gpu=4))
    assert refusal.counts == {
        "on nodes with fewer cards than that": 2,
        "in use, so not free as a whole": 1,
        "free on nodes where too few are free": 3,
    }
    assert refusal.nearest == (
        f"The nearest miss is a, which has 3 of 4 cards free; in use: 2 by x/0 of {THEM}."
    )


def test_a_service_without_cards_counts_nodes() -> None:
    """CPU is what it lacks."""
    refusal = refused([node("a", cpu=1000), node("b", 0, cpu=1500)], [], want("web", cpu_milli=2500))
    assert (refusal.of, refusal.counts) == ("node", {"short of node CPU": 2})
    assert refusal.nearest == "The nearest miss is short 1 core on b."
    assert refusal.remedy == "No node of pool p could take it even when empty."


def test_a_pool_without_nodes_is_said() -> None:
    """The most likely mistake is its name."""
    assert refused([node("a", pool="q")], [], want("llm", 8)).nearest == "There is no node in pool p."


def test_each_instance_that_is_refused_has_its_own_refusal() -> None:
    """And those that found a place have none."""
    made = planned(picture([node("a")]), want("llm", 8, instances=4))
    assert [(refusal.service, refusal.ordinal) for refusal in made.blocking] == [("llm", 2), ("llm", 3)]


def test_wait_leaves_them_waiting_with_the_same_words() -> None:
    """As EAS does; nothing fails."""
    wanted = want("llm", 8, instances=3)
    (blocking,) = planned(picture([node("a")]), wanted).refusals
    (waiting,) = planned(picture([node("a")]), wanted, options=WAIT).refusals
    assert (blocking.blocking, waiting.blocking) == (True, False)
    assert str(blocking) == str(waiting)
