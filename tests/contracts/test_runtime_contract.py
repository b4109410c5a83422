"""What every runtime answers to, asked of each runtime that runs on any machine."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pytest

from components.runtimes.port import Launch, Observation, Runtime, RuntimeFault
from components.runtimes.simulated import SimulatedRuntime
from tests.runtimes.crashing import Crashing, Killed
from tests.runtimes.machine import Machine, launch, serving
from tests.runtimes.waiting import until


class Bench(Protocol):
    """A runtime with instances of each kind to start on it."""

    runtime: Runtime
    home: Path

    def another(self) -> Runtime: ...
    def answering(self, service: str = "svc", ordinal: int = 0) -> Launch: ...
    def failing(self, words: str) -> Launch: ...
    def silent(self) -> Launch: ...
    def slow_to_end(self) -> Launch: ...
    def kill(self, launched: Launch) -> None: ...


class LocalBench(Machine):
    def answering(self, service: str = "svc", ordinal: int = 0) -> Launch:
        return launch(service, ordinal=ordinal, script=serving())

    def failing(self, words: str) -> Launch:
        return launch(script=f"echo '{words}'; exit 3")

    def silent(self) -> Launch:
        return launch(script="exec sleep 600")

    def slow_to_end(self) -> Launch:
        return launch(script=serving("ignore-term"), grace=1)

    def kill(self, launched: Launch) -> None:
        os.kill(self.leader(launched), signal.SIGKILL)


class SimulatedBench:
    def __init__(self, home: Path) -> None:
        self.home = home
        self.opened: list[SimulatedRuntime] = []
        self.runtime = self.another()

    def another(self) -> SimulatedRuntime:
        self.opened.append(SimulatedRuntime(self.home))
        return self.opened[-1]

    def answering(self, service: str = "svc", ordinal: int = 0) -> Launch:
        return self._launch({}, service, ordinal)

    def failing(self, words: str) -> Launch:
        return self._launch({"simulated/fail": words})

    def silent(self) -> Launch:
        return self._launch({"simulated/silent": "yes"})

    def slow_to_end(self) -> Launch:
        return self._launch({"simulated/stop-after-s": "1"})

    def kill(self, launched: Launch) -> None:
        self.runtime.kill(launched.id)

    def _launch(self, labels: dict[str, str], service: str = "svc", ordinal: int = 0) -> Launch:
        made = launch(service, ordinal=ordinal)
        return replace(made, spec={**made.spec, "labels": labels}, settings={})


@pytest.fixture(params=["local", "simulated"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    home = tmp_path / "project" / ".eas"
    home.mkdir(parents=True)
    if request.param == "simulated":
        simulated = SimulatedBench(home)
        yield simulated
        for runtime in simulated.opened:
            runtime.close()
        return
    local = LocalBench(home)
    try:
        yield local
        local.empty()
        local.assert_nothing_left()
    finally:
        local.wreck()


def see(bench: Bench, launched: Launch) -> Observation:
    return bench.runtime.observe([launched.id])[launched.id]


def becomes(bench: Bench, launched: Launch, condition: str) -> Observation:
    seen = until(lambda: found if (found := see(bench, launched)).condition == condition else None)
    assert seen is not None
    return seen


def test_looking_where_nothing_runs_finds_nothing_and_creates_nothing(bench: Bench) -> None:
    launched = bench.answering()
    assert see(bench, launched) == Observation(launched.id, "absent")
    assert bench.runtime.listing() == ()
    assert bench.runtime.logs(launched.id) == ""
    bench.runtime.stop(launched.id)
    bench.runtime.capabilities()
    assert list(bench.home.iterdir()) == []


def test_an_instance_that_is_started_becomes_ready_where_it_was_put(bench: Bench) -> None:
    launched = bench.answering()
    bench.runtime.start(launched)
    seen = becomes(bench, launched, "ready")
    assert seen.id == launched.id
    assert seen.node == "node-1"
    assert seen.cards == tuple(card.uuid for card in launched.cards)
    assert seen.endpoint.startswith("http://")
    assert bench.runtime.listing() == (launched.id,)


def test_starting_twice_starts_once(bench: Bench) -> None:
    launched = bench.answering()
    bench.runtime.start(launched)
    bench.another().start(launched)
    seen = becomes(bench, launched, "ready")
    bench.runtime.start(launched)
    assert see(bench, launched) == seen
    assert bench.runtime.listing() == (launched.id,)


def test_what_is_stopped_becomes_absent_and_is_no_longer_listed(bench: Bench) -> None:
    launched = bench.answering()
    bench.runtime.start(launched)
    becomes(bench, launched, "ready")
    bench.runtime.stop(launched.id)
    bench.runtime.stop(launched.id)
    becomes(bench, launched, "absent")
    bench.runtime.stop(launched.id)
    assert see(bench, launched) == Observation(launched.id, "absent")
    assert bench.runtime.listing() == ()


def test_what_has_not_ended_yet_is_not_absent_and_cannot_be_started(bench: Bench) -> None:
    launched = bench.slow_to_end()
    bench.runtime.start(launched)
    becomes(bench, launched, "ready")
    bench.runtime.stop(launched.id)
    seen = see(bench, launched)
    assert seen.condition == "failed"
    assert "stopping" in seen.detail
    with pytest.raises(RuntimeFault, match="still stopping") as refused:
        bench.runtime.start(launched)
    assert refused.value.retriable
    becomes(bench, launched, "absent")


def test_a_start_goes_through_as_soon_as_the_stop_is_over_whoever_looked(bench: Bench) -> None:
    launched = bench.slow_to_end()
    bench.runtime.start(launched)
    becomes(bench, launched, "ready")
    bench.runtime.stop(launched.id)

    def started() -> bool:
        with contextlib.suppress(RuntimeFault):
            bench.another().start(launched)
            return True
        return False

    until(started)
    becomes(bench, launched, "ready")


def test_an_instance_that_fails_says_so_with_its_last_words(bench: Bench) -> None:
    launched = bench.failing("no such model: llama")
    bench.runtime.start(launched)
    seen = becomes(bench, launched, "failed")
    assert "no such model: llama" in seen.detail
    assert "no such model: llama" in bench.runtime.logs(launched.id)
    assert bench.runtime.logs(launched.id, lines=0) == ""


def test_restart_starts_a_failed_instance_anew_in_its_place(bench: Bench) -> None:
    failing = bench.failing("out of memory")
    bench.runtime.start(failing)
    becomes(bench, failing, "failed")
    mended = replace(bench.answering(), id=failing.id)
    bench.runtime.restart(mended)
    seen = becomes(bench, mended, "ready")
    assert seen.node == "node-1"
    assert bench.runtime.listing() == (failing.id,)


def test_start_starts_what_has_failed(bench: Bench) -> None:
    failing = bench.failing("out of memory")
    bench.runtime.start(failing)
    becomes(bench, failing, "failed")
    bench.runtime.start(replace(bench.answering(), id=failing.id))
    becomes(bench, failing, "ready")


def test_restart_starts_what_is_not_there(bench: Bench) -> None:
    launched = bench.answering()
    bench.runtime.restart(launched)
    becomes(bench, launched, "ready")


def test_an_instance_that_does_not_answer_is_starting_and_says_what_is_waited_for(bench: Bench) -> None:
    launched = bench.silent()
    bench.runtime.start(launched)
    seen = becomes(bench, launched, "starting")
    assert seen.detail


def test_an_instance_that_dies_is_seen_to_and_never_absent(bench: Bench) -> None:
    launched = bench.answering()
    bench.runtime.start(launched)
    becomes(bench, launched, "ready")
    bench.kill(launched)
    assert see(bench, launched).condition != "absent"
    assert bench.runtime.listing() == (launched.id,)
    bench.runtime.restart(launched)
    becomes(bench, launched, "ready")


def test_many_are_observed_at_once_and_each_for_itself(bench: Bench) -> None:
    many = [bench.answering("many", ordinal) for ordinal in range(6)]
    for launched in many[:5]:
        bench.runtime.start(launched)
    ids = [launched.id for launched in many]
    until(lambda: sum(seen.condition == "ready" for seen in bench.runtime.observe(ids).values()) == 5)
    seen = bench.runtime.observe(ids)
    assert list(seen) == ids
    assert seen[ids[5]].condition == "absent"
    assert len({one.endpoint for one in seen.values()}) == 6


def test_the_listing_tells_owners_apart(bench: Bench) -> None:
    mine = bench.answering()
    other = replace(bench.answering("other"), owner="org/other/dev-z9", id="org/other/dev-z9/other/0/i1")
    bench.runtime.start(mine)
    bench.runtime.start(other)
    assert bench.runtime.listing(mine.owner) == (mine.id,)
    assert bench.runtime.listing(other.owner) == (other.id,)
    assert bench.runtime.listing() == tuple(sorted((mine.id, other.id)))


def test_a_new_token_needs_no_restart(bench: Bench) -> None:
    launched = bench.answering()
    bench.runtime.start(launched)
    seen = becomes(bench, launched, "ready")
    bench.runtime.reconfigure(replace(launched, secrets={"token": "another"}))
    assert see(bench, launched) == seen


def test_what_is_not_there_cannot_be_given_a_new_token(bench: Bench) -> None:
    with pytest.raises(RuntimeFault, match="is not there") as refused:
        bench.runtime.reconfigure(bench.answering())
    assert not refused.value.retriable


def test_another_process_sees_the_same(bench: Bench) -> None:
    launched = bench.answering()
    bench.runtime.start(launched)
    seen = becomes(bench, launched, "ready")
    other = bench.another()
    assert other.observe([launched.id]) == {launched.id: seen}
    assert other.listing() == (launched.id,)
    other.stop(launched.id)
    becomes(bench, launched, "absent")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("verb", ["start", "restart", "stop", "reconfigure"])
def test_asking_again_after_a_crash_finishes_and_does_nothing_twice(
    bench: Bench, verb: str, after: bool
) -> None:
    launched = bench.answering()
    if verb != "start":
        bench.runtime.start(launched)
        becomes(bench, launched, "ready")
    crashing = Crashing(bench.runtime, verb, after=after)
    argument = launched.id if verb == "stop" else launched
    with pytest.raises(Killed):
        getattr(crashing, verb)(argument)
    getattr(bench.another(), verb)(argument)
    becomes(bench, launched, "absent" if verb == "stop" else "ready")
    assert bench.runtime.listing() == (() if verb == "stop" else (launched.id,))


def test_it_says_what_it_can_hold_to(bench: Bench) -> None:
    held = bench.runtime.capabilities()
    assert held.pin_card
    assert held.reconfigure
    assert held.enforced
    assert bench.runtime.name in ("local", "simulated")
