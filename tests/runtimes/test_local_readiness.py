"""When an instance is ready, and what is said about one that is not."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Mapping
from typing import Any

import pytest

from components.runtimes.local.exits import last
from components.runtimes.local.launch import RETRIES, TRIES
from components.runtimes.local.observing import View, judge, with_log
from components.runtimes.local.record import Record
from tests.runtimes.machine import Machine, launch, serving
from tests.runtimes.waiting import until

RECORD = Record("o/svc/0/i1", port=20001, declared_port=8000)


def view(**seen: Any) -> View:
    unseen: dict[str, Any] = {
        "alive": False,
        "orphaned": False,
        "silence": "",
        "answered": False,
        "starts": 1,
        "kept": None,
    }
    return View(RECORD, **{**unseen, **seen})


@pytest.mark.parametrize(
    ("seen", "condition"),
    [
        (view(alive=True), "ready"),
        (view(alive=True, orphaned=True), "ready"),
        (view(alive=True, silence="connection refused"), "starting"),
        (view(alive=True, silence="connection refused", answered=True), "starting"),
        (view(kept={"statename": "STARTING"}), "starting"),
        (view(kept={"statename": "BACKOFF"}), "starting"),
        (view(kept={"statename": "BACKOFF"}, starts=TRIES), "failed"),
        (view(kept={"statename": "STARTING"}, starts=TRIES), "failed"),
        (view(kept={"statename": "BACKOFF"}, starts=TRIES + 5, answered=True), "starting"),
        (view(kept={"statename": "FATAL"}), "failed"),
        (view(kept={"statename": "EXITED"}, answered=True), "starting"),
        (view(kept={"statename": "EXITED"}, starts=TRIES), "failed"),
        (view(kept={"statename": "STOPPED"}), "failed"),
        (view(kept={"statename": "UNKNOWN", "spawnerr": "hangs"}), "failed"),
        (view(kept=None), "failed"),
        (view(starts=0), "failed"),
    ],
)
def test_what_is_seen_means_one_condition(seen: View, condition: str) -> None:
    assert judge(seen)[0] == condition


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (view(starts=0), "it was not started"),
        (
            view(starts=0, kept={"statename": "FATAL", "spawnerr": "no such file"}),
            "it was not started: no such file",
        ),
        (
            view(starts=1, exit="exited with status 3"),
            "it exited with status 3, after 1 start without an answer",
        ),
        (
            view(starts=4, answered=True, exit="was ended by SIGKILL"),
            "it was ended by SIGKILL, after 4 starts",
        ),
        (
            view(exit="exited with status 121"),
            "its project folder cannot be entered, after 1 start without an answer",
        ),
        (view(), "its process is gone, after 1 start without an answer"),
    ],
)
def test_a_failure_is_told_in_a_sentence(seen: View, words: str) -> None:
    assert judge(seen) == ("failed", words)


def test_a_silent_instance_is_told_with_its_port_and_the_declared_one() -> None:
    assert judge(view(alive=True, silence="connection refused"))[1] == (
        "it runs and does not answer yet: a TCP connection at 127.0.0.1:20001: connection refused (the local runtime "
        "gives each instance its own port in $PORT, here 20001; the container declares port 8000)"
    )


def test_the_log_follows_a_failure() -> None:
    assert with_log("it ended", "one\ntwo") == "it ended; its log ends:\n    one\n    two"
    assert with_log("it ended", "") == "it ended; it printed nothing"


def check(path: str, **more: Any) -> Mapping[str, Any]:
    return {"http_get": {"path": path, "port": 8000}, **more}


def test_a_health_check_asks_its_path_at_the_instances_own_port(machine: Machine) -> None:
    launched = launch(script=serving("status=503"), port=8000, health_check=check("/healthz"))
    machine.runtime.start(launched)
    seen = until(lambda: found if "HTTP status 503" in (found := machine.see(launched)).detail else None)
    assert seen is not None
    assert seen.condition == "starting"
    assert "GET /healthz at 127.0.0.1:" in seen.detail
    assert "the container declares port 8000" in seen.detail
    machine.runtime.restart(launch(script=serving("status=204"), port=8000, health_check=check("/healthz")))
    machine.becomes(launched, "ready")


def test_without_a_check_the_port_is_enough(machine: Machine) -> None:
    launched = launch(script=serving("status=500"))
    machine.ready(launched)


def test_an_instance_that_listens_and_never_answers_is_not_ready_and_nobody_waits_long(
    machine: Machine,
) -> None:
    program = (
        "import os, socket, time; s = socket.socket(); s.bind(('127.0.0.1', int(os.environ['PORT']))); "
        "s.listen(64); time.sleep(600)"
    )
    launched = launch(
        command=["python3", "-c", program], health_check=check("/", timeout_seconds=20), grace=1
    )
    machine.runtime.start(launched)
    seen = until(lambda: found if "no answer within" in (found := machine.see(launched)).detail else None)
    assert seen is not None
    assert "no answer within 2 s" in seen.detail
    assert seen.condition == "starting"


def test_an_instance_that_exits_at_once_fails_soon_and_is_not_started_for_ever(machine: Machine) -> None:
    launched = launch(script="echo start >>starts.txt; echo no model; exit 3")
    machine.runtime.start(launched)
    seen = machine.becomes(launched, "failed", within=15)
    assert seen.detail == (
        "it exited with status 3, after 2 starts without an answer; its log ends:\n    no model\n    no model"
    )
    # Even after supervisord has used up its own retries.
    state = lambda: machine.runtime._ending.kept([Record(launched.id)])  # noqa: E731
    until(lambda: [kept["statename"] for kept in state().values()] == ["FATAL"])
    assert machine.see(launched).detail == seen.detail
    assert (machine.home.parent / "starts.txt").read_text() == "start\n" * TRIES


def test_an_instance_that_works_for_a_while_and_never_answers_is_not_started_for_ever(
    machine: Machine,
) -> None:
    launched = launch(script="echo start >>starts.txt; sleep 1.5; exit 4")
    machine.runtime.start(launched)
    seen = machine.becomes(launched, "failed")
    assert "it exited with status 4, after 2 starts without an answer" in seen.detail
    state = lambda: machine.runtime._ending.kept([Record(launched.id)])  # noqa: E731
    until(lambda: [kept["statename"] for kept in state().values()] == ["FATAL"])
    assert (machine.home.parent / "starts.txt").read_text() == "start\n" * TRIES


def test_an_instance_that_was_ready_and_is_killed_is_started_again_on_its_port(machine: Machine) -> None:
    launched = launch(script=serving())
    before = machine.ready(launched)
    for _ in range(TRIES + 1):
        killed = machine.leader(launched)
        os.kill(killed, signal.SIGKILL)
        until(lambda: machine.leader(launched) != killed)  # noqa: B023 - waited for in this turn
        assert machine.becomes(launched, "ready") == before


def test_an_instance_that_was_ready_and_now_crashes_is_given_up_in_the_end(machine: Machine) -> None:
    launched = launch(script=f"[ -e broken ] && {{ echo broken; exit 5; }}; {serving()}")
    machine.ready(launched)
    (machine.home.parent / "broken").touch()
    os.kill(machine.leader(launched), signal.SIGKILL)
    seen = machine.becomes(launched, "failed")
    # Killed in its first second, that start is one of those that supervisord counts.
    starts = f"({RETRIES + 1}|{RETRIES + 2})"
    assert re.match(f"it exited with status 5, after {starts} starts; its log ends:\n", seen.detail)


def test_only_the_last_lines_of_a_log_are_told(machine: Machine) -> None:
    launched = launch(script="i=0; while [ $i -lt 30 ]; do i=$((i+1)); echo line $i; done; exit 1")
    machine.runtime.start(launched)
    seen = machine.becomes(launched, "failed")
    assert seen.detail.splitlines()[1:] == [f"    line {n}" for n in range(23, 31)]
    assert machine.runtime.logs(launched.id, 3) == "line 28\nline 29\nline 30"


def test_the_way_a_program_ended_is_read_from_what_supervisord_says(machine: Machine) -> None:
    log = machine.home / "log"
    log.write_text(
        "2026-01-01 00:00:00,000 WARN exited: other (exit status 1; not expected)\n"
        "2026-01-01 00:00:01,000 WARN exited: svc-1 (terminated by SIGSEGV (core dumped); not expected)\n"
        "2026-01-01 00:00:02,000 WARN exited: svc-2 (exit status 9; not expected)\n"
        "2026-01-01 00:00:02,000 WARN exited: svc-2 (exit status 120; not expected)\n"
    )
    assert last(log, "svc-1") == "was ended by SIGSEGV"
    assert last(log, "svc-2") == "exited with status 9"
    assert last(log, "svc") == ""
    assert last(machine.home / "none", "svc") == ""
