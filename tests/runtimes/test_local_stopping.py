"""How an instance ends: asked, given its time, killed, and absent only when all of it is gone."""

from __future__ import annotations

import json
import os
import signal
import sys

import psutil
import pytest

from components.runtimes.local import processes
from components.runtimes.local.folder import slug
from components.runtimes.local.processes import Seen, Started, mine
from tests.runtimes.machine import Machine, launch, serving
from tests.runtimes.waiting import until


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_an_instance_is_asked_once_and_may_end_in_peace(machine: Machine) -> None:
    launched = launch(script=serving())
    machine.ready(launched)
    for _ in range(3):
        machine.runtime.stop(launched.id)
    machine.becomes(launched, "absent")
    assert machine.runtime.logs(launched.id).splitlines() == ["serving", "asked to end", "bye"]


def test_an_instance_that_is_still_ending_is_not_asked_twice(machine: Machine) -> None:
    """A second SIGTERM makes many servers drop what they still do."""
    launched = launch(script=serving("ignore-term"), grace=2)
    machine.ready(launched)
    for _ in range(5):
        machine.another().stop(launched.id)
        assert machine.see(launched).condition == "failed"
    machine.becomes(launched, "absent")
    assert machine.runtime.logs(launched.id).count("asked to end") == 1


def test_an_instance_that_ignores_its_signal_is_killed_after_its_grace_period(machine: Machine) -> None:
    launched = launch(script=serving("ignore-term"), grace=1)
    machine.ready(launched)
    leader = machine.leader(launched)
    machine.runtime.stop(launched.id)
    seen = machine.see(launched)
    assert seen.condition == "failed"
    assert seen.detail.startswith(f"stopping: 1 process (pid {leader}) left, killed in ")
    machine.becomes(launched, "absent")
    assert gone(leader)


STUBBORN = "trap '' TERM; while :; do sleep 0.1; done"


@pytest.mark.parametrize("how", ["", "setsid "], ids=["in its group", "in a session of its own"])
def test_absent_means_that_the_grandchildren_are_gone_too(machine: Machine, how: str) -> None:
    """Row 5 of the known failures: a slice must not be given away while a process still holds it."""
    launched = launch(script=f'{how}sh -c "{STUBBORN}" & {serving()}', grace=1)
    machine.ready(launched)
    until(lambda: len(machine.pids(launched)) >= 2)
    leader = machine.leader(launched)
    grandchildren = [pid for pid in machine.pids(launched) if pid != leader]
    machine.runtime.stop(launched.id)
    until(lambda: gone(leader))
    machine.becomes(launched, "absent")
    assert all(gone(pid) for pid in grandchildren)


def test_a_grandchild_without_environment_is_known_by_its_group(machine: Machine) -> None:
    launched = launch(script=f'env -i sh -c "{STUBBORN}" & {serving()}', grace=1)
    machine.ready(launched)
    leader = machine.leader(launched)
    unmarked = until(
        lambda: [seen.pid for seen in processes.table() if seen.group == leader and not seen.mark]
    )
    machine.runtime.stop(launched.id)
    machine.becomes(launched, "absent")
    assert all(gone(pid) for pid in unmarked)


def test_a_process_is_an_instances_by_its_mark_or_else_by_group_and_session() -> None:
    started = (Started(leader=10, session=5), Started(leader=20, session=5))
    assert mine(Seen(11, 11, 11, "home.svc"), "home.svc", ())
    assert mine(Seen(21, 20, 5, ""), "home.svc", started)
    assert mine(Seen(12, 10, 5, ""), "home.svc", started)
    assert not mine(Seen(21, 20, 5, "home.other"), "home.svc", started)
    assert not mine(Seen(21, 20, 6, ""), "home.svc", started)
    assert not mine(Seen(21, 30, 5, ""), "home.svc", started)


def test_a_stop_returns_at_once(machine: Machine) -> None:
    """It is the observer who waits: one slow service must not keep the stops of others waiting."""
    slow = [launch(ordinal=n, script=serving("ignore-term"), grace=600) for n in range(3)]
    for launched in slow:
        machine.ready(launched)
    for launched in slow:
        machine.runtime.stop(launched.id)
    assert {machine.see(launched).condition for launched in slow} == {"failed"}
    for launched in slow:
        for pid in machine.pids(launched):
            os.kill(pid, signal.SIGKILL)
        machine.becomes(launched, "absent")


def test_a_stop_whose_caller_died_before_the_signal_is_carried_out_by_the_next_look(machine: Machine) -> None:
    launched = launch(script=serving())
    machine.ready(launched)
    file = machine.folder.of(slug(launched.id)) / "record.json"
    record = json.loads(file.read_text())
    file.write_text(json.dumps({**record, "stopping": record["stopping"] or 1e12}))
    machine.becomes(launched, "absent")
    assert machine.runtime.logs(launched.id).splitlines()[-1] == "bye"


def test_what_failed_is_stopped_like_anything_else(machine: Machine) -> None:
    launched = launch(script="exit 1")
    machine.runtime.start(launched)
    machine.runtime.stop(launched.id)
    machine.becomes(launched, "absent")
    assert machine.runtime.listing() == ()


def test_restart_clears_what_a_dead_instance_left_behind(machine: Machine) -> None:
    launched = launch(script=f'sh -c "{STUBBORN}" & exit 1', grace=1)
    machine.runtime.start(launched)
    machine.becomes(launched, "failed")
    left = machine.pids(launched)
    assert left
    mended = launch(script=serving())
    machine.runtime.restart(mended)
    machine.becomes(mended, "ready")
    assert all(gone(pid) for pid in left)


def test_processes_without_a_record_are_seen_listed_and_stopped(machine: Machine) -> None:
    """Somebody removed the project's files while it ran."""
    launched = launch(script=serving())
    machine.ready(launched)
    machine.kill_supervisor()
    (machine.folder.of(slug(launched.id)) / "record.json").unlink()
    seen = machine.see(launched)
    assert seen.condition == "failed"
    assert "without a record" in seen.detail
    assert machine.runtime.listing(launched.owner) == (launched.id,)
    machine.runtime.stop(launched.id)
    machine.becomes(launched, "absent")


def test_logs_of_stopped_instances_are_kept_up_to_a_number(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("components.runtimes.local.logs.KEPT", 2)
    many = [launch(ordinal=n, script=f"echo instance {n}; exit 1") for n in range(4)]
    for n, launched in enumerate(many):
        machine.runtime.start(launched)
        machine.becomes(launched, "failed")
        machine.runtime.stop(launched.id)
        machine.becomes(launched, "absent")
        assert machine.runtime.logs(launched.id, 1) == f"instance {n}"
    assert [bool(machine.runtime.logs(launched.id)) for launched in many] == [False, False, True, True]


def test_the_whole_group_gets_the_signal(machine: Machine) -> None:
    child = (
        "import signal, sys, time; "
        "signal.signal(15, lambda *_: (print('child bye', flush=True), sys.exit())); time.sleep(600)"
    )
    launched = launch(script=f'{sys.executable} -S -c "{child}" & {serving()}')
    machine.ready(launched)
    machine.runtime.stop(launched.id)
    machine.becomes(launched, "absent")
    assert sorted(machine.runtime.logs(launched.id).splitlines()[-3:]) == ["asked to end", "bye", "child bye"]
