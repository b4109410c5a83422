"""What every ledger answers, whichever database keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from components.ledger import (
    ForeignHolder,
    IllegalMove,
    LeaseHeld,
    LeaseLost,
    Ledger,
    PlanIncomplete,
    PoolInUse,
    Refused,
    ServiceRecord,
    StalePlan,
    Transition,
    UnknownInstance,
    UnknownNode,
    UnknownOwner,
    UnknownRevision,
)
from components.placement.plan_types import Step
from components.placement.snapshot import Place
from tests.ledger.build import (
    BECAUSE,
    HERE,
    LATER,
    NOW,
    OTHER,
    OWNER,
    THERE,
    commit,
    mint,
    node,
    place,
    run,
    start,
    states,
    stop,
    wanted,
)
from tests.ledger.sites import Site

Open = Callable[[], Ledger]


@pytest.fixture
def backend(site: Site) -> Iterator[Open]:
    """What opens one and the same ledger, each time anew; audited on the way out."""
    opened: list[Ledger] = []

    def open_again() -> Ledger:
        opened.append(site.open(alive=lambda holder: None))
        return opened[-1]

    yield open_again
    for ledger in opened:
        ledger.close()
    assert site.audit() == []


@pytest.fixture
def ledger(backend: Open) -> Ledger:
    """One opened ledger."""
    return backend()


def declare_pool(
    ledger: Ledger, holder: str = "h1", owner: str = OWNER, nodes: tuple[object, ...] = ()
) -> None:
    """Declare pool ``p``."""
    ledger.declare_pool(
        owner,
        "p",
        holder=holder,
        resource="eas-r-1",
        runtime="local",
        settings={"ports": [1, 2]},
        nodes=nodes or (node(),),  # type: ignore[arg-type]
        now=NOW,
        because=BECAUSE,
    )


def declare(
    ledger: Ledger, service: str = "a", revision: str = "r1", token: str = "t0", holder: str = "h1"
) -> None:
    """Declare a service."""
    ledger.declare_service(
        OWNER,
        service,
        holder=holder,
        pool="p",
        revision=revision,
        document={"name": service, "revision": revision},
        secrets={"token": token},
        now=NOW,
        because=BECAUSE,
    )


# ------------------------------------------------------------------------------------------------- declarations


def test_a_ledger_knows_an_owner_once_it_has_held_something_of_it(ledger: Ledger) -> None:
    assert not ledger.knows(OWNER)
    declare(ledger)
    assert not ledger.knows(OWNER), "a declaration alone may come before the placement is checked"
    commit(ledger, [start(1, "a", place())], nodes=[node()])
    assert ledger.knows(OWNER)
    assert not ledger.knows(OTHER)


def test_an_owner_whose_assignments_pulumi_knows_must_be_known(ledger: Ledger) -> None:
    ledger.require_owner(OWNER, assignments=0)
    with pytest.raises(UnknownOwner, match=r"never held .* 3 assignments .*eas ledger rebuild"):
        ledger.require_owner(OWNER, assignments=3)
    commit(ledger, [start(1, "a", place())], nodes=[node()])
    ledger.require_owner(OWNER, assignments=3)


def test_a_pool_reads_back_as_declared(ledger: Ledger) -> None:
    declare_pool(ledger)
    pool = ledger.pool("p")
    assert pool is not None
    assert (pool.owner, pool.holder, pool.resource, pool.runtime) == (OWNER, "h1", "eas-r-1", "local")
    assert pool.settings == {"ports": [1, 2]}
    assert pool.nodes == (node(),)
    assert ledger.pools() == (pool,)
    assert ledger.pool("q") is None


def test_a_second_resource_takes_the_pool_over_and_the_first_may_no_longer_delete_it(ledger: Ledger) -> None:
    declare_pool(ledger, "h1")
    declare_pool(ledger, "h2")
    assert not ledger.forget_pool(OWNER, "p", holder="h1", now=NOW, because=BECAUSE)
    assert ledger.forget_pool(OWNER, "p", holder="h2", now=NOW, because=BECAUSE)
    assert ledger.pool("p") is None


def test_another_owner_cannot_declare_the_same_pool(ledger: Ledger) -> None:
    declare_pool(ledger)
    with pytest.raises(ForeignHolder, match=f"declared by {OWNER}.*reference"):
        declare_pool(ledger, owner=OTHER)
    assert not ledger.knows(OTHER)


def test_a_pool_is_not_forgotten_while_anybody_holds_something_there(ledger: Ledger) -> None:
    declare_pool(ledger)
    done = commit(ledger, [start(1, "a", place())], owner=OTHER)
    with pytest.raises(PoolInUse) as caught:
        ledger.forget_pool(OWNER, "p", holder="h1", now=NOW, because=BECAUSE)
    assert caught.value.instances == (done.ids[1],)
    assert done.ids[1] in str(caught.value)


def test_a_spec_reads_back_and_an_unknown_revision_is_a_sentence(ledger: Ledger) -> None:
    declare(ledger)
    spec = ledger.spec(OWNER, "a", "r1")
    assert spec.document == {"name": "a", "revision": "r1"}
    assert spec.secrets == {"token": "t0"}
    assert "t0" not in repr(spec)
    with pytest.raises(UnknownRevision, match=r"revision 'r9'.*pulumi up"):
        ledger.spec(OWNER, "a", "r9")


def test_settings_of_a_revision_stay_with_it(ledger: Ledger) -> None:
    old, new = (
        ServiceRecord("a", "h", "p", revision, {}, settings={"run": {"a": revision}})
        for revision in ("r1", "r2")
    )
    ledger.declare_services(OWNER, [old], now=NOW, because=BECAUSE)
    run(ledger, commit(ledger, [start(1, "a", place())], nodes=[node()]))
    ledger.declare_services(OWNER, [new], now=NOW, because=BECAUSE)
    assert ledger.spec(OWNER, "a", "r1").settings == {"run": {"a": "r1"}}
    assert {key: spec.settings for key, spec in ledger.specs(OWNER, {("a", "r1"), ("a", "r2")}).items()} == {
        ("a", "r1"): {"run": {"a": "r1"}},
        ("a", "r2"): {"run": {"a": "r2"}},
    }


def test_many_services_are_declared_at_once(ledger: Ledger) -> None:
    records = [ServiceRecord(f"s{n}", "h", "p", "r1", {"n": n}) for n in range(20)]
    ledger.declare_services(OWNER, records, now=NOW, because=BECAUSE)
    assert [row.service for row in ledger.services(OWNER)] == sorted(f"s{n}" for n in range(20))
    assert ledger.spec(OWNER, "s7", "r1").document == {"n": 7}


def test_a_declaration_has_no_effect_until_a_plan_takes_it_up(ledger: Ledger) -> None:
    declare(ledger, token="old")
    done = commit(ledger, [start(1, "a", place())], nodes=[node()])
    declare(ledger, token="new")
    assert ledger.spec(OWNER, "a", "r1").secrets == {"token": "old"}
    step = Step(1, "reconfigure", "reconfigure", "a", 0, instance=done.ids[1])
    run(ledger, done)
    commit(ledger, [step], nodes=[node()], keep={("a", 0): place()})
    assert ledger.spec(OWNER, "a", "r1").secrets == {"token": "new"}


def test_a_spec_stays_as_long_as_an_instance_runs_it(ledger: Ledger) -> None:
    declare(ledger, revision="r1")
    first = commit(ledger, [start(1, "a", place())], nodes=[node()])
    run(ledger, first)
    declare(ledger, revision="r2")
    steps = [stop(1, first.ids[1]), start(2, "a", place(), revision="r2", after=(1,))]
    commit(ledger, steps, nodes=[node()], services=[wanted("a", "r2")])
    assert ledger.spec(OWNER, "a", "r1").document["revision"] == "r1"
    fence = ledger.lease(OWNER, ["a"], holder=HERE, now=NOW)["a"]
    ledger.stopping(first.ids[1], fence, NOW, BECAUSE)
    ledger.gone(first.ids[1], fence, NOW, BECAUSE)
    with pytest.raises(UnknownRevision):
        ledger.spec(OWNER, "a", "r1")
    assert ledger.spec(OWNER, "a", "r2").document["revision"] == "r2"


def test_services_that_come_and_go_leave_each_its_spec(ledger: Ledger) -> None:
    """The number of a spec that is put away may be given again: SQLite does so with the highest."""
    for turn, name in enumerate(("a", "b", "a", "c"), 1):
        declare(ledger, name, revision=f"r{turn}")
        steps = [start(1, name, place(), revision=f"r{turn}")]
        done = commit(ledger, steps, nodes=[node()], services=[wanted(name, f"r{turn}")])
        run(ledger, done)
        commit(ledger, [stop(1, done.ids[1])], nodes=[node()], services=[])
        fence = ledger.lease(OWNER, [name], holder=HERE, now=NOW)[name]
        ledger.stopping(done.ids[1], fence, NOW, BECAUSE)
        ledger.gone(done.ids[1], fence, NOW, BECAUSE)
        ledger.forget_service(OWNER, name, holder="h1", now=NOW, because=BECAUSE)
    told = {name: [spec.revision for spec in ledger.past_specs(OWNER, name)] for name in "abc"}
    assert told == {"a": ["r1", "r3"], "b": ["r2"], "c": ["r4"]}


def test_a_service_is_forgotten_by_its_holder_only_and_only_when_nothing_is_held(ledger: Ledger) -> None:
    declare(ledger, holder="h1")
    done = commit(ledger, [start(1, "a", place())], nodes=[node()])
    other = ledger.forget_service(OWNER, "a", holder="h0", now=NOW, because=BECAUSE)
    assert (other.forgotten, other.held) == (False, ())
    held = ledger.forget_service(OWNER, "a", holder="h1", now=NOW, because=BECAUSE)
    assert (held.forgotten, held.held) == (False, (done.ids[1],))
    fence = ledger.lease(OWNER, ["a"], holder=HERE, now=NOW)["a"]
    ledger.gone(done.ids[1], fence, NOW, BECAUSE)
    assert ledger.forget_service(OWNER, "a", holder="h1", now=NOW, because=BECAUSE).forgotten
    assert ledger.services(OWNER) == ()
    with pytest.raises(UnknownRevision):
        ledger.spec(OWNER, "a", "r1")


def test_a_commit_forgets_declarations_that_it_does_not_want_and_that_hold_nothing(ledger: Ledger) -> None:
    declare(ledger, "a")
    declare(ledger, "b")
    commit(ledger, [start(1, "a", place())], nodes=[node()])
    assert [row.service for row in ledger.services(OWNER)] == ["a"]


# ------------------------------------------------------------------------------------------------- the picture


def test_a_snapshot_has_the_programs_nodes_and_everybodys_rows(ledger: Ledger) -> None:
    commit(ledger, [start(1, "a", place())], nodes=[node()])
    commit(ledger, [start(1, "b", place())], nodes=[node()], owner=OTHER, keep={("b", 1): None})
    picture = ledger.snapshot(OTHER, [node()], ["p"])
    assert [view.node for view in picture.nodes] == [node()]
    assert [(row.owner, row.service, row.state) for row in picture.held] == [
        (OTHER, "b", "reserved"),
        (OWNER, "a", "reserved"),
    ]
    assert picture.waiting == frozenset({("b", 1)})
    assert picture.owner == OTHER


def test_a_snapshot_does_not_read_declared_nodes_when_the_program_gives_them(ledger: Ledger) -> None:
    declare_pool(ledger, nodes=(node("n1"), node("n2")))
    assert [view.node.name for view in ledger.snapshot(OWNER, [node("n1")], ["p"]).nodes] == ["n1"]
    assert [view.node.name for view in ledger.snapshot(OTHER, None, ["p"]).nodes] == ["n1", "n2"]


def test_a_stack_that_only_references_a_pool_sees_committed_nodes_not_declared_ones(ledger: Ledger) -> None:
    declare_pool(ledger, nodes=(node("n1"),))
    commit(ledger, [start(1, "a", place())], nodes=[node("n1")])
    declare_pool(ledger, nodes=(node("n1"), node("n2")))
    assert [view.node.name for view in ledger.snapshot(OTHER, None, ["p"]).nodes] == ["n1"]


def test_a_node_that_left_the_program_drains_until_its_last_stop_is_recorded(ledger: Ledger) -> None:
    two = [node("n1"), node("n2")]
    first = commit(ledger, [start(1, "a", place("n2-0"))], nodes=two)
    fences = run(ledger, first)
    steps = [start(1, "a", place("n1-0")), stop(2, first.ids[1], after=(1,))]
    moved = commit(ledger, steps, nodes=[node("n1")])
    picture = ledger.snapshot(OWNER, [node("n1")], ["p"])
    assert [(view.node.name, view.state, view.cause) for view in picture.nodes] == [
        ("n1", "ready", "program"),
        ("n2", "draining", "program"),
    ]
    run(ledger, moved, 1)
    ledger.gone(first.ids[1], fences["a"], LATER, BECAUSE, step=(moved.plan_id, 2))
    assert [view.node.name for view in ledger.snapshot(OWNER, None, ["p"]).nodes] == ["n1"]
    assert [event.what for event in ledger.events("pool/p/n2")] == ["taken up", "left the program", "removed"]


def test_rows_on_a_pool_that_the_program_no_longer_names_are_seen(ledger: Ledger) -> None:
    done = commit(ledger, [start(1, "a", place())], nodes=[node()])
    picture = ledger.snapshot(OWNER, [], [])
    assert [row.id for row in picture.held] == [done.ids[1]]
    assert [(view.node.name, view.state) for view in picture.nodes] == [("n1", "draining")]


def test_the_strictest_of_declared_operators_and_observed_states_counts(ledger: Ledger) -> None:
    def state() -> tuple[str, str]:
        view = ledger.snapshot(OWNER, [replace(node(), state="cordoned", reason="new disk")], ["p"]).nodes[0]
        return view.state, view.cause

    assert state() == ("cordoned", "program")
    ledger.set_node_state("p", "n1", None, "draining", "operator", "fan", "ann", NOW)
    assert state() == ("draining", "operator")
    ledger.set_node_state("p", "n1", None, "lost", "observed", "no answer", "eas up", NOW)
    assert state() == ("lost", "observed")
    ledger.set_node_state("p", "n1", None, "ready", "operator", "", "ann", NOW)
    assert state() == ("lost", "observed")
    ledger.set_node_state("p", "n1", None, "ready", "observed", "", "eas up", NOW)
    assert state() == ("cordoned", "program")


def test_a_cards_state_is_kept_by_its_uuid_with_who_and_when(ledger: Ledger) -> None:
    ledger.set_node_state("p", "n1", "n1-1", "lost", "observed", "xid 79", "eas up", NOW)
    view = ledger.snapshot(OWNER, [node(cards=2)], ["p"]).nodes[0]
    assert view.state == "ready"
    assert view.card_states == {"n1-1": "lost"}
    row = ledger.node_states("p")[0]
    assert (row.card, row.state, row.who, row.since) == ("n1-1", "lost", "eas up", NOW)


# ------------------------------------------------------------------------------------------------------ commit


def test_a_commit_reserves_and_says_which_instance_each_step_is_about(ledger: Ledger) -> None:
    done = commit(
        ledger, [start(1, "a", place()), start(2, "a", place(), ordinal=1)], nodes=[node()], holder="pl-1"
    )
    assert set(done.ids) == {1, 2}
    assert states(ledger) == {done.ids[1]: "reserved", done.ids[2]: "reserved"}
    assert done.ids[2].startswith(f"{OWNER}/a/1/i")
    assert [(step.key, step.instance, step.step.place) for step in ledger.open_steps(OWNER)] == [
        ((done.plan_id, 1), done.ids[1], place()),
        ((done.plan_id, 2), done.ids[2], place()),
    ]
    committed = ledger.committed(OWNER)
    assert committed is not None
    assert committed.plan_id == done.plan_id
    assert committed.wanted == (wanted("a"),)
    assert ledger.placement_holder(OWNER) == "pl-1"
    assert ledger.unfinished(OWNER)


def test_a_plan_that_no_longer_fits_names_the_card_the_wish_and_who_and_writes_only_that(
    ledger: Ledger,
) -> None:
    commit(ledger, [start(1, "their", place(memory=700, compute=30))], nodes=[node()], owner=OTHER, now=LATER)
    before = ledger.events(limit=1000)
    with pytest.raises(StalePlan) as caught:
        commit(ledger, [start(1, "mine", place(memory=400, compute=10))], nodes=[node()])
    error = caught.value
    assert error.card == "n1-0"
    assert error.wish == "mine/0 (400 MiB)"
    assert error.who == (f"their/0 (700 MiB) of {OTHER} since 2026-03-01 12:05:00 UTC",)
    for part in ("n1-0", "mine/0", OTHER, "1,000 MiB", "1,100 would be taken", "pulumi preview"):
        assert part in str(error)
    *others, told = ledger.events(limit=1000)
    assert tuple(others) == before
    assert not ledger.knows(OWNER)
    assert (error.reason, error.service) == ("taken", "mine")
    assert (told.owner, told.subject, told.what) == (OWNER, f"{OWNER}/mine", "conflict: taken")
    assert (told.detail, told.because, told.plan_id) == (str(error), BECAUSE, None)
    assert (told.node, told.cards) == ("p/n1", ("n1-0",))


def test_every_kind_of_conflict_is_told_by_its_reason(ledger: Ledger) -> None:
    first = commit(ledger, [start(1, "a", place())], nodes=[node()])
    run(ledger, first)
    ledger.set_node_state("p", "n1", None, "draining", "operator", "", "ann", NOW)
    wishes = {
        "closed": [start(1, "b", place(memory=1))],
        "gone": [start(1, "b", place("n9-0", memory=1))],
        "changed": [stop(1, first.ids[1] + "x")],
    }
    for reason, steps in wishes.items():
        with pytest.raises(StalePlan) as caught:
            commit(ledger, steps, nodes=[node()], keep={("a", 0): place()})
        assert caught.value.reason == reason
    with pytest.raises(StalePlan) as caught:
        commit(ledger, [], nodes=[replace(node(), pool="q")], pools=["q"], owner=OTHER)
    assert caught.value.reason == "elsewhere"
    told = [row.what for row in ledger.events(limit=100) if row.what.startswith("conflict")]
    assert told == [f"conflict: {reason}" for reason in (*wishes, "elsewhere")]


def test_a_plan_tells_what_each_instance_is_to_do_why_and_where_it_was(ledger: Ledger) -> None:
    first = commit(ledger, [start(1, "a", place())], nodes=[node(), node("n2")])
    run(ledger, first)
    there = place("n2-0", compute=10)
    moved = replace(start(1, "a", there), how="move", reason="node n1 is draining")
    away = replace(stop(2, first.ids[1], after=(1,)), how="move", reason="node n1 is draining")
    commit(ledger, [moved, away], nodes=[node(), node("n2")])
    told = [(row.what, row.detail, row.node) for row in ledger.events(f"{OWNER}/a")]
    assert told[0] == ("reserved", "start; 400 MiB", "p/n1")
    assert told[-2:] == [
        ("reserved", "move from n1/0: node n1 is draining; 400 MiB 10 %", "p/n2"),
        ("to stop", "move: node n1 is draining", "p/n1"),
    ]


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        (place(memory=1, compute=60), place(memory=1, compute=41), "compute"),
        (place(memory=0, exclusive=True), place(memory=1), "memory"),
        (place(memory=1), place(memory=0, exclusive=True), "memory"),
        (place(memory=0, exclusive=True), place(memory=0, exclusive=True), "memory"),
        (place("n1", cpu_milli=40_000), place("n1", cpu_milli=24_001), "CPU"),
        (place("n1", node_memory_mib=262_144), place("n1", node_memory_mib=1), "memory"),
    ],
    ids=["compute", "slice-on-exclusive", "exclusive-on-slice", "exclusive-twice", "cpu", "node-memory"],
)
def test_everything_that_runs_out_is_judged(ledger: Ledger, first: Place, second: Place, what: str) -> None:
    commit(ledger, [start(1, "a", first)], nodes=[node()])
    with pytest.raises(StalePlan, match=what):
        commit(ledger, [start(1, "b", second)], nodes=[node()], owner=OTHER)


def test_two_starts_of_one_plan_are_judged_together(ledger: Ledger) -> None:
    with pytest.raises(StalePlan, match=r"a/0 \(600 MiB\), b/0 \(600 MiB\)"):
        commit(ledger, [start(1, "a", place(memory=600)), start(2, "b", place(memory=600))], nodes=[node()])


def test_no_percentage_counts_nothing_on_a_card_whose_compute_is_all_taken(ledger: Ledger) -> None:
    commit(ledger, [start(1, "a", place(compute=100))], nodes=[node()])
    commit(ledger, [start(1, "b", place(compute=0))], nodes=[node()], owner=OTHER)


def test_a_card_already_too_full_blocks_nobody_elsewhere(ledger: Ledger) -> None:
    # The program says that the card is smaller than it was; what runs there is fact and stays.
    first = commit(ledger, [start(1, "a", place(memory=900))], nodes=[node(cards=2)])
    fences = run(ledger, first)
    small = node(cards=2, memory=500)
    commit(ledger, [start(1, "b", place("n1-1"))], nodes=[small], keep={("a", 0): place(memory=900)})
    ledger.gone(first.ids[1], fences["a"], NOW, BECAUSE)


def test_a_place_is_handed_from_the_stopped_instance_to_its_successor_and_to_nobody_else(
    ledger: Ledger,
) -> None:
    first = commit(ledger, [start(1, "a", place(memory=900))], nodes=[node()])
    fences = run(ledger, first)
    steps = [stop(1, first.ids[1]), start(2, "a", place(memory=600), revision="r2", after=(1,))]
    second = commit(ledger, steps, nodes=[node()], services=[wanted("a", "r2")])
    assert states(ledger) == {first.ids[1]: "ready", second.ids[2]: "pending"}
    with pytest.raises(StalePlan):
        commit(ledger, [start(1, "b", place(memory=101))], nodes=[node()], owner=OTHER)
    commit(ledger, [start(1, "b", place(memory=100))], nodes=[node()], owner=OTHER)
    ledger.stopping(first.ids[1], fences["a"], NOW, BECAUSE)
    assert states(ledger, OWNER) == {first.ids[1]: "stopping", second.ids[2]: "pending"}
    assert ledger.gone(first.ids[1], fences["a"], NOW, BECAUSE, step=(second.plan_id, 1)) == (second.ids[2],)
    assert states(ledger, OWNER) == {second.ids[2]: "reserved"}
    with pytest.raises(StalePlan):
        commit(ledger, [start(1, "c", place(memory=301))], nodes=[node()], owner="third/party/x")


def test_a_place_waits_for_every_stop_before_it_on_its_node_and_for_none_elsewhere(ledger: Ledger) -> None:
    two = [node("n1", 2), node("n2")]
    first = commit(
        ledger,
        [
            start(1, "a", place("n1-0", 900)),
            start(2, "b", place("n1-1", 900)),
            start(3, "c", place("n2-0", 900)),
        ],
        nodes=two,
    )
    fences = run(ledger, first)
    steps = [
        stop(1, first.ids[3]),
        stop(2, first.ids[1], after=(1,)),
        stop(3, first.ids[2], after=(2,)),
        start(4, "d", Place("p", "n1", ("n1-0", "n1-1"), exclusive=True), after=(3,)),
    ]
    second = commit(ledger, steps, nodes=two)
    row = next(row.held for row in ledger.instances(service="d"))
    assert set(row.after) == {first.ids[1], first.ids[2]}
    assert ledger.gone(first.ids[1], fences["a"], NOW, BECAUSE) == ()
    assert ledger.gone(first.ids[2], fences["b"], NOW, BECAUSE) == (second.ids[4],)


def test_a_surge_instance_that_a_plan_starts_and_stops_hands_its_place_on(ledger: Ledger) -> None:
    first = commit(ledger, [start(1, "a", place("n1-0", 600))], nodes=[node(cards=2)])
    fences = run(ledger, first)
    steps = [
        start(1, "a", place("n1-1", 600), revision="r2", role="surge"),
        stop(2, first.ids[1], after=(1,)),
        start(3, "a", place("n1-0", 600), revision="r2", after=(2,)),
        Step(4, "stop", "surge", "a", 0, role="surge", after=(3,)),
        start(5, "b", place("n1-1", 800), after=(4,)),
    ]
    services = [wanted("a", "r2"), wanted("b")]
    second = commit(ledger, steps, nodes=[node(cards=2)], services=services)
    assert second.ids[4] == second.ids[1]
    assert states(ledger) == {
        first.ids[1]: "ready",
        second.ids[1]: "reserved",
        second.ids[3]: "pending",
        second.ids[5]: "pending",
    }
    run(ledger, second, 1)
    assert ledger.gone(first.ids[1], fences["a"], NOW, BECAUSE) == (second.ids[3],)
    run(ledger, second, 3)
    assert ledger.gone(second.ids[1], fences["a"], NOW, BECAUSE) == (second.ids[5],)


def test_a_new_plan_takes_over_and_drops_what_the_old_one_had_not_done(ledger: Ledger) -> None:
    first = commit(ledger, [start(1, "a", place()), start(2, "b", place())], nodes=[node()])
    steps = [
        Step(1, "start", "resume", "a", 0, instance=first.ids[1], place=place(), revision="r1"),
        stop(2, first.ids[2]),
    ]
    second = commit(ledger, steps, nodes=[node()], services=[wanted("a")])
    assert second.ids == {1: first.ids[1], 2: first.ids[2]}
    assert [step.plan_id for step in ledger.open_steps(OWNER)] == [second.plan_id] * 2
    assert {plan.id: plan.state for plan in ledger.plans(OWNER)} == {
        first.plan_id: "superseded",
        second.plan_id: "open",
    }
    assert ledger.plans(OWNER)[1].steps == {"dropped": 2}


def test_a_pending_row_that_is_no_longer_wanted_is_dropped_by_the_commit_itself(ledger: Ledger) -> None:
    first = commit(ledger, [start(1, "a", place(memory=900))], nodes=[node()])
    run(ledger, first)
    steps = [stop(1, first.ids[1]), start(2, "b", place(memory=900), after=(1,))]
    second = commit(ledger, steps, nodes=[node()])
    third = commit(ledger, [stop(1, second.ids[2])], nodes=[node()], keep={("a", 0): place(memory=900)})
    assert states(ledger) == {first.ids[1]: "ready"}
    assert not ledger.unfinished(OWNER)
    assert ledger.plans(OWNER)[0].id == third.plan_id
    assert ledger.plans(OWNER)[0].state == "done"


def test_a_pending_row_taken_up_again_goes_on_waiting(ledger: Ledger) -> None:
    first = commit(ledger, [start(1, "a", place(memory=900))], nodes=[node()])
    fences = run(ledger, first)
    second = commit(
        ledger, [stop(1, first.ids[1]), start(2, "b", place(memory=900), after=(1,))], nodes=[node()]
    )
    ledger.stopping(first.ids[1], fences["a"], NOW, BECAUSE)
    steps = [
        stop(1, first.ids[1]),
        Step(2, "start", "resume", "b", 0, instance=second.ids[2], place=place(memory=900), after=(1,)),
    ]
    commit(ledger, steps, nodes=[node()], services=[wanted("b")])
    assert states(ledger)[second.ids[2]] == "pending"
    assert ledger.gone(first.ids[1], fences["a"], NOW, BECAUSE) == (second.ids[2],)


def test_a_pending_row_may_not_go_on_when_what_it_waits_for_stays(ledger: Ledger) -> None:
    first = commit(ledger, [start(1, "a", place(memory=900))], nodes=[node()])
    run(ledger, first)
    second = commit(
        ledger, [stop(1, first.ids[1]), start(2, "b", place(memory=900), after=(1,))], nodes=[node()]
    )
    steps = [Step(1, "start", "resume", "b", 0, instance=second.ids[2], place=place(memory=900))]
    with pytest.raises((StalePlan, PlanIncomplete)):
        commit(ledger, steps, nodes=[node()], keep={("a", 0): place(memory=900)})
    assert states(ledger)[second.ids[2]] == "pending"


def test_a_plan_that_forgets_a_row_is_refused(ledger: Ledger) -> None:
    first = commit(ledger, [start(1, "a", place())], nodes=[node()])
    with pytest.raises(PlanIncomplete, match=first.ids[1]):
        commit(ledger, [], nodes=[node()])
    with pytest.raises(PlanIncomplete, match="reserved, left so by an earlier plan"):
        commit(ledger, [], nodes=[node()], keep={("a", 0): place()})
    run(ledger, first)
    commit(ledger, [], nodes=[node()], keep={("a", 0): place()})


def test_a_row_on_a_lost_node_needs_no_step_and_keeps_its_place(ledger: Ledger) -> None:
    two = [node("n1"), node("n2")]
    first = commit(ledger, [start(1, "a", place("n1-0"))], nodes=two)
    run(ledger, first)
    ledger.set_node_state("p", "n1", None, "lost", "observed", "no answer", "eas up", NOW)
    second = commit(ledger, [start(1, "a", place("n2-0"))], nodes=two)
    assert set(states(ledger)) == {first.ids[1], second.ids[1]}


def test_what_a_plan_keeps_or_names_must_still_be_there(ledger: Ledger) -> None:
    first = commit(ledger, [start(1, "a", place())], nodes=[node()])
    fences = run(ledger, first)
    ledger.gone(first.ids[1], fences["a"], NOW, BECAUSE)
    with pytest.raises(StalePlan, match="a/0"):
        commit(ledger, [], nodes=[node()], keep={("a", 0): place()})
    with pytest.raises(StalePlan, match="seen gone"):
        commit(ledger, [stop(1, first.ids[1])], nodes=[node()])


def test_what_a_plan_restarts_must_be_the_revision_and_place_it_was(ledger: Ledger) -> None:
    first = commit(ledger, [start(1, "a", place())], nodes=[node(cards=2)])
    run(ledger, first)
    for wrong in ({"revision": "r2", "place": place()}, {"revision": "r1", "place": place("n1-1")}):
        step = Step(1, "restart", "restart", "a", 0, instance=first.ids[1], **wrong)  # type: ignore[arg-type]
        with pytest.raises(StalePlan, match="revision 'r1' on node p/n1"):
            commit(ledger, [step], nodes=[node(cards=2)], keep={("a", 0): place()})


@pytest.mark.parametrize(
    ("card", "state"),
    [(None, "cordoned"), (None, "draining"), (None, "lost"), ("n1-0", "lost"), ("n1-0", "cordoned")],
)
def test_a_node_or_card_that_an_operator_or_observation_took_out_meanwhile_takes_nothing_new(
    ledger: Ledger, card: str | None, state: str
) -> None:
    ledger.set_node_state("p", "n1", card, state, "operator", "fan", "ann", NOW)  # type: ignore[arg-type]
    with pytest.raises(StalePlan, match=state) as caught:
        commit(ledger, [start(1, "a", place())], nodes=[node()])
    assert caught.value.card == (card or "p/n1")


def test_an_instance_may_be_replaced_in_place_on_a_cordoned_node_but_not_on_a_lost_one(
    ledger: Ledger,
) -> None:
    first = commit(ledger, [start(1, "a", place(memory=900))], nodes=[node()])
    run(ledger, first)
    steps = [stop(1, first.ids[1]), start(2, "a", place(memory=900), revision="r2", after=(1,))]
    ledger.set_node_state("p", "n1", None, "lost", "observed", "", "eas up", NOW)
    with pytest.raises(StalePlan, match="lost"):
        commit(ledger, steps, nodes=[node()])
    ledger.set_node_state("p", "n1", None, "ready", "observed", "", "eas up", NOW)
    ledger.set_node_state("p", "n1", None, "cordoned", "operator", "", "ann", NOW)
    commit(ledger, steps, nodes=[node()])


def test_a_node_or_card_that_is_no_longer_there_takes_nothing(ledger: Ledger) -> None:
    declare_pool(ledger, nodes=(node("n1"),))
    commit(ledger, [], nodes=[node("n1")])
    with pytest.raises(StalePlan, match="p/n2"):
        commit(ledger, [start(1, "b", place("n2-0"))], nodes=[node("n1"), node("n2")], owner=OTHER)
    with pytest.raises(StalePlan, match="n1-1"):
        commit(ledger, [start(1, "b", place("n1-1"))], nodes=[node("n1", 2)], owner=OTHER)


def test_one_physical_card_belongs_to_one_pool(ledger: Ledger) -> None:
    commit(ledger, [start(1, "a", place())], nodes=[node()])
    again = replace(node(pool="q"), cards=node().cards)
    with pytest.raises(StalePlan, match="n1-0 belongs to node p/n1"):
        commit(ledger, [], nodes=[again], owner=OTHER, pools=["q"])


def test_a_plan_may_insist_on_the_picture_it_was_made_from(ledger: Ledger) -> None:
    picture = ledger.snapshot(OWNER, [node()], ["p"])
    first = commit(ledger, [start(1, "a", place())], nodes=[node()], expected=picture)
    run(ledger, first)
    with pytest.raises(StalePlan, match="has been committed since"):
        commit(ledger, [], nodes=[node()], keep={("a", 0): place()}, expected=picture)
    picture = ledger.snapshot(OWNER, [node()], ["p"])
    commit(ledger, [], nodes=[node()], keep={("a", 0): place()}, expected=picture)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([Step(1, "stop", "stop", "a", 0)], "names no instance"),
        ([Step(1, "start", "start", "a", 0)], "without a place"),
        ([start(1, "a", place(), after=(2,)), start(2, "b", place())], "comes after step 2"),
    ],
    ids=["nobody", "nowhere", "backwards"],
)
def test_steps_that_contradict_each_other_are_refused(ledger: Ledger, steps: list[Step], said: str) -> None:
    with pytest.raises(PlanIncomplete, match=said):
        commit(ledger, steps, nodes=[node()])


def test_an_incarnation_cannot_hold_a_slash(ledger: Ledger) -> None:
    with pytest.raises(PlanIncomplete, match="incarnation"):
        commit(ledger, [start(1, "a", place())], nodes=[node()], mint=lambda: "a/b")


def test_a_commit_is_refused_while_another_live_process_carries_out(ledger: Ledger) -> None:
    first = commit(ledger, [start(1, "a", place())], nodes=[node()])
    run(ledger, first, holder=THERE)
    keep = {("a", 0): place()}
    with pytest.raises(LeaseHeld, match="eas reconcile"):
        commit(ledger, [], nodes=[node()], keep=keep, process=HERE)
    commit(ledger, [], nodes=[node()], keep=keep, process=THERE)
    commit(ledger, [], nodes=[node()], keep=keep, process=HERE, now=NOW + timedelta(hours=1))


# ------------------------------------------------------------------------------------------------ carrying out


def test_an_instance_goes_its_way_and_its_plan_ends_with_the_last_step(ledger: Ledger) -> None:
    done = commit(ledger, [start(1, "a", place())], nodes=[node()])
    instance = done.ids[1]
    fence = ledger.lease(OWNER, ["a"], holder=HERE, now=NOW)["a"]
    ledger.starting(instance, fence, NOW, "up")
    assert ledger.unfinished(OWNER)
    ledger.ready(instance, fence, "http://x", NOW, "up", step=(done.plan_id, 1))
    assert not ledger.unfinished(OWNER)
    assert [row.endpoints for row in ledger.services(OWNER)] == [("http://x",)]
    ledger.failed(instance, fence, "it died", LATER, "up")
    row = ledger.instances()[0]
    assert (row.held.state, row.detail, row.since) == ("failed", "it died", LATER)
    assert [row.endpoints for row in ledger.services(OWNER)] == [()]
    assert [event.what for event in ledger.events(instance)] == [
        "reserved",
        "reserved -> starting",
        "starting -> ready",
        "ready -> failed",
    ]


def test_recording_the_same_again_changes_nothing(ledger: Ledger) -> None:
    done = commit(ledger, [start(1, "a", place())], nodes=[node()])
    fences = run(ledger, done)
    told = ledger.events(limit=1000)
    ledger.ready(done.ids[1], fences["a"], "http://127.0.0.1/1", LATER, BECAUSE, step=(done.plan_id, 1))
    assert ledger.events(limit=1000) == told
    ledger.stopping(done.ids[1], fences["a"], NOW, BECAUSE)
    ledger.stopping(done.ids[1], fences["a"], NOW, BECAUSE)
    ledger.gone(done.ids[1], fences["a"], NOW, BECAUSE)
    assert ledger.gone(done.ids[1], fences["a"], NOW, BECAUSE) == ()


def test_an_illegal_move_is_refused_with_the_story(ledger: Ledger) -> None:
    first = commit(ledger, [start(1, "a", place(memory=900))], nodes=[node()])
    fences = run(ledger, first)
    second = commit(
        ledger, [stop(1, first.ids[1]), start(2, "a", place(memory=900), after=(1,))], nodes=[node()]
    )
    with pytest.raises(IllegalMove, match=r"cannot go from pending to starting; its story: 12:00:00 pending"):
        ledger.starting(second.ids[2], fences["a"], NOW, BECAUSE)
    ledger.stopping(first.ids[1], fences["a"], NOW, BECAUSE)
    with pytest.raises(IllegalMove):
        ledger.starting(first.ids[1], fences["a"], NOW, BECAUSE)


def test_what_could_not_be_stopped_stays_stopping_and_keeps_its_place(ledger: Ledger) -> None:
    done = commit(ledger, [start(1, "a", place())], nodes=[node()])
    fences = run(ledger, done)
    ledger.stopping(done.ids[1], fences["a"], NOW, BECAUSE)
    ledger.failed(done.ids[1], fences["a"], "the engine does not answer", NOW, BECAUSE)
    row = ledger.instances()[0]
    assert (row.held.state, row.detail) == ("stopping", "the engine does not answer")


def test_nothing_can_be_recorded_of_an_instance_that_was_never_committed(ledger: Ledger) -> None:
    with pytest.raises(UnknownInstance, match="never committed"):
        ledger.starting(f"{OWNER}/a/0/i9", 1, NOW, BECAUSE)


def test_a_batch_records_what_it_can_and_says_what_it_refused(ledger: Ledger) -> None:
    done = commit(ledger, [start(1, "a", place()), start(2, "b", place())], nodes=[node()])
    fences = ledger.lease(OWNER, ["a", "b"], holder=HERE, now=NOW)
    batch = [
        Transition(done.ids[1], "starting", fences["a"]),
        Transition(done.ids[1], "ready", fences["a"], endpoint="http://a", step=(done.plan_id, 1)),
        Transition(done.ids[2], "starting", fences["b"] + 1),
        Transition(f"{OWNER}/c/0/i0", "ready", 1),
    ]
    recorded = ledger.record(batch, now=NOW, because=BECAUSE)
    assert {name: type(error) for name, error in recorded.refused.items()} == {
        done.ids[2]: LeaseLost,
        f"{OWNER}/c/0/i0": UnknownInstance,
    }
    assert states(ledger) == {done.ids[1]: "ready", done.ids[2]: "reserved"}
    assert [step.step.n for step in ledger.open_steps(OWNER)] == [2]


def test_a_new_token_is_recorded_once_the_instance_has_it(ledger: Ledger) -> None:
    done = commit(ledger, [start(1, "a", place())], nodes=[node()], services=[wanted("a", token_hash="old")])
    fences = run(ledger, done)
    assert ledger.instances()[0].held.token_hash == "old"
    ledger.reconfigured(done.ids[1], fences["a"], "new", NOW, BECAUSE)
    assert ledger.instances()[0].held.token_hash == "new"


def test_observation_touches_settled_rows_only_and_needs_no_lease(ledger: Ledger) -> None:
    done = commit(ledger, [start(1, "a", place()), start(2, "b", place())], nodes=[node()])
    run(ledger, done, 1)
    seen = {done.ids[1]: ("absent", ""), done.ids[2]: ("absent", ""), f"{OWNER}/x/0/i0": ("ready", "")}
    assert ledger.observe(seen, now=NOW, because="refresh") == (done.ids[1],)  # type: ignore[arg-type]
    assert states(ledger) == {done.ids[1]: "failed", done.ids[2]: "reserved"}
    assert ledger.instances(service="a")[0].detail == "it is gone"
    assert ledger.observed(done.ids[1], "starting", "", NOW, "refresh") == ()
    assert ledger.observed(done.ids[1], "ready", "", NOW, "refresh") == (done.ids[1],)
    assert ledger.instances(service="a")[0].detail == ""


def test_a_lost_nodes_rows_are_forgotten_only_when_somebody_vouches_for_it(ledger: Ledger) -> None:
    first = commit(ledger, [start(1, "a", place(memory=900))], nodes=[node()])
    run(ledger, first)
    second = commit(
        ledger, [stop(1, first.ids[1]), start(2, "b", place(memory=900), after=(1,))], nodes=[node()]
    )
    with pytest.raises(Refused, match="ready, not lost"):
        ledger.forget_node("p", "n1", now=NOW, because="eas forget n1")
    with pytest.raises(UnknownNode):
        ledger.forget_node("p", "n9", now=NOW, because="eas forget n9")
    ledger.set_node_state("p", "n1", None, "lost", "operator", "burnt", "ann", NOW)
    assert ledger.forget_node("p", "n1", now=NOW, because="eas forget n1") == (first.ids[1], second.ids[2])
    assert states(ledger) == {}
    assert not ledger.unfinished(OWNER)


# -------------------------------------------------------------------------------------------------------- leases


def test_a_lease_is_one_processs_at_a_time_and_the_same_for_who_has_it(ledger: Ledger) -> None:
    first = ledger.lease(OWNER, ["a", "b"], holder=HERE, now=NOW)
    assert ledger.lease(OWNER, ["b", "c"], holder=HERE, now=NOW) == {"b": first["b"], "c": 1}
    with pytest.raises(
        LeaseHeld, match=r"b by pulumi up \(process 100 on here\), since 2026-03-01 12:00:00"
    ) as caught:
        ledger.lease(OWNER, ["b", "d"], holder=THERE, now=NOW)
    assert caught.value.services == ("b",)
    assert [lease.service for lease in ledger.leases(OWNER, now=NOW)] == ["a", "b", "c"]
    assert ledger.lease(OTHER, ["b"], holder=THERE, now=NOW) == {"b": 1}


def test_a_lease_that_ran_out_is_taken_over_under_a_higher_number(ledger: Ledger) -> None:
    done = commit(ledger, [start(1, "a", place())], nodes=[node()])
    old = ledger.lease(OWNER, ["a"], holder=HERE, now=NOW)["a"]
    late = NOW + timedelta(minutes=2)
    new = ledger.lease(OWNER, ["a"], holder=THERE, now=late)["a"]
    assert new == old + 1
    with pytest.raises(LeaseLost, match="somebody else"):
        ledger.starting(done.ids[1], old, late, BECAUSE)
    ledger.starting(done.ids[1], new, late, BECAUSE)
    assert ledger.renew(OWNER, {"a": old}, now=late) == ("a",)


def test_renewing_puts_off_the_end(ledger: Ledger) -> None:
    fences = ledger.lease(OWNER, ["a"], holder=HERE, now=NOW)
    late = NOW + timedelta(seconds=50)
    assert ledger.renew(OWNER, fences, now=late) == ()
    with pytest.raises(LeaseHeld):
        ledger.lease(OWNER, ["a"], holder=THERE, now=NOW + timedelta(seconds=100))


def test_what_was_released_can_be_taken_and_no_longer_written_under(ledger: Ledger) -> None:
    done = commit(ledger, [start(1, "a", place())], nodes=[node()])
    fences = ledger.lease(OWNER, ["a"], holder=HERE, now=NOW)
    ledger.release(OWNER, fences, now=NOW)
    assert ledger.leases(now=NOW) == ()
    with pytest.raises(LeaseLost):
        ledger.starting(done.ids[1], fences["a"], NOW, BECAUSE)
    assert ledger.lease(OWNER, ["a"], holder=THERE, now=NOW) == {"a": fences["a"] + 1}


# --------------------------------------------------------------------------------------------------------- views


def test_views_show_services_cards_and_plans(ledger: Ledger) -> None:
    declare(ledger, "a")
    first = commit(
        ledger,
        [
            start(1, "a", place(memory=300, compute=20)),
            start(2, "a", place(memory=300, compute=20), ordinal=1),
        ],
        nodes=[node(cards=2)],
        services=[wanted("a", instances=3)],
        keep={("a", 2): None},
    )
    run(ledger, first, 1)
    service = ledger.services(OWNER)[0]
    assert (service.declared, service.committed, service.wanted, service.waiting) == ("r1", "r1", 3, 1)
    assert service.states == {"ready": 1, "reserved": 1}
    assert service.endpoints == ("http://127.0.0.1/1",)
    cards = ledger.cards("p")
    assert [(card.uuid, card.memory_used, card.compute_used) for card in cards] == [
        ("n1-0", 600, 40),
        ("n1-1", 0, 0),
    ]
    assert cards[0].instances == tuple(sorted(first.ids.values()))
    assert ledger.plans()[0].steps == {"done": 1, "open": 1}
    assert ledger.instances(pool="q") == ()


def test_every_change_has_an_event_with_its_cause(ledger: Ledger) -> None:
    declare_pool(ledger)
    declare(ledger)
    done = commit(ledger, [start(1, "a", place())], nodes=[node()], because="urn:placement create")
    run(ledger, done)
    ledger.set_node_state("p", "n1", None, "cordoned", "operator", "fan", "ann", NOW)
    assert all(event.because for event in ledger.events(limit=1000))
    assert {event.because for event in ledger.events(done.ids[1])} == {"urn:placement create", BECAUSE}
    story = ledger.events(f"{OWNER}/a")
    assert [event.what for event in story] == [
        "declared",
        "reserved",
        "lease taken",
        "reserved -> starting",
        "starting -> ready",
    ]
    assert [event.detail for event in ledger.events("pool/p/n1")][-1] == "operator ann: fan"
    assert [event.what for event in ledger.events(f"{OWNER}/a", 2)] == [
        "reserved -> starting",
        "starting -> ready",
    ]


# --------------------------------------------------------------------------------------------------- all or nothing


def test_leaving_without_commit_changes_nothing(ledger: Ledger) -> None:
    commit(ledger, [start(1, "a", place())], nodes=[node()])
    before = ledger.events(limit=1000)

    def exploding() -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        commit(ledger, [start(1, "b", place())], nodes=[node()], owner=OTHER, mint=exploding)
    assert ledger.events(limit=1000) == before
    assert not ledger.knows(OTHER)


def test_what_was_recorded_is_there_after_reopening(backend: Open) -> None:
    with backend() as first:
        declare(first)
        done = commit(first, [start(1, "a", place())], nodes=[node()])
        run(first, done)
    with backend() as second:
        assert states(second) == {done.ids[1]: "ready"}
        assert second.spec(OWNER, "a", "r1").secrets == {"token": "t0"}
        assert second.snapshot(OWNER, None, ["p"]).nodes[0].node == node()


def test_two_open_ledgers_see_each_others_commits(backend: Open) -> None:
    one, two = backend(), backend()
    commit(one, [start(1, "a", place(memory=600))], nodes=[node()])
    with pytest.raises(StalePlan):
        commit(two, [start(1, "b", place(memory=600))], nodes=[node()], owner=OTHER)
    assert len(two.instances()) == 1


def test_mint_is_asked_once_for_each_new_instance_only(ledger: Ledger) -> None:
    asked: list[str] = []

    def counting() -> str:
        asked.append(mint())
        return asked[-1]

    first = commit(ledger, [start(1, "a", place()), start(2, "b", place())], nodes=[node()], mint=counting)
    assert [instance.rpartition("/")[2] for instance in first.ids.values()] == asked
    run(ledger, first)
    steps = [stop(1, first.ids[2])]
    commit(ledger, steps, nodes=[node()], keep={("a", 0): place()}, mint=counting)
    assert len(asked) == 2
