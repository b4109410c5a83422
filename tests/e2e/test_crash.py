"""What dies in the middle is finished by the next ``up``: nothing half-done, nothing twice, nothing leaked."""

from __future__ import annotations

import signal
import sqlite3
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import Make
from tests.e2e.project import Project, provider_of, wait_until

pytestmark = pytest.mark.e2e


def starting(lab: Project) -> bool:
    """Say whether the ledger has an instance that is being started."""
    return any(state == "starting" for state, _ in lab.instances().values())


def starts(lab: Project) -> dict[str, int]:
    """Return instance id -> how often the runtime was told to start it."""
    with sqlite3.connect(Path(lab.root, ".eas", "simulated", "instances.db")) as rows:
        found = dict(rows.execute("select id, starts from instance").fetchall())
    rows.close()
    return found


@pytest.mark.parametrize("who", ["cli", "provider"])
def test_kill_9_in_the_middle_is_resumed_by_the_next_up(project: Make, who: str) -> None:
    """The same instance is finished, started once; a provider that outlives its CLI stops by itself."""
    lab = project(simulated={"ready_after_s": 5})
    lab.service("page", gpu_memory=20)
    cli = lab.begin_up()
    wait_until(lambda: starting(lab))
    _, instance = lab.instances()["page/0"]
    provider = provider_of(cli)
    (cli if who == "cli" else provider).kill()
    cli.wait(timeout=60)
    wait_until(lambda: not provider.is_running() or provider.status() == "zombie", 15)
    if who == "cli":
        lab.unlock()
    lab.up()
    assert lab.instances() == {"page/0": ("ready", instance)}
    assert starts(lab) == {instance: 1}
    assert lab.placement()["status"] == {"page": "1/1 ready"}
    lab.destroy()
    assert starts(lab) == {}


def test_ctrl_c_leaves_what_the_next_up_finishes(project: Make) -> None:
    """The first one lets the step in hand go on, the second one ends the CLI."""
    lab = project(simulated={"ready_after_s": 6})
    lab.service("page", gpu_memory=20, instance=2)
    cli = lab.begin_up()
    wait_until(lambda: starting(lab))
    before = {name: instance for name, (_, instance) in lab.instances().items()}
    cli.send_signal(signal.SIGINT)
    time.sleep(0.5)
    cli.send_signal(signal.SIGINT)
    assert cli.wait(timeout=60) != 0
    lab.unlock()
    lab.up()
    assert lab.instances() == {name: ("ready", instance) for name, instance in before.items()}
    assert set(starts(lab).values()) == {1}


def test_a_first_up_that_fails_leaves_nothing_after_a_destroy(project: Make) -> None:
    """No Placement in Pulumi's state then: deleting the services stops and releases what they still hold."""
    lab = project()
    lab.service("good", gpu_memory=20)
    lab.service("bad", gpu_memory=20, labels={"simulated/fail": "out of luck"})
    said = lab.up(ok=False)
    assert "1 ready, 0 stopped, 1 failed" in said
    assert "out of luck" in said
    assert {name: state for name, (state, _) in lab.instances().items()} == {
        "good/0": "ready",
        "bad/0": "failed",
    }
    lab.destroy()
    assert lab.instances() == {}
    assert starts(lab) == {}


def test_a_failed_roll_pauses_and_a_reverted_file_restarts_nothing(project: Make) -> None:
    """The old revision goes on serving; the file as it was is what runs."""
    lab = project()
    lab.service("page", gpu_memory=20, instance=2)
    lab.up()
    before = lab.instances()
    bad = {"max_unavailable": 0, "max_surge": 1}
    lab.service(
        "page", gpu_memory=24, instance=2, rolling_strategy=bad, labels={"simulated/fail": "no such weights"}
    )
    said = lab.up(ok=False)
    assert "no such weights" in said
    serving = [instance for state, instance in lab.instances().values() if state == "ready"]
    assert set(serving) <= {instance for _, instance in before.values()}
    lab.service("page", gpu_memory=20, instance=2)
    lab.up()
    assert lab.instances() == before
    assert set(starts(lab).values()) == {1}
