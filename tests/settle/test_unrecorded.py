"""What runs and has no row: taken over, on its way out, or nowhere; from what is wanted, recorded and seen alone."""

from __future__ import annotations

from dataclasses import replace

from components.placement.snapshot import Held, Place
from components.runtimes.port import Observation
from components.settle.unrecorded import EXTRA, Unrecorded, unrecorded
from components.spec.claim import Claim, Wanted
from components.spec.node import Card, Node

OWNER = "organization/shop/dev-1"
CARDS = tuple(Card(f"GPU-{index}", index, "A10", 24_000) for index in range(2))
NODE = Node("p", "gpu-a", "ecs.gn7i", 64_000, 262_144, CARDS)
WANT = Wanted("page", "p", Claim(gpu_memory=10), instances=2, revision="r1", token_hash="t")


def seen(name: str, card: int = 0, condition: str = "ready", revision: str = "r1") -> Observation:
    id_ = f"{OWNER}/{name}"
    return Observation(id_, condition, "http://x", "", (f"GPU-{card}",), "gpu-a", revision)  # type: ignore[arg-type]


def row(name: str, card: int = 0, mib: int = 10_240, state: str = "ready", owner: str = OWNER) -> Held:
    service, ordinal, _ = name.split("/")
    place = Place("p", "gpu-a", (f"GPU-{card}",), mib)
    return Held(f"{owner}/{name}", owner, service, int(ordinal), "steady", "r1", place, state)  # type: ignore[arg-type]


def judged(*observed: Observation, rows: tuple[Held, ...] = (), want: Wanted = WANT) -> Unrecorded:
    return unrecorded(OWNER, [want], [NODE], rows, {each.id: each for each in observed})


def states(found: Unrecorded) -> dict[str, str]:
    return {each.held.id.removeprefix(f"{OWNER}/"): each.held.state for each in found.found}


def test_what_is_wanted_just_so_is_taken_over_in_the_size_that_its_claim_has_there() -> None:
    found = judged(seen("page/1/x"))
    (each,) = found.found
    assert each.held == replace(row("page/1/x"), token_hash="t")
    assert each.endpoint == "http://x"
    assert found.taken_over == (each.held,)
    assert judged(seen("page/1/x"), rows=(row("page/1/x"),)) == Unrecorded(), "what has its row is no matter"
    assert judged(seen("page/1/x", condition="absent")) == Unrecorded()


def test_of_several_of_one_name_the_one_that_serves_stays() -> None:
    found = judged(seen("page/0/a", condition="failed"), seen("page/0/b"), seen("page/0/c"))
    assert states(found) == {"page/0/b": "ready", "page/0/a": "stopping", "page/0/c": "stopping"}
    assert {each.detail for each in found.found if each.held.state == "stopping"} == {EXTRA}


def test_another_revision_one_beyond_the_count_and_one_that_nobody_declares_are_on_their_way_out() -> None:
    found = judged(
        seen("page/0/a", revision="r0"), seen("page/2/a"), seen("ghost/0/a"), seen("page/1/a", 1, revision="")
    )
    assert set(states(found).values()) == {"stopping"}
    sizes = {each.held.service: each.held.place.memory_mib for each in found.found}
    assert sizes["ghost"] == 0, "nobody says how much it takes"
    grown = replace(WANT, autoscale=(1, 4))
    assert states(judged(seen("page/2/a"), want=grown)) == {"page/2/a": "ready"}


def test_a_recorded_one_that_is_there_keeps_its_name_and_one_that_is_gone_loses_it() -> None:
    old = row("page/0/old", 1)
    beside = judged(seen("page/0/new"), seen("page/0/old", 1), rows=(old,))
    assert (states(beside), beside.gone) == ({"page/0/new": "stopping"}, ())
    instead = judged(seen("page/0/new"), rows=(old,))
    assert (states(instead), instead.gone) == ({"page/0/new": "ready"}, (old.id,))
    under_way = judged(seen("page/0/new"), rows=(replace(old, state="reserved"),))
    assert (states(under_way), under_way.gone) == ({"page/0/new": "stopping"}, ()), "its plan is not done yet"


def test_where_others_were_promised_the_room_it_holds_none_and_is_to_go() -> None:
    crowded = (row("theirs/0/a", mib=20_000, owner="organization/search/prod-2"),)
    (each,) = judged(seen("page/0/a"), rows=crowded).found
    assert (each.held.state, each.held.place.memory_mib, each.held.place.cards) == ("stopping", 0, ("GPU-0",))


def test_what_is_on_no_declared_card_cannot_be_recorded() -> None:
    stray = replace(seen("page/0/a"), cards=("GPU-9",))
    elsewhere = replace(seen("ghost/0/a"), node="gpu-z")
    assert judged(stray, elsewhere, seen("page/x/a")).nowhere == (
        elsewhere.id,
        stray.id,
        f"{OWNER}/page/x/a",
    )
