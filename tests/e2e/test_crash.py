"""What dies in the middle is finished by the next ``up``: nothing half-done, nothing twice, nothing leaked."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from tests.e2e.project import Project

pytestmark = pytest.mark.e2e
Make = Callable[..., Project]


def begin_up(lab: Project) -> subprocess.Popen[str]:
    """Start an update without waiting for it."""
    return subprocess.Popen(
        lab.command("up", "--yes", "--skip-preview", "--stack", lab.stack),
        cwd=lab.root,
        env=lab.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Poll until ``true()``; fail after that many seconds."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def started(lab: Project) -> bool:
    """Say whether the ledger has an instance that is being started."""
    return lab.ledger().exists() and any(state == "starting" for state, _ in lab.instances().values())


def test_a_killed_cli_is_resumed_by_the_next_up(project: Make) -> None:
    """``kill -9`` of the CLI while an instance starts: the same instance is finished, not started twice."""
    lab = project(extra="simulated:\n  ready_after_s: 4\n")
    lab.service("page", gpu_memory=20)
    process = begin_up(lab)
    wait_until(lambda: started(lab))
    _, instance = lab.instances()["page/0"]
    process.kill()
    process.wait()
    lab.run("cancel", "--yes", "--stack", lab.stack, ok=None)
    lab.up()
    assert lab.instances() == {"page/0": ("ready", instance)}


def test_interrupting_an_up_leaves_what_the_next_one_finishes(project: Make) -> None:
    """Ctrl-C: the CLI ends, the next ``up`` reaches the same end."""
    lab = project(extra="simulated:\n  ready_after_s: 4\n")
    lab.service("page", gpu_memory=20, instance=2)
    process = begin_up(lab)
    wait_until(lambda: started(lab))
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=60)
    lab.run("cancel", "--yes", "--stack", lab.stack, ok=None)
    lab.up()
    assert {state for state, _ in lab.instances().values()} == {"ready"}
    assert len(lab.instances()) == 2


def test_a_first_up_that_fails_leaves_nothing_after_a_destroy(project: Make) -> None:
    """No Placement in Pulumi's state then: deleting the services stops and releases what they still hold."""
    lab = project()
    lab.service("good", gpu_memory=20)
    lab.write(
        "bad.json",
        {
            "metadata": {"name": "bad", "instance": 1, "gpu_memory": 20},
            "containers": [{"image": "x:1", "script": "exit 1", "port": 8000}],
            "labels": {"simulated.fail": "true"},
        },
    )
    said = lab.up(ok=False)
    assert "bad/0" in said
    assert lab.instances()["good/0"][0] == "ready", "one broken service does not stop the others"
    lab.destroy()
    assert lab.instances() == {}


def test_a_dead_process_is_found_by_refresh_and_repaired_in_place(project: Make) -> None:
    """Refresh shows it as an observed assignment; the next ``up`` restarts it where it was, and only it."""
    lab = project(runtime="local", extra=f"local:\n  ports: [{24000 + os.getpid() % 500 * 4}, {24000 + os.getpid() % 500 * 4 + 40}]\n")
    script = "exec python3 -m http.server $PORT --bind 127.0.0.1"
    for name in ("page", "llm"):
        lab.write(
            f"{name}.json",
            {"metadata": {"name": name, "gpu_memory": 10}, "containers": [{"image": "x:1", "script": script, "port": 8000}]},
        )
    lab.up()
    healthy = lab.instances()
    assert "unchanged" in lab.refresh("--expect-no-changes")
    before = lab.assignments()

    victim = healthy["page/0"][1]
    pids = [
        int(entry)
        for entry in os.listdir("/proc")
        if entry.isdigit() and f"EAS_INSTANCE={victim}".encode() in _environment(int(entry))
    ]
    assert pids
    subprocess.run([str(lab.root), "x"], check=False) if False else None
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    lab.refresh()
    lab.up()
    assert lab.assignments() == before
    assert lab.instances()["llm/0"] == healthy["llm/0"]
    assert lab.instances()["page/0"][0] == "ready"


def _environment(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read()
    except OSError:
        return b""
