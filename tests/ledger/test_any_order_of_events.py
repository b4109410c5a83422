"""Two owners commit, carry out, crash and take over in any order: no card is ever over capacity, and no place is lost.

After every transaction the database is audited by SQL that shares no code with the ledger
(:func:`tests.ledger.audit.audit`).
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from components.ledger import IllegalMove, InstanceRow, LeaseHolder, LeaseLost, Ledger, StalePlan
from components.placement.plan_types import Step
from components.placement.snapshot import Held, Place
from tests.ledger.audit import audit, content, content_but_conflicts
from tests.ledger.build import BECAUSE, NOW, OTHER, OWNER, mint, node, wanted
from tests.ledger.sites import Postgres, Site, file_site

NODES = [node("n1", 2, memory=10, cpu=6), node("n2", 1, memory=10, cpu=6)]
OWNERS = st.sampled_from([OWNER, OTHER])
SERVICE = {OWNER: "mine", OTHER: "theirs"}


@st.composite
def places(draw: st.DrawFn) -> Place:
    """A slice of one of three small cards, a whole card, or CPU only."""
    card = draw(st.sampled_from(["n1-0", "n1-1", "n2-0"]))
    kind = draw(st.sampled_from(["slice", "slice", "slice", "exclusive", "cpu"]))
    name = card.partition("-")[0]
    cpu = draw(st.integers(0, 2))
    if kind == "cpu":
        return Place("p", name, cpu_milli=cpu)
    if kind == "exclusive":
        return Place("p", name, (card,), exclusive=True, cpu_milli=cpu)
    return Place("p", name, (card,), draw(st.integers(1, 10)), draw(st.sampled_from([0, 30, 60, 100])), cpu)


@dataclass
class Drawn:
    """A plan as a user could have seen it: it speaks of every row, in any way that the rows allow."""

    steps: list[Step] = field(default_factory=list)
    finals: dict[int, Place | None] = field(default_factory=dict)
    stops: dict[str, int] = field(default_factory=dict)
    fresh: list[tuple[Place, tuple[int, ...]]] = field(default_factory=list)

    def step(self, **values: object) -> int:
        """Add a step and return its number."""
        n = len(self.steps) + 1
        self.steps.append(Step(n, **values))  # type: ignore[arg-type]
        return n

    def stop(self, service: str, held: Held, after: tuple[int, ...] = ()) -> int:
        """Stop a recorded row."""
        n = self.step(
            op="stop", how="stop", service=service, ordinal=held.ordinal, instance=held.id, after=after
        )
        self.stops[held.id] = n
        return n

    def start(self, service: str, ordinal: int, place: Place, after: tuple[int, ...] = ()) -> int:
        """Start a new row."""
        self.finals[ordinal] = place
        self.fresh.append((place, after))
        return self.step(
            op="start", how="start", service=service, ordinal=ordinal, revision="r", place=place, after=after
        )


class Events(RuleBasedStateMachine):
    """The ledger under any sequence of what users, providers and machines do."""

    fresh: Callable[[Path], Site]
    """Makes a ledger that has never held anything; the folder is its own."""

    @initialize()
    def begin(self) -> None:
        """Start from a new ledger."""
        self.folder = Path(tempfile.mkdtemp())
        self.site = type(self).fresh(self.folder)
        self.where = self.site.where
        self.ordinals: Counter[str] = Counter()
        self.process = {OWNER: self._process(), OTHER: self._process()}
        self.ledger = self._open()

    def teardown(self) -> None:
        """Close and remove it."""
        if hasattr(self, "ledger"):
            self.ledger.close()
            shutil.rmtree(self.folder)

    @invariant()
    def nothing_is_over_capacity_and_nothing_is_loose(self) -> None:
        """Audit after every transaction."""
        if hasattr(self, "where"):
            assert audit(self.where) == []

    def commit(self, owner: str, data: st.DataObject) -> None:
        """Commit any plan that speaks of every row: it is taken, or refused with nothing changed."""
        drawn = self._plan(owner, data)
        before = content_but_conflicts(self.where)
        # What stands if nothing is ever stopped, and what foreign rows leave at best.
        everything = [row.held for row in self.ledger.instances()]
        fresh = [place for place, _ in drawn.fresh]
        cordoned = {row.node for row in self.ledger.node_states("p")}
        surely_fits = self._fits(fresh, everything) and not any(place.node in cordoned for place in fresh)
        foreign = [held for held in everything if held.owner != owner and held.state != "pending"]
        cannot_fit = any(not self._fits([place], foreign) for place, _ in drawn.fresh)
        pending = any(held.owner == owner and held.state == "pending" for held in everything)
        error = self._commit(owner, drawn)
        if error is None:
            assert not cannot_fit
            return
        assert not surely_fits or pending
        assert error.wish
        assert error.card
        assert content_but_conflicts(self.where) == before

    @rule(owner=OWNERS, data=st.data())
    def only_commit(self, owner: str, data: st.DataObject) -> None:
        """A process dies between its commit and its first effect."""
        self.commit(owner, data)

    @rule(owner=OWNERS, data=st.data())
    def commit_is_killed(self, owner: str, data: st.DataObject) -> None:
        """A process that dies inside a commit has changed nothing."""
        drawn = self._plan(owner, data)
        before = content(self.where)
        if not drawn.fresh:
            return

        def dying() -> str:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            self._commit(owner, drawn, dying)
        assert content(self.where) == before

    @rule(owner=OWNERS, moves=st.lists(st.integers(0, 7), min_size=6, max_size=24), dies=st.booleans())
    def carry_out(self, owner: str, moves: list[int], dies: bool) -> None:
        """Rows make their next moves (one may die); pending rows cannot, and what is seen gone hands its place on."""
        for index, number in enumerate(moves):
            last = index == len(moves) - 1
            going = {open_.instance for open_ in self.ledger.open_steps(owner) if open_.step.op == "stop"}
            rows = self.ledger.instances(owner)
            able = [
                row for row in rows if row.held.state != "ready" or row.held.id in going or (dies and last)
            ]
            if able:
                self._move(owner, able[number % len(able)].held, rows, dies and last)
                assert audit(self.where) == []

    @rule(owner=OWNERS, data=st.data(), moves=st.lists(st.integers(0, 7), min_size=6, max_size=24))
    def commit_and_carry_out(self, owner: str, data: st.DataObject, moves: list[int]) -> None:
        """What `pulumi up` does; it may end half way."""
        self.commit(owner, data)
        self.carry_out(owner, moves, dies=False)

    def _move(self, owner: str, held: Held, rows: Sequence[InstanceRow], dies: bool) -> None:
        fence = self._fence(owner)
        mine = [open_ for open_ in self.ledger.open_steps(owner) if open_.instance == held.id]
        step = mine[0].key if mine else None
        to_stop = any(open_.step.op == "stop" for open_ in mine)
        if held.state == "pending":
            with pytest.raises(IllegalMove):
                self.ledger.starting(held.id, fence, NOW, BECAUSE)
        elif held.state == "stopping" or (held.state == "reserved" and to_stop):
            waiting = {row.held.id for row in rows if row.held.after == (held.id,)}
            assert set(self.ledger.gone(held.id, fence, NOW, BECAUSE, step=step)) == waiting
        elif to_stop:
            self.ledger.stopping(held.id, fence, NOW, BECAUSE)
        elif held.state in ("reserved", "failed"):
            self.ledger.starting(held.id, fence, NOW, BECAUSE)
        elif held.state == "starting" and not dies:
            self.ledger.ready(held.id, fence, "http://x", NOW, BECAUSE, step=step)
        elif dies:
            self.ledger.failed(held.id, fence, "it died", NOW, BECAUSE)

    @rule(owner=OWNERS)
    def another_process_takes_over(self, owner: str) -> None:
        """The holder dies; the next one gets a higher number, and the old number writes nothing."""
        old = self._fence(owner)
        rows = [row.held.id for row in self.ledger.instances(owner)]
        self.process[owner] = self._process()
        assert self._fence(owner) == old + 1
        for instance in rows:
            with pytest.raises(LeaseLost):
                self.ledger.stopping(instance, old, NOW, BECAUSE)

    @rule(name=st.sampled_from(["n1", "n2"]), state=st.sampled_from(["ready", "cordoned"]))
    def an_operator_cordons(self, name: str, state: str) -> None:
        """A cordoned node takes nothing new; what is there runs on."""
        self.ledger.set_node_state("p", name, None, state, "operator", "", "ann", NOW)  # type: ignore[arg-type]

    @rule()
    def crash(self) -> None:
        """Everything that was recorded is there after reopening."""
        before = content(self.where)
        self.ledger.close()
        self.ledger = self._open()
        assert content(self.where) == before

    def _open(self) -> Ledger:
        return self.site.open(alive=self._alive)

    def _alive(self, holder: LeaseHolder) -> bool:
        return holder in self.process.values()

    def _process(self) -> LeaseHolder:
        self.ordinals["processes"] += 1
        return LeaseHolder(self.ordinals["processes"], "here", "boot", 0.0, "pulumi up")

    def _fence(self, owner: str) -> int:
        service = SERVICE[owner]
        return self.ledger.lease(owner, [service], holder=self.process[owner], now=NOW)[service]

    def _commit(self, owner: str, drawn: Drawn, minting: Callable[[], str] = mint) -> StalePlan | None:
        try:
            self.ledger.commit(
                owner,
                nodes=NODES,
                pools=["p"],
                wanted=[wanted(SERVICE[owner], "r")],
                assignments={SERVICE[owner]: drawn.finals},
                steps=drawn.steps,
                mint=minting,
                now=NOW,
                because=BECAUSE,
            )
        except StalePlan as error:
            return error
        return None

    def _plan(self, owner: str, data: st.DataObject) -> Drawn:
        service = SERVICE[owner]
        drawn = Drawn()
        later: list[Held] = []
        resumed: list[Held] = []
        # A roll in place, or a single newcomer while everything else goes on: what hands places on, and tries to get in.
        intent = data.draw(st.sampled_from(["any", "any", "roll", "arrive"]))
        going = {open_.instance for open_ in self.ledger.open_steps(owner) if open_.step.op == "stop"}
        for row in self.ledger.instances(owner):
            held = row.held
            settled = held.state in ("ready", "failed")
            ways = ["keep", "stop", "replace", "move"] if settled else ["resume", "stop"]
            if intent != "any":
                ways = [{"roll": "replace", "arrive": "keep"}[intent] if settled else "resume"]
            # One instance of an ordinal stays at most, as in any plan.
            doomed = held.state == "stopping" or held.ordinal in drawn.finals
            doomed = doomed or (intent != "any" and held.id in going)
            way = "stop" if doomed else data.draw(st.sampled_from(ways))
            if way in ("stop", "replace"):
                number = drawn.stop(service, held)
                if way == "replace":
                    where = held.place if intent == "roll" else data.draw(places())
                    drawn.start(service, held.ordinal, where, (number,))
            elif way == "move":
                later.append(held)
            else:
                drawn.finals[held.ordinal] = held.place
                if way == "resume":
                    resumed.append(held)
        for held in resumed:
            after = tuple(sorted(drawn.stops[other] for other in held.after if other in drawn.stops))
            named = {"instance": held.id, "place": held.place, "revision": "r", "after": after}
            drawn.step(op="start", how="resume", service=service, ordinal=held.ordinal, **named)
        for held in later:
            started = drawn.start(service, held.ordinal, data.draw(places()))
            drawn.stop(service, held, (started,))
        for _ in range({"roll": 0, "arrive": 1}.get(intent, data.draw(st.integers(0, 2)))):
            self.ordinals[owner] += 1
            before = (
                data.draw(st.sets(st.sampled_from(sorted(drawn.stops.values())))) if drawn.stops else set()
            )
            drawn.start(service, self.ordinals[owner], data.draw(places()), tuple(sorted(before)))
        return drawn

    def _fits(self, fresh: list[Place], there: list[Held]) -> bool:
        """Whether all of this at once is within the capacities."""
        memory: Counter[str] = Counter()
        compute: Counter[str] = Counter()
        cpu: Counter[str] = Counter()
        for place in [*fresh, *(held.place for held in there)]:
            cpu[place.node] += place.cpu_milli
            for uuid in place.cards:
                memory[uuid] += 10 if place.exclusive else place.memory_mib
                compute[uuid] += 100 if place.exclusive else place.compute
        fullest = [max([0, *taken.values()]) for taken in (memory, compute, cpu)]
        return fullest[0] <= 10 and fullest[1] <= 100 and fullest[2] <= 6


@pytest.mark.parametrize(("kind", "examples"), [("sqlite", 40), ("postgres", 5)])
def test_no_order_of_events_overfills_a_card_or_loses_a_place(
    kind: str, examples: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Run the machine; its ledgers are made once, since making the tables takes longer than the rest."""
    if kind == "sqlite":
        file_site(tmp_path).open().close()

    class Here(Events):
        @staticmethod
        def fresh(folder: Path) -> Site:
            if kind == "postgres":
                server: Postgres = request.getfixturevalue("postgres")
                return server.emptied(folder)
            shutil.copytree(tmp_path, folder, dirs_exist_ok=True)
            return file_site(folder)

    how = settings(
        max_examples=examples,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Here, settings=how)
