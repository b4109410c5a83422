"""Real processes on this machine: killed ones are found and repaired, broken ones are named with their last words."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.e2e.conftest import Make
from tests.e2e.project import kill, processes_of, wait_until

pytestmark = pytest.mark.e2e

SERVE = "exec python3 -m http.server $PORT --bind 127.0.0.1"


@pytest.fixture
def ports() -> Iterator[tuple[int, int, socket.socket]]:
    """Return a range of ports below the kernel's own, with its first one busy."""
    for low in range(24000, 32000, 50):
        busy = socket.socket()
        try:
            busy.bind(("127.0.0.1", low))
        except OSError:
            busy.close()
            continue
        busy.listen()
        yield low, low + 40, busy
        busy.close()
        return
    raise AssertionError("no port is free")


def test_processes_serve_are_repaired_in_place_and_broken_ones_are_named(
    project: Make, ports: tuple[int, int, socket.socket]
) -> None:
    """One stack: a busy port is passed over, refresh finds a dead process, and one broken service stops no other."""
    low, high, _ = ports
    lab = project(runtime="local", local={"ports": [low, high]})
    lab.service("page", gpu_memory=10, script=f"test ! -e gone || exit 7; {SERVE}")
    lab.service("llm", gpu_memory=10, script=SERVE)
    said = lab.up()
    assert "limits are not enforced here" in said or "CUDA" in said
    assert "is not pulled" in said
    healthy, outputs = lab.instances(), lab.placement()
    urls = [url for places in outputs["endpoints"].values() for url in places.values()]
    assert f"http://127.0.0.1:{low}" not in urls
    assert "unchanged" in lab.refresh("--expect-no-changes")

    # A process that dies for good: seen by refresh, restarted where it was by the next up, and only it.
    victim = healthy["page/0"][1]
    before = processes_of(healthy["llm/0"][1])
    assert processes_of(victim)
    (lab.root / "gone").touch()
    kill(processes_of(victim))
    wait_until(lambda: "dead (was " in lab.refresh("--diff"), seconds=180)
    (lab.root / "gone").unlink()
    lab.up()
    assert lab.instances() == healthy
    assert processes_of(healthy["llm/0"][1]) == before
    assert lab.placement()["endpoints"] == outputs["endpoints"], "a repair keeps the port"

    # One that exits at once, one that never answers: both named, with log and limit, and the new good one is up.
    lab.service("good", gpu_memory=10, script=SERVE)
    lab.service("quits", gpu_memory=10, script="echo weights are missing; exit 3")
    lab.service("mute", gpu_memory=10, script="exec sleep 600")
    lab.pool("gpu-a", "gpu-b", local={"ports": [low, high], "ready_timeout_s": 4})
    said = lab.up(ok=False)
    assert "quits/0" in said
    assert "weights are missing" in said
    assert "mute/0" in said
    assert "ready_timeout_s" in said
    states = {name: state for name, (state, _) in lab.instances().items()}
    assert states == {
        "page/0": "ready",
        "llm/0": "ready",
        "good/0": "ready",
        "quits/0": "failed",
        "mute/0": "failed",
    }
    ids = [instance for _, instance in lab.instances().values()]

    lab.destroy()
    assert lab.instances() == {}
    assert [pid for instance in ids for pid in processes_of(instance)] == []
