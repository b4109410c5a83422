"""Decision (g): one process at a time carries out, and one whose CLI is gone stops."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from components.ledger import open_ledger, this_process
from components.providers.work import session
from tests.providers.engine import OWNER, Refused, Stack


@pytest.fixture
def somebody() -> Iterator[subprocess.Popen[bytes]]:
    """Another process of this machine."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield process
    process.kill()
    process.wait()


def test_g_a_lease_of_another_live_process_refuses_the_check_and_a_dead_ones_is_taken_over(
    stack: Stack, somebody: subprocess.Popen[bytes]
) -> None:
    """It is named; once it is gone, the same ``up`` goes through."""
    stack.service("page", gpu_memory=20)
    stack.up()
    with open_ledger(str(stack.ledger_file), home=stack.root, create=False) as ledger:
        holder = this_process("pulumi up in another terminal", somebody.pid)
        ledger.lease(OWNER, ["page"], holder=holder, now=session.now())
    stack.service("page", gpu_memory=20, instance=2)
    with pytest.raises(Refused, match=rf"another process .*{somebody.pid}.* holds service page"):
        stack.preview()
    somebody.kill()
    somebody.wait()
    stack.up()
    assert {name: row[0] for name, row in stack.rows().items()} == {"page/0": "ready", "page/1": "ready"}


def test_g_a_commit_is_refused_where_somebody_began_after_the_check(
    stack: Stack, somebody: subprocess.Popen[bytes]
) -> None:
    """The check saw no lease, the commit does: nothing is changed."""
    stack.service("page", gpu_memory=20)
    stack.up()
    stack.service("page", gpu_memory=20, instance=2)
    with (
        pytest.MonkeyPatch.context() as patch,
        open_ledger(str(stack.ledger_file), home=stack.root, create=False) as ledger,
    ):
        patch.setattr("components.providers.work.placement._not_now", lambda *_: "")
        holder = this_process("eas reconcile", somebody.pid)
        ledger.lease(OWNER, ["page"], holder=holder, now=session.now())
        with pytest.raises(Exception, match=rf"carried out already: page by .*{somebody.pid}") as refused:
            stack.up()
        assert type(refused.value).__name__ == "LeaseHeld"
    assert set(stack.rows()) == {"page/0"}


def test_g_a_provider_whose_cli_is_gone_stops_after_the_effect_in_hand(stack: Stack) -> None:
    """The rest is for the next ``up``. One that does not notice gives up after 10 s, with another sentence."""
    stack.pools["lab"]["simulated"] = {"ready_after_s": 3600, "ready_timeout_s": 10}
    stack.service("page", gpu_memory=20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "orphaned", lambda: bool(stack.runs()))
        with pytest.raises(Exception, match="interrupted: it was asked to stop"):
            stack.up()
    assert stack.rows()["page/0"][0] == "starting"
    stack.pools["lab"]["simulated"] = {}
    with stack.read_ledger() as ledger:
        assert ledger.leases(OWNER, now=session.now()) == ()
