"""The loop over real processes: one that serves, one that crashes, and both gone again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from components.runtimes.local.runtime import LocalRuntime
from components.runtimes.port import Runtime
from components.settle.loop import Conduct
from components.settle.teardown import conduct_of, teardown_owner
from tests.settle.world import OWNER, World, place, start

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


def _of(process: psutil.Process, instance: str) -> bool:
    try:
        return instance in process.environ().values()
    except psutil.Error:
        return False
