"""Two projects on one ledger and real processes: what one of them does for the other is done to what really runs."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Make
from tests.e2e.project import kill, processes_of, wait_until
from tests.runtimes.machine import port_range

pytestmark = pytest.mark.e2e

SERVE = "exec python3 -m http.server $PORT --bind 127.0.0.1"


def test_reconcile_and_release_act_on_what_another_project_started(project: Make) -> None:
    """Nothing is started twice, what died is restarted where it was, and what is released is gone."""
    ports = list(port_range())
    platform = project("platform", runtime="local", nodes=("gpu-a",), local={"ports": ports})
    ledger = str(platform.ledger())
    guest = project("guest", runtime="local", owner="guest-0a1b2c")
    (guest.root / "pool.yaml").unlink()
    guest.configure(references=["lab"], ledger=ledger)
    platform.service("page", gpu_memory=10, script=SERVE)
    platform.up()
    guest.service("visitor", gpu_memory=10, script=SERVE)
    guest.up()
    (visitor,) = [row for name, (_, row) in platform.instances().items() if name == "visitor/0"]
    running = processes_of(visitor)
    assert len(running) == 1

    assert "everything is as committed" in platform.eas("reconcile")
    assert processes_of(visitor) == running, "it runs, and is seen to"

    kill(running)
    wait_until(lambda: not set(processes_of(visitor)) & set(running))
    platform.eas("reconcile", ok=None)
    wait_until(lambda: len(processes_of(visitor)) == 1)
    assert "unchanged" in guest.refresh()

    assert "released 1" in platform.eas("release", "--owner", "organization/eas-slices/guest-0a1b2c", "--yes")
    wait_until(lambda: not processes_of(visitor))
    assert "visitor/0" not in platform.instances()
    platform.eas("down", "--yes")
