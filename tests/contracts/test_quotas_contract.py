"""Quotas in every ledger: which ones count, and that no commit exceeds them, whichever database keeps it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from components.ledger import Ledger, StalePlan
from components.placement.snapshot import Place
from components.spec.quotas import Quotas
from tests.ledger.build import BECAUSE, NOW, OTHER, OWNER, commit, node, place, run, start, states, stop
from tests.ledger.sites import Site

SMALL: Quotas = {"organization/search/*": {"cards": 1}}
LARGE: Quotas = {"organization/search/*": {"cards": 2}}
CARDS = node(cards=4)


@pytest.fixture
def ledger(site: Site) -> Iterator[Ledger]:
    """A ledger with pool ``p`` of four cards, whose owner has committed nothing; audited on the way out."""
    opened = site.open(alive=lambda holder: None)
    declare(opened, SMALL)
    yield opened
    opened.close()
    assert site.audit() == []


def declare(ledger: Ledger, quotas: Quotas) -> None:
    """Declare pool ``p`` as the platform does."""
    ledger.declare_pool(
        OWNER,
        "p",
        holder="h1",
        resource="eas-r-1",
        runtime="local",
        settings={},
        nodes=[CARDS],
        quotas=quotas,
        now=NOW,
        because=BECAUSE,
    )


def test_declared_quotas_count_until_a_plan_takes_the_pool_up_and_then_those_of_the_plan(
    ledger: Ledger,
) -> None:
    def limit() -> int | None:
        [quota] = ledger.snapshot(OTHER, None, ["p"]).quotas
        assert (quota.entry, quota.declared_by) == ("organization/search/*", OWNER)
        return quota.cards

    assert limit() == 1000
    declare(ledger, LARGE)
    assert limit() == 2000
    commit(ledger, [], nodes=[CARDS], quotas={"p": LARGE})
    declare(ledger, SMALL)
    assert limit() == 2000, "a declaration has no effect until a plan takes it up"
    commit(ledger, [], nodes=[CARDS], repair=True, quotas={"p": SMALL})
    assert limit() == 2000, "reconciling takes nothing up"
    commit(ledger, [], nodes=[CARDS], quotas={"p": SMALL})
    assert limit() == 1000
    told = [event for event in ledger.events("pool/p") if event.what == "quotas taken up"]
    assert [event.detail for event in told] == ["organization/search/*: cards 1"]
    commit(ledger, [], nodes=[CARDS], quotas={"p": {}})
    assert ledger.snapshot(OTHER, None, ["p"]).quotas == ()
    assert ledger.pool("p").quotas == {}  # type: ignore[union-attr]


def test_only_the_owner_of_a_pool_says_who_may_take_what_of_it(ledger: Ledger) -> None:
    commit(ledger, [], owner=OTHER, nodes=[], quotas={"p": LARGE})
    assert ledger.snapshot(OTHER, None, ["p"]).quotas[0].cards == 1000


def test_a_program_plans_its_own_pools_by_what_it_says_now(ledger: Ledger) -> None:
    assert (
        ledger.snapshot(OWNER, [CARDS], ["p"], quotas={"p": {"default": {"cards": 3}}}).quotas[0].cards
        == 3000
    )
    assert ledger.snapshot(OWNER, [CARDS], ["p"], quotas={"p": {}}).quotas == ()


def test_no_commit_exceeds_the_quota_of_now_and_the_refusal_has_the_numbers(ledger: Ledger) -> None:
    declare(ledger, LARGE)
    run(ledger, commit(ledger, [start(1, "a", place("n1-0", 1000, 100))], owner=OTHER), owner=OTHER)
    declare(ledger, SMALL)
    before = states(ledger)
    with pytest.raises(
        StalePlan, match=r"1 card, 1 in use and 2 wanted.*`cards: 2` there \(ask organiz.*preview"
    ):
        commit(ledger, [start(1, "b", place("n1-1", 1000, 100))], owner=OTHER, keep=kept(ledger))
    assert states(ledger) == before
    commit(ledger, [start(1, "mine", place("n1-2", 1000, 100))], nodes=[CARDS], quotas={"p": SMALL})
    assert len(states(ledger)) == len(before) + 1, "another owner's instances are another quota's"


def test_a_lowered_quota_evicts_nobody_and_who_is_over_it_may_roll_and_shrink(ledger: Ledger) -> None:
    declare(ledger, LARGE)
    steps = [start(n + 1, "a", place(f"n1-{n}", 1000, 100), ordinal=n) for n in range(2)]
    done = commit(ledger, steps, owner=OTHER)
    run(ledger, done, owner=OTHER)
    declare(ledger, {"default": {"cards": 0}})
    moved = start(1, "a", place("n1-2", 1000, 100), revision="r2")
    stays: dict[tuple[str, int], Place | None] = {("a", 1): place("n1-1", 1000, 100)}
    again = commit(ledger, [moved, stop(2, done.ids[1], after=(1,))], owner=OTHER, keep=stays)
    fences = run(ledger, again, 1, owner=OTHER)
    ledger.gone(done.ids[1], fences["a"], NOW, BECAUSE, step=(again.plan_id, 2))
    commit(ledger, [stop(1, done.ids[2])], owner=OTHER, keep={("a", 0): place("n1-2", 1000, 100)})
    with pytest.raises(StalePlan, match="0 cards"):
        commit(
            ledger,
            [stop(1, done.ids[2]), start(2, "b", place("n1-3", 1000, 100))],
            owner=OTHER,
            keep={("a", 0): place("n1-2", 1000, 100)},
        )


def kept(ledger: Ledger) -> dict[tuple[str, int], Place | None]:
    """Return what this owner keeps, as a plan's assignments."""
    return {(row.held.service, row.held.ordinal): row.held.place for row in ledger.instances(OTHER)}
