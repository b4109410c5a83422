"""The figure for fragmentation: by hand, and against counting card by card."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from components.placement.fragmentation import fragmentation, mixes
from components.placement.plan import plan
from components.placement.plan_types import PlanOptions
from components.placement.snapshot import Held, NodeView
from tests.placement.build import CARD, THEM, held, node, picture
from tests.properties.strategies import services, views

GIB = 1024


def test_a_card_with_too_little_memory_is_lost_to_those_that_ask_for_more() -> None:
    """2 GiB are free on a/0, 20 on a/1; of two claims one fits into the 2 GiB."""
    rows = [held("llm", 0, "a/0", 18), held("tiny", 0, "b/0", 1)]
    nodes = [node("a", 2), node("b", [GIB])]
    found = fragmentation(nodes, rows)["p"]
    assert (found.free_mib, found.lost, found.instances) == (22 * GIB, 2 * GIB, 2)
    assert (found.stranded_mib, found.ratio) == (GIB, 1 / 22)


def test_memory_without_compute_beside_it_is_lost_to_percentages_only() -> None:
    """10 GiB are free beside 90 %."""
    rows = [held("fast", 0, "a/0", 5, 80), held("slow", 0, "a/0", 5, 10)]
    assert fragmentation([node("a")], rows)["p"].ratio == 0.5
    assert fragmentation([node("a")], [*rows, held("any", 0, "a/0", 1)])["p"].ratio == 1 / 3


def test_whole_cards_want_empty_ones_and_enough_of_them_on_one_node() -> None:
    """Two cards of one node: of a's three one is in use, b has only one."""
    pair = held("pair", 0, "c/0+1")
    nodes = [node("a", 3), node("b"), node("c", 2)]
    found = fragmentation(nodes, [pair, held("x", 0, "a/0", 10, owner=THEM)], {"p": mixes([pair])["p"]})
    assert (found["p"].free_mib, found["p"].lost) == (10 * GIB + 3 * CARD, 10 * GIB + CARD)


def test_a_node_without_cpu_or_memory_strands_its_cards() -> None:
    """Whatever is free on them."""
    nodes = [node("a", cpu=1000), node("b", memory=1024), node("c")]
    rows = [held("llm", 0, "c/0", 10, cpu_milli=2000, node_memory_mib=2048)]
    assert fragmentation(nodes, rows)["p"].ratio == float(Fraction(2 * CARD, 2 * CARD + 10 * GIB))


def test_what_takes_nothing_new_is_not_free() -> None:
    """A cordoned node and a lost card."""
    cordoned = NodeView(node("a").node, "cordoned", "operator")
    half = NodeView(node("b", 2).node, card_states={"b-0": "lost"})
    assert fragmentation([cordoned, half], [])["p"].free_mib == CARD


def test_it_is_0_where_nothing_is_free_or_nothing_is_asked_for() -> None:
    """No division by 0."""
    assert fragmentation([node("a")], [held("whole", 0, "a/0")])["p"].ratio == 0
    assert fragmentation([node("a")], [held("cpu", 0, "a")])["p"].ratio == 0
    assert fragmentation([node("a")], [])["p"].stranded_mib == 0
    assert fragmentation([], []) == {}


def test_pools_have_mixes_of_their_own() -> None:
    """What another pool runs strands nothing here."""
    rows = [held("llm", 0, "a/0", 10), held("big", 0, "b/0", 15, pool="q")]
    found = fragmentation([node("a"), node("b", pool="q")], rows)
    assert (found["p"].ratio, found["q"].ratio) == (0, 1)


def test_a_place_that_is_handed_on_is_counted_once() -> None:
    """The one that goes and the one that comes."""
    rows = [
        held("x", 0, "a/0", 10, state="stopping"),
        held("x", 0, "a/0", 12, state="pending", after=[rows_id("x")], incarnation="b"),
    ]
    assert fragmentation([node("a")], rows)["p"].free_mib == 8 * GIB


def rows_id(service: str) -> str:
    """Return the id that ``held`` gives."""
    return held(service, 0, "a/0", 1).id


@given(views(pools=("p", "q")), st.data())
def test_it_is_what_counting_card_by_card_gives(nodes: list[NodeView], data: st.DataObject) -> None:
    """Every claim against every card, on any pool, in any order."""
    wanted = data.draw(services(pools=("p", "q")))
    made = plan(picture(nodes), wanted, PlanOptions(on_insufficient="wait"))
    rows = [
        Held(f"o/{name}/{ordinal}/a", "o", name, ordinal, "steady", "1", place, "ready")
        for name, places in made.assignments.items()
        for ordinal, place in places.items()
        if place is not None
    ]
    for pool, found in fragmentation(nodes, rows).items():
        free, ratio = _counted(pool, nodes, rows)
        assert (found.free_mib, found.ratio) == (free, float(ratio))
        assert 0 <= found.ratio <= 1
    shuffled = data.draw(st.permutations(nodes)), data.draw(st.permutations(rows))
    assert fragmentation(*shuffled) == fragmentation(nodes, rows)


def _counted(pool: str, nodes: list[NodeView], rows: list[Held]) -> tuple[int, Fraction]:
    free: dict[str, int] = {}
    room: dict[str, int] = {}
    ready = [view for view in nodes if view.node.pool == pool and view.state == "ready"]
    for view in ready:
        for card in view.node.cards:
            on = [row.place for row in rows if card.uuid in row.place.cards]
            taken = sum(card.memory_mib if place.exclusive else place.memory_mib for place in on)
            free[card.uuid] = card.memory_mib - taken
            room[card.uuid] = 100 - sum(100 if place.exclusive else place.compute for place in on)
    asked = [row.place for row in rows if row.place.pool == pool and row.place.cards]
    lost = 0
    for place in asked:
        for view in ready:
            here = [row.place for row in rows if row.place.node_key == view.node.key]
            short = (
                sum(other.cpu_milli for other in here) + place.cpu_milli > view.node.cpu_milli
                or sum(other.node_memory_mib for other in here) + place.node_memory_mib > view.node.memory_mib
            )
            cards = view.node.cards
            empty = [
                card.uuid for card in cards if free[card.uuid] == card.memory_mib and room[card.uuid] == 100
            ]
            for card in cards:
                if place.exclusive:
                    fits = card.uuid in empty and len(empty) >= len(place.cards)
                else:
                    fits = free[card.uuid] >= place.memory_mib and room[card.uuid] >= place.compute
                lost += 0 if fits and not short else free[card.uuid]
    total = sum(free.values())
    return total, Fraction(lost, total * len(asked)) if total and asked else Fraction(0)
