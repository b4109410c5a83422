"""``eas reconcile`` between two ``up`` of two stacks that share a pool: each finds what was done, and does nothing."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Make

pytestmark = pytest.mark.e2e


def test_what_had_to_leave_is_moved_for_both_stacks_and_their_next_up_restarts_nobody(project: Make) -> None:
    lab = project()
    lab.service("page", gpu_memory=20, instance=2, **{"scheduling.spread.policy": "host"})
    lab.service("llm", gpu_memory=48)
    lab.up()
    guest = project("guest", clone_of=lab, owner="guest-9z8y7x")
    guest.remove("page", "llm")
    guest.service("visitor", gpu_memory=30)
    guest.configure(ledger=str(lab.ledger()), references=["lab"])
    guest.up()
    # Both are told to leave; `page` is spread over both nodes, so one of it runs on where it is.
    for name in ("llm", "visitor"):
        where = lab.query(f"select node from instance where service = '{name}'")[0][0]
        lab.eas("drain", where, "--reason", "fan")
        said = lab.eas("reconcile")
        assert f"move {name}/0 on " in said
        assert lab.query(f"select count(*) from instance where node = '{where}' and service = '{name}'") == [
            (0,)
        ]
        lab.eas("uncordon", where)
    after = lab.instances()

    for stack, name in ((lab, "llm"), (guest, "visitor")):
        preview = stack.preview()
        assert f"{name}/0" in preview
        assert "already moved by reconcile at 2" in preview
        stack.up()
        assert lab.instances() == after, "the owner's next up starts and stops nothing for it"
        stack.up("--expect-no-changes")
    assert "everything is as committed" in lab.eas("reconcile")
