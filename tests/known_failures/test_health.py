"""Row 14: cards and nodes that come and go while an apply runs leave the ledger right."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.ledger import StalePlan
from components.placement.snapshot import NodeState
from tests.known_failures.conftest import Open
from tests.known_failures.fleet import REAL, Fleet, settled
from tests.known_failures.pools import GIB, POOL, node, wants
from tests.known_failures.processes import beside
from tests.runtimes.waiting import until

NODES = [node("n1", *[16 * GIB] * 2), node("n2", *[16 * GIB] * 2)]


def flip(fleet: Fleet, name: str, card: str | None, state: NodeState) -> None:
    """Record what observation says of a node or card."""
    fleet.ledger.set_node_state(POOL, name, card, state, "observed", "XID 79", "watcher", fleet.clock())


@pytest.mark.e2e
def test_14_a_card_lost_while_an_apply_runs_keeps_what_is_on_it_and_takes_nothing_new(
    fleet: Open, tmp_path: Path
) -> None:
    """Another process carries out; the card's health flips again and again meanwhile, and ends lost."""
    settings = {"ready_after_s": 1.5}
    here = fleet(*NODES, settings=settings, **REAL)
    wanted = wants("page", 12, instances=3)
    here.declare(wanted)
    here.commit(here.plan())
    card = here.rows()["page/0"].place.cards[0]
    name = here.rows()["page/0"].place.node
    apply = beside(lambda: Fleet(tmp_path, NODES, settings=settings, **REAL).settle())
    until(lambda: here.rows()["page/0"].state == "starting")
    flips = 0
    while apply.is_alive() or flips < 20:
        flip(here, name, card, "ready" if flips % 2 else "lost")
        flips += 1
    apply.join()
    assert apply.exitcode == 0
    assert flips >= 20
    assert settled(here, [wanted]) == []
    assert {row.uuid for row in here.ledger.cards()} == {one.uuid for each in NODES for one in each.cards}

    flip(here, name, card, "lost")
    old = here.rows()["page/0"]
    made = here.plan()
    [place] = [step.place for step in made.steps if step.op == "start"]
    assert place is not None
    assert card not in place.cards, "it is replaced elsewhere"
    assert made.blocking == ()
    here.commit(made)
    assert here.settle().complete
    rows = [row.held for row in here.ledger.instances(owner=here.owner)]
    assert old in rows, "its old place stays taken until the card is back"
    assert len([row for row in rows if row.ordinal == 0]) == 2

    flip(here, name, card, "ready")
    assert here.up(wanted).complete
    assert settled(here, [wanted]) == []


@pytest.mark.parametrize("state", ["cordoned", "draining", "lost"])
@pytest.mark.parametrize("card", ["GPU-n1-0", None], ids=["card", "node"])
def test_14_a_flip_between_plan_and_commit_is_noticed(
    fleet: Open, state: NodeState, card: str | None
) -> None:
    here = fleet(NODES[0])
    here.declare(wants("page", 12, instances=2))
    made = here.plan()
    flip(here, "n1", card, state)
    with pytest.raises(StalePlan) as stale:
        here.commit(made)
    assert stale.value.card == (card or "gpus/n1")
    assert here.rows() == {}
    flip(here, "n1", card, "ready")
    here.commit(made)
    assert here.settle().complete


def test_14_an_inventory_that_shrinks_between_plan_and_commit_is_noticed(fleet: Open) -> None:
    here = fleet(*NODES)
    here.declare(wants("page", 12, instances=4))
    made = here.plan()
    here.nodes = [NODES[0]]
    with pytest.raises(StalePlan, match="n2"):
        here.commit(made)
    assert here.rows() == {}


def test_14_a_card_that_comes_back_has_lost_nothing(fleet: Open) -> None:
    here = fleet(*NODES)
    wanted = wants("page", 12, instances=4)
    assert here.up(wanted).complete
    before = here.where()
    for card in [one.uuid for one in NODES[0].cards]:
        flip(here, "n1", card, "lost")
        flip(here, "n1", card, "ready")
    made = here.plan()
    assert (made.steps, made.refusals) == ((), ())
    assert here.up(wanted).complete
    assert here.where() == before


def test_14_the_other_card_of_a_place_with_a_lost_one_stays_taken(fleet: Open) -> None:
    here = fleet(NODES[0])
    pair = wants("pair", gpu=2)
    assert here.up(pair).complete
    flip(here, "n1", "GPU-n1-0", "lost")
    made = here.plan(pair, wants("chat", 4))
    assert [refusal.service for refusal in made.blocking] == ["chat"], "what is lost may still run"
    assert made.steps == ()


def test_14_what_finds_no_other_place_waits_and_blocks_nobody(fleet: Open) -> None:
    here = fleet(*NODES)
    wanted = wants("page", 12, instances=4)
    assert here.up(wanted).complete
    flip(here, "n1", "GPU-n1-0", "lost")
    made = here.plan(wanted, wants("chat", 4))
    assert made.blocking == ()
    [refusal] = made.refusals
    assert refusal.service == "page"
    assert made.assignments["chat"][0] is not None
    assert here.up(wanted, wants("chat", 4)).complete
    assert here.rows()["chat/0"].state == "ready"
    flip(here, "n1", "GPU-n1-0", "ready")
    assert here.up(wanted, wants("chat", 4)).complete
    assert settled(here, [wanted, wants("chat", 4)]) == []
