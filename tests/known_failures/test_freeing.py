"""Rows 5, 6 and 16: when a place is free, who stays where it is, and how those go that have to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.ledger import Refused, StalePlan
from components.placement.picture import change_rows
from components.placement.plan_types import Step
from components.placement.snapshot import Held, NodeView
from components.runtimes.local.runtime import LocalRuntime
from components.runtimes.port import Launch, Runtime
from components.runtimes.simulated import SimulatedRuntime
from components.spec.claim import Wanted
from components.spec.node import Node
from tests.known_failures.conftest import Open
from tests.known_failures.fleet import REAL, Clock, Fleet, settled
from tests.known_failures.pools import GIB, OTHER, POOL, as_held, node, overfull, places, planned, wants
from tests.known_failures.processes import killed_in, of_instance
from tests.runtimes.machine import Machine, port_range, serving
from tests.settle.runtimes import Wrapped

ONE = node("n1", 16 * GIB)
LONG = {"stop_after_s": 20}


def forget(fleet: Fleet) -> None:
    """Force-delete what runs, as ``kubectl delete --force`` does: the service goes, and nobody waits for its end."""
    fleet.declare()
    fleet.commit(fleet.plan())


def test_05_a_slice_is_free_only_when_its_instance_is_seen_gone(fleet: Open, tmp_path: Path) -> None:
    here = fleet(ONE, settings=LONG)
    assert here.up(wants("old", 12)).complete
    there = fleet(ONE, owner=OTHER, guest=True)
    there.declare(wants("new", 12))
    forget(here)
    assert there.plan().blocking, "decided is not done"

    # The apply dies right after the engine was told to stop it: the process still ends at its leisure.
    def apply(die: Callable[[], None]) -> None:
        mine = Fleet(tmp_path, [ONE], settings=LONG)
        mine.settle(fault=lambda at: die() if at.startswith("stop:after") else None)

    assert killed_in(apply)
    assert here.rows()["old/0"].state == "stopping"
    assert there.plan().blocking, "told is not gone"
    with pytest.raises(StalePlan) as stale:
        there.force("new", *places(planned([ONE], wants("new", 12))))
    assert stale.value.card == "GPU-n1-0"
    assert "old/0" in "".join(stale.value.who)

    assert here.settle().complete
    assert there.up(wants("new", 12)).complete


def test_05_nobody_frees_by_hand_what_may_still_run(fleet: Open) -> None:
    here = fleet(ONE)
    assert here.up(wants("old", 12)).complete
    told: dict[str, Any] = {"now": here.clock(), "because": "eas forget"}
    with pytest.raises(Refused, match="not lost"):
        here.ledger.forget_node(POOL, "n1", **told)
    assert set(here.rows()) == {"old/0"}
    here.ledger.set_node_state(POOL, "n1", None, "lost", "operator", "burnt", "me", here.clock())
    assert set(here.rows()) == {"old/0"}, "lost is not gone either"
    assert here.ledger.forget_node(POOL, "n1", **told) != ()
    for id_ in here.engine.listing():
        here.engine.stop(id_)
        here.engine.observe([id_])


class Exclusively(Wrapped):
    """Looks at the kernel's process table whenever it starts something."""

    def __init__(self, inner: Runtime, others: Callable[[], list[str]]) -> None:
        super().__init__(inner)
        self.others = others
        self.beside: dict[str, list[int]] = {}

    def start(self, launch: Launch) -> None:
        """Note which processes of the others are there now, then start."""
        self.beside[launch.id] = [
            pid for id_ in self.others() if id_ != launch.id for pid in of_instance(id_)
        ]
        super().start(launch)


@pytest.mark.e2e
def test_05_a_process_that_ignores_its_end_keeps_its_slice(fleet: Open, machine: Machine) -> None:
    """A real process that ignores SIGTERM: what waits for its place starts when the kernel no longer knows it."""
    line = {"script": serving("ignore-term"), "image": "x", "port": 8000}
    document = {"metadata": {"name": "old", "eas.termination_grace_period": 2}, "containers": [line]}
    seen: list[str] = []
    runtime = Exclusively(LocalRuntime(machine.home, tell=machine.told.append), lambda: seen)
    settings = {"ports": list(port_range()), "run": {"new": ["/bin/sh", "-c", serving()]}}
    here = fleet(ONE, runtime=runtime, settings=settings, documents={"old": document}, **REAL)
    assert here.up(wants("old", 12)).complete
    seen += [row.id for row in here.rows().values()]
    assert of_instance(seen[0])
    assert here.up(wants("new", 12)).complete
    new = here.rows()["new/0"].id
    assert runtime.beside[new] == []
    assert of_instance(new)


# ------------------------------------------------------------------------------------------------ row 6

TWO = [node("n1", 16 * GIB, 16 * GIB), node("n2", 16 * GIB, 20 * GIB)]
KEPT = [wants("a", 6, 20, instances=3), wants("b", 4, instances=2), wants("whole", gpu=1)]


def test_06_nothing_moves_when_nothing_changed_whatever_would_fit_better_now(fleet: Open) -> None:
    here = fleet(*TWO)
    assert here.up(*KEPT, wants("filler", 10)).complete
    assert here.up(*KEPT).complete, "the filler leaves a better place behind"
    before = here.where()
    assert here.plan().steps == ()
    here.nodes = [*reversed(here.nodes), node("n0", 7 * GIB)]
    assert here.plan(*reversed(KEPT)).steps == ()
    assert here.up(*KEPT).complete
    assert here.where() == before


CHANGES = {
    "more instances": [replace(KEPT[0], instances=4), *KEPT[1:]],
    "fewer instances": [replace(KEPT[0], instances=2), *KEPT[1:]],
    "another service": [*KEPT, wants("new", 4)],
    "labels": [replace(KEPT[0], labels={"team": "x"}), *KEPT[1:]],
    "rolling strategy": [replace(KEPT[0], max_unavailable=2, max_surge=0), *KEPT[1:]],
    "a token": [replace(KEPT[0], token_hash="another"), *KEPT[1:]],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_06_a_change_beside_an_instance_leaves_it_where_and_what_it_is(
    fleet: Open, change: list[Wanted]
) -> None:
    here = fleet(*TWO)
    assert here.up(*KEPT).complete
    before = here.where()
    assert here.up(*change).complete
    after = here.where()
    stay = set(before) & set(after)
    assert len(stay) >= len(before) - 1
    assert {name: after[name] for name in stay} == {name: before[name] for name in stay}


def test_06_a_new_revision_and_a_repair_keep_every_card(fleet: Open) -> None:
    here = fleet(*TWO)
    assert here.up(*KEPT).complete
    before = here.where()
    rolled = [replace(want, revision="r2") for want in KEPT]
    assert here.up(*rolled).complete
    after = here.where()
    assert {name: place for name, (_, place) in after.items()} == {
        name: place for name, (_, place) in before.items()
    }
    assert not {id_ for id_, _ in after.values()} & {id_ for id_, _ in before.values()}

    simulated = here.engine
    assert isinstance(simulated, SimulatedRuntime)
    for id_, _ in after.values():
        simulated.kill(id_)
    dead = {id_: ("failed", "killed") for id_, _ in after.values()}
    here.ledger.observe(dead, now=here.clock(), because="refresh")  # type: ignore[arg-type]
    assert here.up(*rolled).complete
    assert here.where() == after
    assert settled(here, rolled) == []


# ----------------------------------------------------------------------------------------------- row 16


def test_16_nobody_is_moved_to_make_room_unless_it_is_asked_for() -> None:
    nodes = [node("n1", 16 * GIB, 16 * GIB)]
    here = [wants("a", 8), wants("b", 9)]
    rows = as_held(planned(nodes, *here), here)
    assert len({row.place.cards for row in rows}) == 2
    made = planned(nodes, *here, wants("big", 14), rows=rows)
    assert [refusal.service for refusal in made.blocking] == ["big"]
    assert made.steps == ()
    assert {made.assignments["a"][0], made.assignments["b"][0]} == {row.place for row in rows}


def test_16_every_move_of_a_drain_is_shown_ordered_and_makes_before_it_breaks() -> None:
    nodes = [node("n1", *[16 * GIB] * 2), node("n2", *[16 * GIB] * 2)]
    want = wants("page", 8, instances=4)
    rows = as_held(planned(nodes, want), [want])
    gone = rows[0].place.node
    on_it = [row for row in rows if row.place.node == gone]
    views = [
        NodeView(each, "draining" if each.name == gone else "ready", "operator", "fan") for each in nodes
    ]
    made = planned(views, want, rows=rows)
    assert made.blocking == ()
    starts = {step.ordinal: step for step in made.steps if step.op == "start"}
    stops = {step.ordinal: step for step in made.steps if step.op == "stop"}
    assert starts.keys() == stops.keys() == {row.ordinal for row in on_it}
    for ordinal, stop in stops.items():
        assert starts[ordinal].n in stop.after, "it stops when its successor is ready"
        assert stop.mode == "make-before-break"
        assert starts[ordinal].how == "move"
    shown = change_rows(made.steps, {row.id: row.place for row in rows}, {})
    assert sorted(line[0] for line in shown) == sorted(f"page/{row.ordinal}" for row in on_it)
    assert all("move" in line[3] and line[1] != line[2] for line in shown)
    assert all("fan" in line[4] for line in shown)
    assert _worst(rows, made.steps, nodes) == []


def _worst(rows: Iterable[Held], steps: Iterable[Step], nodes: list[Node]) -> list[str]:
    """Walk the steps one by one and return every card that is too full at any moment."""
    there = {row.id: row.place for row in rows}
    broken: list[str] = []
    for step in steps:
        if step.op == "start" and step.place is not None:
            there[f"step {step.n}"] = step.place
        elif step.op == "stop":
            del there[step.instance]
        broken += overfull(nodes, there.values())
    return broken


BOUNDS = {
    "rolled in place, one at a time": (4, {"max_unavailable": 1, "max_surge": 0}, 3),
    "rolled in place, two at a time": (4, {"max_unavailable": 2, "max_surge": 0}, 2),
    "rolled with cover": (3, {"max_unavailable": 0, "max_surge": 1}, 3),
}


@pytest.mark.parametrize(("instances", "strategy", "least"), BOUNDS.values(), ids=BOUNDS)
def test_16_a_roll_never_takes_more_away_than_its_limit(
    fleet: Open, instances: int, strategy: dict[str, int], least: int
) -> None:
    clock = Clock()
    slow = {"ready_after_s": 3, "stop_after_s": 2}
    here = fleet(node("n1", *[16 * GIB] * 2), settings=slow, clock=clock)
    want = wants("page", 8, instances=instances, **strategy)
    assert here.up(want).complete
    assert serves(here) == instances
    seen: list[int] = []
    clock.heard = lambda: seen.append(serves(here))
    assert here.up(replace(want, revision="r2")).complete
    assert seen
    assert min(seen) == least


def test_16_a_drain_never_lets_a_service_go_short(fleet: Open) -> None:
    clock = Clock()
    slow = {"ready_after_s": 3, "stop_after_s": 2}
    here = fleet(node("n1", *[16 * GIB] * 2), node("n2", *[16 * GIB] * 2), settings=slow, clock=clock)
    want = wants("page", 8, instances=4)
    assert here.up(want).complete
    gone = here.rows()["page/0"].place.node
    here.ledger.set_node_state(POOL, gone, None, "draining", "operator", "fan", "me", clock())
    seen: list[int] = []
    clock.heard = lambda: seen.append(serves(here))
    assert here.up(want).complete
    assert {row.place.node for row in here.rows().values()} == {"n1", "n2"} - {gone}
    assert seen
    assert min(seen) == 4


def serves(fleet: Fleet) -> int:
    """Return how many instances answer now, as the engine sees it."""
    seen = fleet.engine.observe(fleet.engine.listing(fleet.owner))
    return sum(one.condition == "ready" for one in seen.values())
