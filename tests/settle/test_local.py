"""The loop over real processes: one that serves, one that crashes, and both gone again."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from components.runtimes.local.runtime import LocalRuntime
from components.runtimes.port import Runtime
from components.settle.loop import Conduct
from components.settle.teardown import conduct_of, teardown_owner
from tests.settle.world import OWNER, World, again, place, start, stop

pytestmark = pytest.mark.e2e

SERVES = """
import os, socket, time
listener = socket.socket(); listener.bind(("127.0.0.1", int(os.environ["PORT"]))); listener.listen()
while True: listener.accept()[0].close()
"""
CRASHES = (
    "import os, sys; print('no such weights, token', open(os.environ['EAS_TOKEN_FILE']).read()); sys.exit(3)"
)
SETTINGS = {
    "run": {"page": [sys.executable, "-c", SERVES], "broken": [sys.executable, "-c", CRASHES]},
    "ready_timeout_s": 30,
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path, settings=SETTINGS, runtime_name="local")
    runtime = LocalRuntime(tmp_path)
    world.runtime = runtime
    yield world
    world.said.clear()
    teardown_owner(world.ledger, lambda _name: runtime, OWNER, because="test", conduct=_quiet(world))
    assert runtime.listing() == ()
    world.close()


def _quiet(world: World) -> Conduct:
    base = conduct_of("test")
    return Conduct(base.holder, base.clock, base.sleep, world.said.append)


def test_real_processes_start_fail_and_end(world: World) -> None:
    runtime: Runtime = world.runtime
    world.declare("page", "broken")
    made = world.commit([start(1, "page", 0, place(0, 0)), start(2, "broken", 0, place(0, 1))])
    base = conduct_of("test")
    outcome = world.settle(clock=base.clock, sleep=base.sleep)
    assert outcome.ready == (made.ids[1],)
    assert outcome.failed.keys() == {"broken/0"}
    reason = outcome.failed["broken/0"]
    assert "exited with status 3" in reason or "ended before it ever answered" in reason
    assert "no such weights, token (secret)" in reason
    assert "token-of-broken" not in world.rows()[made.ids[2]].detail
    assert runtime.listing(OWNER) == (made.ids[1],), "the one that crashes is not running any more"
    assert world.rows()[made.ids[1]].endpoint.startswith("http://127.0.0.1:")
    marked = [process for process in psutil.process_iter() if _of(process, made.ids[1])]
    assert marked
    teardown_owner(world.ledger, lambda _name: runtime, OWNER, because="down", conduct=_quiet(world))
    assert not [process for process in marked if process.is_running() and process.status() != "zombie"]
    assert world.states() == {}


def test_an_instance_of_an_old_revision_starts_again_with_what_that_revision_ran(world: World) -> None:
    """A roll is paused or not begun, the pool's line is the next revision's already, and an old instance is repaired."""
    ran = world.home / "ran"
    old, new = (
        {"run": {"page": [sys.executable, "-c", f"open({str(ran)!r}, 'a').write('{letter}')\n{SERVES}"]}}
        for letter in "on"
    )
    base = conduct_of("test")
    world.settings = SETTINGS | old
    world.declare("page", settings=old)
    made = world.commit([start(1, "page", 0, place(0, 0))])
    assert world.settle(clock=base.clock, sleep=base.sleep).complete
    world.settings = SETTINGS | new
    world.declare("page", settings=new, revision="r2")
    end(world, made.ids[1])
    world.commit([again("restart", 1, "page", 0, made.ids[1])])
    assert world.settle(clock=base.clock, sleep=base.sleep).complete
    assert ran.read_text() == "oo"
    world.commit(
        [stop(1, "page", 0, made.ids[1]), start(2, "page", 0, place(0, 0), 1, how="roll", revision="r2")],
        revisions={"page": "r2"},
    )
    assert world.settle(clock=base.clock, sleep=base.sleep).complete
    assert ran.read_text() == "oon"


def end(world: World, instance: str) -> None:
    """Let an instance end behind the ledger's back."""
    limit = time.monotonic() + 30
    world.runtime.stop(instance)
    while world.runtime.observe([instance])[instance].condition != "absent":
        assert time.monotonic() < limit, "it does not end"
        time.sleep(0.1)


def _of(process: psutil.Process, instance: str) -> bool:
    try:
        return instance in process.environ().values()
    except psutil.Error:
        return False
