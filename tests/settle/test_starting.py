"""Starts and restarts: what is recorded, told, seen and said."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace

import pytest

from components.runtimes.port import Capabilities, Launch, Observation, Runtime, RuntimeFault
from components.settle.lanes import PARALLEL
from components.settle.limits import APPEAR_S, READY_S, UNSEEN_S
from components.spec.claim import Claim, Wanted
from tests.settle.conftest import Opener
from tests.settle.runtimes import Wrapped
from tests.settle.world import OWNER, World, again, node, place, start


def test_nothing_is_done_for_an_empty_plan(world: World) -> None:
    world.declare("page")
    world.commit([])
    assert world.settle().complete
    assert world.said == []


def test_instances_start_where_they_were_placed_and_become_ready(world: World) -> None:
    world.declare("page")
    made = world.commit([start(1, "page", 0, place(0, 0)), start(2, "page", 1, place(1, 3))])
    outcome = world.settle()
    assert outcome.complete
    assert sorted(outcome.ready) == sorted(made.ids.values())
    assert world.states() == {"page/0/i0": "ready", "page/1/i1": "ready"}
    assert world.rows()[made.ids[2]].endpoint.startswith("http://simulated.invalid/")
    seen = world.simulated.observe(made.ids.values())
    assert seen[made.ids[2]].cards == ("GPU-p-1-3",)
    assert not world.ledger.unfinished(OWNER)


def test_the_reader_hears_one_line_for_each_event(open_world: Opener) -> None:
    world = open_world(settings={"ready_after_s": 2})
    world.declare("page")
    world.commit([start(1, "page", 0, place(0, 2))])
    world.settle()
    assert world.lines()[1:] == ["page/0 starting on gpu-0/2", "page/0 ready on gpu-0/2 after 2.1 s"]
    assert world.lines()[0].startswith("simulated: nothing is started")


def test_the_reader_hears_what_is_waited_for_while_nothing_happens(open_world: Opener) -> None:
    world = open_world(settings={"ready_after_s": 12})
    world.declare("page")
    world.commit([start(n, "page", n - 1, place(0, 0, 1024)) for n in range(1, 8)])
    world.settle()
    waiting = [line for line in world.lines() if line.startswith("waiting")]
    assert len(waiting) == 2
    first = "waiting for 7: page/0, page/1, page/2, page/3, page/4 and 2 more (the longest for 5 s)"
    assert waiting[0] == first


def test_a_runtime_is_told_place_slice_spec_and_token(open_world: Opener) -> None:
    launches: list[Launch] = []

    class Listening(Wrapped):
        def start(self, launch: Launch) -> None:
            launches.append(launch)
            super().start(launch)

    world = open_world(wrap=Listening, settings={"ready_after_s": 0})
    world.declare("page")
    world.declare("quiet", token="from-the-file")
    whole = replace(place(1, 1), exclusive=True, memory_mib=16384, compute=100)
    world.commit([start(1, "page", 0, place(0, 3)), start(2, "quiet", 0, whole)])
    assert world.settle().complete
    page, quiet = sorted(launches, key=lambda launch: launch.service)
    assert (page.owner, page.service, page.ordinal, page.pool, page.node) == (OWNER, "page", 0, "p", "gpu-0")
    (card,) = page.cards
    assert (card.uuid, card.index, card.model) == ("GPU-p-0-3", 3, "V100")
    assert (card.memory_mib, card.compute, card.capacity_mib) == (4096, 10, 16384)
    assert page.secrets == {"token": "token-of-page"}
    assert page.settings == {"ready_after_s": 0}
    assert page.spec["metadata"] == {"name": "page"}
    assert quiet.secrets == {"token": "from-the-file"}
    assert quiet.exclusive
    assert (quiet.cards[0].memory_mib, quiet.cards[0].compute) == (0, 0)


def test_no_more_than_parallel_are_in_flight(open_world: Opener) -> None:
    world = open_world(settings={"ready_after_s": 5})
    world.declare("page")
    world.commit([start(n, "page", n - 1, place(n % 2, n % 4, 512)) for n in range(1, 13)])
    most = 0

    def sleep(seconds: float) -> None:
        nonlocal most
        most = max(most, list(world.states().values()).count("starting"))
        world.clock.sleep(seconds)

    assert world.settle(parallel=3, sleep=sleep).complete
    assert most == 3
    assert (world.clock() - world.rows()[f"{OWNER}/page/0/i0"].since).total_seconds() < 4 * 7


def test_the_pool_says_how_many_are_in_flight(open_world: Opener) -> None:
    world = open_world(settings={"ready_after_s": 5, "parallel": 2})
    world.declare("page")
    world.commit([start(n, "page", n - 1, place(0, 0, 512)) for n in range(1, 6)])
    most = 0

    def sleep(seconds: float) -> None:
        nonlocal most
        most = max(most, list(world.states().values()).count("starting"))
        world.clock.sleep(seconds)

    assert world.settle(sleep=sleep).complete
    assert most == 2


def test_one_that_crashes_is_stopped_and_keeps_its_place(world: World) -> None:
    world.declare("page", labels={"simulated/fail": "out of memory"})
    world.declare("chat")
    made = world.commit([start(1, "page", 0, place(0, 0)), start(2, "chat", 0, place(0, 1))])
    outcome = world.settle()
    assert outcome.failed.keys() == {"page/0"}
    assert "out of memory (start 1)" in outcome.failed["page/0"]
    assert world.states() == {"chat/0/i1": "ready", "page/0/i0": "failed"}
    row = world.rows()[made.ids[1]]
    assert row.held.place == place(0, 0)
    assert "out of memory" in row.detail
    assert world.simulated.listing(OWNER) == (made.ids[2],)
    assert "page/0 failed on gpu-0/0: out of memory (start 1)" in world.lines()
    assert world.ledger.unfinished(OWNER)


def test_asking_again_tries_a_failed_start_once_more(world: World) -> None:
    world.declare("page", labels={"simulated/fail": "boom"})
    made = world.commit([start(1, "page", 0, place(0, 0))])
    assert world.settle().failed
    assert "boom (start 1)" in world.settle().failed["page/0"]
    # The same revision, declared anew and committed anew with the step that is left, is what the next `up` does.
    world.declare("page")
    world.commit([start(1, "page", 0, place(0, 0), how="resume", instance=made.ids[1])])
    assert world.settle().ready == (made.ids[1],)
    assert world.states() == {"page/0/i0": "ready"}


def test_one_that_is_not_ready_in_time_fails_and_is_left_running(open_world: Opener) -> None:
    world = open_world(settings={"ready_after_s": 100, "ready_timeout_s": 60})
    world.declare("page")
    made = world.commit([start(1, "page", 0, place(0, 0))])
    outcome = world.settle()
    assert outcome.failed["page/0"].startswith("not ready after 6")
    assert "ready_timeout_s" in outcome.failed["page/0"]
    assert world.states() == {"page/0/i0": "failed"}
    assert world.simulated.listing(OWNER) == (made.ids[1],)
    world.clock.sleep(60)
    world.said.clear()
    assert world.settle().ready == (made.ids[1],)
    assert world.lines()[-1] == "page/0 ready on gpu-0/0: it serves already"


def test_the_files_startup_check_makes_the_limit_longer_and_never_shorter(open_world: Opener) -> None:
    check = {"startup_check": {"period_seconds": 10, "failure_threshold": 180}}
    world = open_world(settings={"ready_after_s": 1500})
    world.declare("page", document={"containers": [check]})
    world.commit([start(1, "page", 0, place(0, 0))])
    assert world.settle().complete


def test_the_default_limit_is_twenty_minutes(open_world: Opener) -> None:
    world = open_world(settings={"ready_after_s": 1e6})
    world.declare("page")
    world.commit([start(1, "page", 0, place(0, 0))])
    began = world.clock()
    assert world.settle().failed
    assert READY_S <= (world.clock() - began).total_seconds() < READY_S + 5


def test_one_that_is_given_other_cards_is_stopped(open_world: Opener) -> None:
    class Wrong(Wrapped):
        def start(self, launch: Launch) -> None:
            super().start(replace(launch, cards=(replace(launch.cards[0], uuid="GPU-p-0-1"),)))

    world = open_world(wrap=Wrong)
    world.declare("page")
    world.commit([start(1, "page", 0, place(0, 0))])
    outcome = world.settle()
    assert outcome.failed == {"page/0": "it was given gpu-0/1 and its place is gpu-0/0"}
    assert world.states() == {"page/0/i0": "failed"}
    assert world.simulated.listing(OWNER) == ()


def test_a_runtime_that_cannot_pin_cards_is_not_held_to_them(open_world: Opener) -> None:
    class Unpinned(Wrapped):
        def capabilities(self) -> Capabilities:
            return replace(super().capabilities(), pin_card=False)

        def observe(self, instance_ids: Iterable[str]) -> dict[str, Observation]:
            seen = super().observe(instance_ids)
            return {id_: replace(one, cards=("GPU-somewhere",)) for id_, one in seen.items()}

    world = open_world(wrap=Unpinned)
    world.declare("page")
    world.commit([start(1, "page", 0, place(0, 0))])
    assert world.settle().complete


def test_a_busy_runtime_is_asked_again(open_world: Opener) -> None:
    class Busy(Wrapped):
        refusals = 3

        def start(self, launch: Launch) -> None:
            if self.refusals:
                self.refusals -= 1
                raise RuntimeFault("the engine is busy; wait", retriable=True)
            super().start(launch)

    world = open_world(wrap=Busy)
    world.declare("page")
    world.commit([start(1, "page", 0, place(0, 0))])
    assert world.settle().complete


@pytest.mark.parametrize("retriable", [False, True], ids=["cannot", "busy-for-ever"])
def test_a_refused_start_fails_with_the_runtimes_sentence(open_world: Opener, retriable: bool) -> None:
    class Refusing(Wrapped):
        asked = 0

        def start(self, launch: Launch) -> None:
            self.asked += 1
            raise RuntimeFault(f"no command for {launch.service}; add one", retriable=retriable)

    world = open_world(wrap=Refusing)
    world.declare("page")
    world.commit([start(1, "page", 0, place(0, 0))])
    assert world.settle().failed == {"page/0": "no command for page; add one"}
    assert world.states() == {"page/0/i0": "failed"}
    assert isinstance(world.runtime, Refusing)
    assert world.runtime.asked == (12 if retriable else 1)


def test_a_defect_of_a_runtime_fails_one_instance_and_says_so(open_world: Opener) -> None:
    class Defective(Wrapped):
        def start(self, launch: Launch) -> None:
            if launch.service == "page":
                raise KeyError("port")
            super().start(launch)

    world = open_world(wrap=Defective)
    world.declare("page", "chat")
    world.commit([start(1, "page", 0, place(0, 0)), start(2, "chat", 0, place(0, 1))])
    outcome = world.settle()
    assert outcome.failed.keys() == {"page/0"}
    assert "KeyError: 'port'. This is a defect of the runtime" in outcome.failed["page/0"]
    assert len(outcome.ready) == 1


def test_one_that_never_appears_fails_before_the_readiness_limit(open_world: Opener) -> None:
    class Forgetful(Wrapped):
        def start(self, launch: Launch) -> None:
            """Say yes and do nothing."""

    world = open_world(wrap=Forgetful)
    world.declare("page")
    world.commit([start(1, "page", 0, place(0, 0))])
    began = world.clock()
    assert "it is not there" in world.settle().failed["page/0"]
    assert APPEAR_S < (world.clock() - began).total_seconds() < APPEAR_S + 5


def test_a_runtime_that_cannot_be_observed_fails_what_waits_for_it(open_world: Opener) -> None:
    class Blind(Wrapped):
        def observe(self, instance_ids: Iterable[str]) -> dict[str, Observation]:
            raise RuntimeFault("the engine does not answer; start it", retriable=True)

    world = open_world(wrap=Blind)
    world.declare("page")
    world.commit([start(1, "page", 0, place(0, 0))])
    began = world.clock()
    outcome = world.settle()
    assert outcome.failed["page/0"] == "nothing can be seen of it: the engine does not answer; start it"
    assert UNSEEN_S < (world.clock() - began).total_seconds() < UNSEEN_S + 5


def test_secrets_do_not_reach_ledger_or_reader(open_world: Opener) -> None:
    class Talkative(Wrapped):
        def start(self, launch: Launch) -> None:
            raise RuntimeFault(f"cannot log in with {launch.secrets['token']}")

    world = open_world(wrap=Talkative)
    world.declare("page")
    world.commit([start(1, "page", 0, place(0, 0))])
    outcome = world.settle()
    assert outcome.failed == {"page/0": "cannot log in with (secret)"}
    assert not any("token-of-page" in line for line in world.lines())
    assert "token-of-page" not in next(iter(world.rows().values())).detail


def test_a_start_without_a_spec_is_given_up_and_the_others_go_on(world: World) -> None:
    world.declare("chat")
    world.commit([start(1, "page", 0, place(0, 0)), start(2, "chat", 0, place(0, 1))])
    outcome = world.settle()
    assert "no spec of service 'page'" in outcome.failed["page/0"]
    assert world.states() == {"page/0/i0": "reserved", "chat/0/i1": "ready"}


# ---------------------------------------------------------------------------------------------------- restart


def dead(world: World) -> str:
    """Start one, let it die, record that; return its id."""
    (id_,) = world.committed_start(place(0, 0))
    world.simulated.kill(id_)
    world.ledger.observe({id_: ("failed", "killed")}, now=world.clock(), because="test")
    world.said.clear()
    return id_


def test_a_dead_one_is_restarted_in_its_place(world: World) -> None:
    id_ = dead(world)
    world.commit([again("restart", 1, "page", 0, id_)])
    assert world.settle().ready == (id_,)
    assert world.states() == {"page/0/i0": "ready"}
    assert world.lines()[1] == "page/0 restarting on gpu-0/0"


def test_a_vanished_one_is_restarted_in_its_place(world: World) -> None:
    id_ = dead(world)
    world.simulated.lose(id_)
    world.commit([again("restart", 1, "page", 0, id_)])
    assert world.settle().ready == (id_,)


def test_one_that_healed_by_itself_is_not_restarted(open_world: Opener) -> None:
    class Sacred(Wrapped):
        def restart(self, launch: Launch) -> None:
            raise AssertionError("it serves")

    world = open_world(wrap=Sacred)
    (id_,) = world.committed_start(place(0, 0))
    world.ledger.observe({id_: ("failed", "a hiccup")}, now=world.clock(), because="test")
    world.commit([again("restart", 1, "page", 0, id_)])
    assert world.settle().ready == (id_,)


def test_one_on_other_cards_is_brought_back(world: World) -> None:
    (id_,) = world.committed_start(place(0, 0))
    stray = Launch(id_, OWNER, "page", 0, "p", "gpu-1", (), False, {"labels": {}})
    world.simulated.restart(stray)
    world.commit([again("restart", 1, "page", 0, id_)])
    assert world.settle().ready == (id_,)
    assert world.simulated.observe([id_])[id_].node == "gpu-0"


def test_a_restart_that_crashes_again_is_stopped(world: World) -> None:
    id_ = dead(world)
    world.declare("page", labels={"simulated/fail": "still broken"})
    world.commit([again("restart", 1, "page", 0, id_)])
    assert "still broken" in world.settle().failed["page/0"]
    assert world.simulated.listing(OWNER) == ()
    assert world.states() == {"page/0/i0": "failed"}


# -------------------------------------------------------------------------------------------------- reconfigure


def token_change(world: World, id_: str) -> None:
    world.declare("page", token="the-new-token")
    world.commit([again("reconfigure", 1, "page", 0, id_)], token_hash="hash-2")


def test_a_new_token_is_handed_over_without_a_restart(world: World) -> None:
    (id_,) = world.committed_start(place(0, 0))
    token_change(world, id_)
    assert world.settle().ready == (id_,)
    assert world.rows()[id_].held.token_hash == "hash-2"
    assert world.states() == {"page/0/i0": "ready"}
    assert "page/0 is handed its new token on gpu-0/0" in world.lines()
    assert world.lines()[-1].endswith("with its new token")
    assert _starts(world, id_) == 1


def test_where_no_token_can_be_handed_over_the_instance_is_restarted_and_that_is_said(
    open_world: Opener,
) -> None:
    class Rigid(Wrapped):
        def capabilities(self) -> Capabilities:
            return replace(super().capabilities(), reconfigure=False)

    world = open_world(wrap=Rigid)
    (id_,) = world.committed_start(place(0, 0))
    token_change(world, id_)
    assert world.settle().ready == (id_,)
    assert world.rows()[id_].held.token_hash == "hash-2"
    assert _starts(world, id_) == 2
    assert world.lines()[-1].endswith("restarted because its runtime cannot hand one over")


def test_a_dead_one_takes_its_new_token_up_by_being_started_anew(world: World) -> None:
    id_ = dead(world)
    token_change(world, id_)
    assert world.settle().ready == (id_,)
    assert world.rows()[id_].held.token_hash == "hash-2"
    assert _starts(world, id_) == 2


def test_a_refused_token_leaves_the_instance_serving(open_world: Opener) -> None:
    class Deaf(Wrapped):
        def reconfigure(self, launch: Launch) -> None:
            raise RuntimeFault("cannot write the token file; make room")

    world = open_world(wrap=Deaf)
    (id_,) = world.committed_start(place(0, 0))
    token_change(world, id_)
    assert world.settle().failed == {"page/0": "cannot write the token file; make room"}
    assert world.states() == {"page/0/i0": "ready"}
    assert world.rows()[id_].held.token_hash != "hash-2"


def _starts(world: World, id_: str) -> int:
    with world.simulated._rows() as rows:
        return int(rows.execute("SELECT starts FROM instance WHERE id = ?", (id_,)).fetchone()[0])


def test_two_pools_do_not_share_their_room(open_world: Opener) -> None:
    """A pool whose instances are slow does not keep another one's from starting."""
    world = open_world(settings={"ready_after_s": 500})
    world.declare("slow")
    fast = [node(0, pool="q")]
    world.ledger.declare_pool(
        OWNER,
        "q",
        holder="pool-2",
        resource="eas-r-q",
        runtime="simulated",
        settings={},
        nodes=fast,
        now=world.clock(),
        because="test",
    )
    world.declare("page")
    steps = [
        start(1, "slow", 0, place(0, 0)),
        start(2, "slow", 1, place(0, 1)),
        start(3, "page", 0, place(0, 0, pool="q")),
    ]
    world.ledger.commit(
        OWNER,
        nodes=[*world.nodes, *fast],
        pools=["p", "q"],
        wanted=[
            Wanted("slow", "p", Claim(gpu_memory=4), instances=2, revision="r1"),
            Wanted("page", "q", Claim(gpu_memory=4), revision="r1"),
        ],
        assignments={"slow": {0: place(0, 0), 1: place(0, 1)}, "page": {0: place(0, 0, pool="q")}},
        steps=steps,
        mint=iter("abc").__next__,
        now=world.clock(),
        because="test",
    )
    assert world.settle(parallel=1).complete
    order = [progress.label for progress in world.said if progress.event == "ready"]
    assert order == ["page/0", "slow/0", "slow/1"]


def test_every_wrapped_runtime_is_a_runtime(world: World) -> None:
    runtime: Runtime = Wrapped(world.simulated)
    assert runtime.name == "simulated"


class Instant(Wrapped):
    """A runtime whose verbs only write something down."""

    def capabilities(self) -> Capabilities:
        return replace(self.inner.capabilities(), instant=True)


@pytest.mark.parametrize("instant", [True, False])
def test_only_an_instant_runtime_is_told_without_a_thread(open_world: Opener, instant: bool) -> None:
    """And in the order of the plan, each after it was recorded."""
    told: list[tuple[str, bool, str]] = []

    class Told(Wrapped):
        def capabilities(self) -> Capabilities:
            return replace(self.inner.capabilities(), instant=instant)

        def start(self, launch: Launch) -> None:
            here = threading.current_thread() is threading.main_thread()
            told.append((launch.service, here, world.rows()[launch.id].held.state))
            super().start(launch)

    world = open_world(wrap=Told)
    names = [f"page{n}" for n in range(6)]
    world.declare(*names)
    world.commit([start(n, name, 0, place(0, n % 4, 512)) for n, name in enumerate(names, 1)])
    assert world.settle().complete
    assert {(here, state) for _, here, state in told} == {(instant, "starting")}
    assert sorted(name for name, _, _ in told) == names
    if instant:
        assert [name for name, _, _ in told] == names


def test_an_instant_runtime_that_is_busy_or_defective_is_no_other_than_the_rest(open_world: Opener) -> None:
    """It is asked again, and what it raises is the instance's."""

    class Odd(Instant):
        refusals = 2

        def start(self, launch: Launch) -> None:
            if launch.service == "busy" and self.refusals:
                self.refusals -= 1
                raise RuntimeFault("the engine is busy; wait", retriable=True)
            if launch.service == "odd":
                raise ZeroDivisionError("by zero")
            super().start(launch)

    world = open_world(wrap=Odd)
    world.declare("busy", "odd", "page")
    world.commit([start(n, name, 0, place(0, n)) for n, name in enumerate(("busy", "odd", "page"), 1)])
    outcome = world.settle()
    assert sorted(outcome.ready) == [f"{OWNER}/busy/0/i0", f"{OWNER}/page/0/i2"]
    assert "ZeroDivisionError" in outcome.failed["odd/0"]


def test_many_of_an_instant_runtime_are_in_flight(open_world: Opener) -> None:
    """Nothing is spared by having few; each wave is two transactions."""
    world = open_world(settings={"ready_after_s": 5})
    world.declare("page")
    world.commit([start(n, "page", n - 1, place(n % 2, n // 2 % 4, 10)) for n in range(1, PARALLEL + 11)])
    most = 0

    def sleep(seconds: float) -> None:
        nonlocal most
        most = max(most, list(world.states().values()).count("starting"))
        world.clock.sleep(seconds)

    assert world.settle(sleep=sleep).complete
    assert most == PARALLEL + 10
