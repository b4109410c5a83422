"""``eas status`` and ``eas release``: what is not as it should be, and giving up what nobody carries out."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from components.cli.base.session import now
from components.ledger import StalePlan, this_process, user_at_host
from tests.cli.scratch import OWNER, Scratch

ONE_NODE = "nodes:\n  gpu-a: {{instance_type: ecs.gn7e-c16g1.8xlarge}}\n"


def lists(scratch: Scratch) -> dict[str, list[str]]:
    """Return what `eas status` lists, by kind: instances, places or pools."""
    found = scratch.json("status")
    return {
        kind: [
            fact.get("instance") or fact.get("where") or fact.get("what") or fact["pool"] for fact in facts
        ]
        for kind, facts in found.items()
        if facts
    }


def test_a_sound_fleet_has_nothing_to_say(fleet: Scratch) -> None:
    assert lists(fleet) == {}
    assert fleet.ok("status").strip() == "nothing waits, drains, is stale or fails"


def test_where_there_is_no_ledger_that_is_the_first_thing_said(fleet: Scratch, tmp_path: Path) -> None:
    elsewhere = ("--ledger", str(tmp_path / "no-such-folder" / "x.db"))
    said = f"there is no ledger at sqlite:///{tmp_path}/no-such-folder/x.db yet: "
    for command in ("status", "pool", "ls"):
        assert fleet.ok(command, *elsewhere).startswith(said), command
        result = fleet.eas(command, *elsewhere, "--json")
        assert (result.exit_code, result.stderr.startswith(said)) == (0, True), command
        json.loads(result.stdout)
        assert "there is no ledger" not in fleet.ok(command), command
    assert "nothing waits" not in fleet.ok("status", *elsewhere)
    assert not (tmp_path / "no-such-folder").exists()


def test_who_waits_and_who_must_leave_is_listed(scratch: Scratch) -> None:
    scratch.pool("name: lab\nruntime: {runtime}\non_insufficient: wait\n" + ONE_NODE)
    scratch.service("big", gpu=2)
    scratch.service("late", gpu_memory=8)
    scratch.apply()
    scratch.ok("drain", "gpu-a/0", "--reason", "fan: Too hot")
    assert lists(scratch) == {"waiting": ["late/0"], "leaving": ["gpu-a/0"]}
    shown = scratch.ok("status")
    assert "draining" in shown
    assert "1 there: big/0" in shown
    assert "fan: Too hot" in shown


def test_a_place_whose_apply_is_dead_is_stale_and_can_be_released(fleet: Scratch) -> None:
    fleet.service("extra", gpu_memory=4)
    fleet.apply(carry_out=False)
    assert lists(fleet) == {"stale": ["extra/0"]}
    assert "not stale" in fleet.eas("release", "llm/0", "--yes").stderr
    assert fleet.json("release", "extra/0", "--yes") == {"released": ["extra/0"]}
    assert lists(fleet) == {}
    told = fleet.json("history", "extra/0")
    assert told[-1]["what"] == "gone"
    assert told[-1]["because"].startswith("eas release by ")
    assert "holds nothing that is to be released" in fleet.ok("release", "--yes")
    assert [row["status"] for row in fleet.json("ls")].count("Running") == 2


def test_what_a_live_process_carries_out_is_not_stale(fleet: Scratch) -> None:
    fleet.service("extra", gpu_memory=4)
    fleet.apply(carry_out=False)
    session = fleet.session()
    holder = this_process("pulumi up", os.getppid())
    session.writable_ledger.lease(OWNER, ["extra"], holder=holder, now=now(), ttl=timedelta(minutes=5))
    session.close()
    assert lists(fleet) == {"carrying_out": ["extra"]}
    assert "pulumi up" in fleet.ok("status")


def test_what_a_live_reconciler_goes_on_with_is_not_stale(fleet: Scratch) -> None:
    fleet.service("extra", gpu_memory=4)
    fleet.apply(carry_out=False)
    session = fleet.session()
    holder = this_process("eas reconcile", os.getppid())
    session.writable_ledger.lease(
        "reconcile", ["pool/lab"], holder=holder, now=now(), ttl=timedelta(minutes=5)
    )
    session.close()
    assert lists(fleet) == {"reconcilers": ["lab"]}


def test_all_of_an_owner_that_is_gone_is_released(fleet: Scratch) -> None:
    guest = "organization/eas-slices/guest-0a1b2c"
    fleet.stack("guest", owner=guest)
    assert (
        "holds what is of " + OWNER in fleet.eas("release", "--owner", guest, "--yes", "-s", "guest").stderr
    )
    released = fleet.json("release", "--owner", OWNER, "--yes", "-s", "guest")["released"]
    assert sorted(released) == ["llm/0", "llm/1", "page/0"]
    assert all(not row["cards"] for row in fleet.json("ls", "-s", "test"))


def test_a_ledger_that_holds_nothing_of_anybody_says_so(scratch: Scratch) -> None:
    said = scratch.eas("release", "--owner", "a/b/c", "--yes").stderr
    assert "the ledger holds nothing of a/b/c, nor of anybody else" in said


def test_all_of_an_owner_is_never_released_unasked(fleet: Scratch) -> None:
    assert "no terminal to ask on" in fleet.eas("release", "--owner", OWNER).stderr
    assert {row["status"] for row in fleet.json("ls")} == {"Running"}
    assert "leave the names out" in fleet.eas("release", "llm", "--owner", OWNER).stderr


def test_a_plan_that_lost_against_others_is_listed_for_an_hour(fleet: Scratch) -> None:
    session = fleet.session()
    lost = StalePlan("late/0 found the card taken", reason="taken", service="late", card="no-such-card")
    for age in (30, 90):
        session.writable_ledger.conflict(
            OWNER, lost, now=now() - timedelta(minutes=age), because="Placement update"
        )
    session.close()
    (fact,) = fleet.json("status")["conflicts"]
    assert (fact["service"], fact["reason"], fact["who"]) == ("late", "taken", user_at_host())
    shown = fleet.ok("status")
    assert "lost against others" in shown
    assert "late/0 found the card taken" in shown
    assert [row["what"] for row in fleet.json("history", "late")] == ["conflict: taken"] * 2


@pytest.mark.parametrize("times", [1, 3])
def test_one_that_fails_is_failed_and_after_three_times_crash_looping(scratch: Scratch, times: int) -> None:
    scratch.pool("name: lab\nruntime: {runtime}\nsimulated: {{fail: [bad]}}\n" + ONE_NODE)
    scratch.service("bad", gpu_memory=2)
    for _ in range(times):
        scratch.apply()
    assert lists(scratch) == {"failed" if times == 1 else "crash_looping": ["bad/0"]}
    assert "fails as it was told" in scratch.ok("status")
