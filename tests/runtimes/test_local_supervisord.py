"""supervisord: one per project, outlives its starter, may be killed, and is gone when nothing is left to keep."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from components.runtimes.local import daemon, rpc
from components.runtimes.local.folder import Folder, shared, slug
from components.runtimes.port import RuntimeFault
from tests.runtimes.machine import Machine, launch, serving
from tests.runtimes.waiting import until

ROOT = Path(__file__).parents[2]

START = """
import sys
from pathlib import Path
from components.runtimes.registry import open_runtime
from tests.runtimes.machine import launch, serving
open_runtime("local", Path(sys.argv[1]), tell=print).start(launch(ordinal=int(sys.argv[2]), script=serving()))
"""


def starter(machine: Machine, ordinal: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", START, str(machine.home), str(ordinal)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def supervisors(machine: Machine) -> list[int]:
    config = str(machine.folder.config)
    found = []
    for process in psutil.process_iter():
        try:
            if config in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def test_it_outlives_its_starter_and_holds_nothing_of_it(machine: Machine) -> None:
    """Or `pulumi up` would hang until the last instance ends."""
    launched = launch(script=serving())
    with starter(machine, 0) as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    machine.becomes(launched, "ready")
    pid = machine.supervisor()
    assert os.getsid(pid) == pid
    assert psutil.Process(pid).ppid() != process.pid
    standard = [str(Path(f"/proc/{pid}/fd/{number}").readlink()) for number in range(3)]
    assert standard == ["/dev/null"] * 3


def test_of_many_starters_one_starts_it(machine: Machine) -> None:
    starters = [starter(machine, ordinal) for ordinal in range(4)]
    for process in starters:
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, said
    many = [launch(ordinal=ordinal, script=serving()) for ordinal in range(4)]
    for launched in many:
        machine.becomes(launched, "ready")
    assert supervisors(machine) == [machine.supervisor()]
    assert len({machine.see(launched).endpoint for launched in many}) == 4


def test_nothing_is_started_to_look_or_to_stop(machine: Machine) -> None:
    launched = launch(script=serving())
    machine.see(launched)
    machine.runtime.stop(launched.id)
    machine.runtime.listing()
    assert not machine.supervisor()
    assert machine.runtime.shutdown_if_idle()
    assert list(machine.home.iterdir()) == []


def test_it_ends_when_the_last_instance_is_gone_and_not_before(machine: Machine) -> None:
    launched = launch(script=serving())
    machine.ready(launched)
    assert not machine.runtime.shutdown_if_idle()
    machine.becomes(launched, "ready")
    machine.runtime.stop(launched.id)
    machine.becomes(launched, "absent")
    assert machine.runtime.shutdown_if_idle()
    assert not machine.supervisor()
    assert machine.runtime.shutdown_if_idle()
    machine.ready(launched)


def test_instances_go_on_when_it_is_killed_and_are_not_started_twice(machine: Machine) -> None:
    """Row 4 of the known failures: kill at any point, start again: nothing lost, nothing leaked."""
    launched = launch(script=serving())
    before = machine.ready(launched)
    leader = machine.leader(launched)
    machine.kill_supervisor()
    seen = machine.see(launched)
    assert (seen.condition, seen.endpoint) == ("ready", before.endpoint)
    assert "without its supervisor" in seen.detail
    machine.another().start(launched)
    machine.ready(launch("other", script=serving()))
    assert machine.supervisor()
    assert machine.pids(launched) == [leader]
    assert machine.get(launched, "/") == b"ok"


def test_an_instance_whose_supervisor_was_killed_is_stopped_with_grace(machine: Machine) -> None:
    launched = launch(script=serving())
    machine.ready(launched)
    machine.kill_supervisor()
    machine.runtime.stop(launched.id)
    machine.runtime.stop(launched.id)
    machine.becomes(launched, "absent")
    assert machine.runtime.logs(launched.id).splitlines() == ["serving", "asked to end", "bye"]


def test_an_instance_whose_supervisor_was_killed_is_killed_after_its_grace_period(machine: Machine) -> None:
    launched = launch(script=serving("ignore-term"), grace=1)
    machine.ready(launched)
    leader = machine.leader(launched)
    machine.kill_supervisor()
    machine.runtime.stop(launched.id)
    assert machine.see(launched).condition == "failed"
    machine.becomes(launched, "absent")
    assert not psutil.pid_exists(leader) or psutil.Process(leader).status() == psutil.STATUS_ZOMBIE


def test_an_instance_that_dies_without_supervisor_is_failed_and_can_be_restarted(machine: Machine) -> None:
    launched = launch(script=serving())
    before = machine.ready(launched)
    machine.kill_supervisor()
    os.kill(machine.leader(launched), signal.SIGKILL)
    seen = machine.becomes(launched, "failed")
    assert "its process is gone" in seen.detail
    machine.runtime.restart(launched)
    assert machine.becomes(launched, "ready") == before


def test_a_restart_brings_an_instance_back_under_supervision(machine: Machine) -> None:
    launched = launch(script=serving())
    before = machine.ready(launched)
    orphan = machine.leader(launched)
    machine.kill_supervisor()
    machine.runtime.restart(launched)
    assert machine.becomes(launched, "ready") == before
    assert orphan not in machine.pids(launched)


def test_a_crash_between_record_and_start_is_finished_by_asking_again(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched = launch(script=serving())

    def killed(_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(machine.runtime._daemon, "add", killed)
    with pytest.raises(KeyboardInterrupt):
        machine.runtime.start(launched)
    assert machine.see(launched).detail == "it was not started; it printed nothing"
    machine.another().start(launched)
    machine.becomes(launched, "ready")


def test_one_that_hangs_is_named_with_the_way_out_and_nothing_is_said_to_be_gone(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rpc, "ANSWER_WITHIN", 0.3)
    for limit in ("_SAY_WITHIN", "_END_WITHIN", "_ANSWER_WITHIN"):
        monkeypatch.setattr(daemon, limit, 0.3)
    launched = launch(script=serving())
    machine.ready(launched)
    pid = machine.supervisor()
    os.kill(pid, signal.SIGSTOP)
    try:
        assert machine.see(launched).condition == "ready"
        with pytest.raises(RuntimeFault, match=f"end it with `kill -9 {pid}`") as refused:
            machine.runtime.start(launch("other", script=serving()))
        assert refused.value.retriable
        machine.runtime.stop(launched.id)
        until(lambda: not machine.pids(launched))
        assert machine.see(launched).condition == "failed"
    finally:
        os.kill(pid, signal.SIGCONT)
    machine.becomes(launched, "absent")


def test_it_does_not_spin_when_an_instance_lets_go_of_its_standard_input(machine: Machine) -> None:
    """supervisord polls the pipe that it gave as standard input for ever, once nobody is left to read it."""
    launched = launch(script=serving())
    machine.ready(launched)
    descriptors = Path(f"/proc/{machine.leader(launched)}/fd")
    assert str((descriptors / "0").readlink()) == "/dev/null"
    assert str((descriptors / "9").readlink()).startswith("pipe:")


def test_a_home_with_a_long_path_works_like_any_other(tmp_path: Path) -> None:
    """A unix socket's path may have 107 bytes."""
    home = tmp_path.joinpath(*["a-folder-with-a-long-name"] * 8, ".eas")
    home.mkdir(parents=True)
    machine = Machine(home)
    try:
        launched = launch(script=serving())
        machine.ready(launched)
        assert len(str(machine.folder.root)) > 200
        machine.empty()
        machine.assert_nothing_left()
    finally:
        machine.wreck()


def test_a_way_that_somebody_swept_from_tmp_is_laid_again(machine: Machine) -> None:
    launched = launch(script=serving())
    machine.ready(launched)
    machine.folder.link.unlink()
    machine.runtime.stop(launched.id)
    machine.becomes(launched, "absent")
    assert machine.runtime.logs(launched.id).splitlines()[-1] == "bye"


def test_a_folder_in_tmp_that_others_can_enter_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("components.runtimes.local.folder.Path", lambda _: tmp_path)
    shared()
    (tmp_path / f"eas-{os.getuid()}").chmod(0o755)
    with pytest.raises(RuntimeFault, match=r"only you can enter, and is not .*mode 755.*chmod 700"):
        shared()


def test_names_in_files_tell_ids_apart_and_need_no_quoting() -> None:
    ids = [
        "a/b/c/svc/0/1",
        "a-b/c/svc/0/1",
        "größe/%s/[x]/\"'/0/1",
        "x" * 300 + "/0/1",
        "../../etc",
        "\ud800",
    ]
    names = [slug(instance_id) for instance_id in ids]
    assert len(set(names)) == len(ids)
    assert all(name.isascii() and len(name) < 80 and set("/%[]\"' ").isdisjoint(name) for name in names)


def test_two_projects_do_not_see_each_other(machine: Machine, tmp_path: Path) -> None:
    launched = launch(script=serving())
    machine.ready(launched)
    other = Machine(tmp_path / "other" / ".eas")
    assert other.see(launched).condition == "absent"
    assert other.runtime.listing() == ()
    other.runtime.stop(launched.id)
    assert machine.see(launched).condition == "ready"
    assert Folder(machine.home).hash != other.folder.hash


def test_a_project_is_the_same_whichever_way_leads_to_it(machine: Machine, tmp_path: Path) -> None:
    launched = launch(script=serving())
    seen = machine.ready(launched)
    (tmp_path / "link").symlink_to(machine.home.parent)
    other = Machine(tmp_path / "link" / ".eas")
    assert other.see(launched) == seen
    other.runtime.start(launched)
    assert machine.pids(launched) == [machine.leader(launched)]


def test_the_record_says_what_was_really_given_and_keeps_no_secret(machine: Machine) -> None:
    launched = launch(script=serving(), env=[{"name": "PASSWORD", "value": "hush-hush"}])
    machine.ready(launched)
    text = (machine.folder.of(slug(launched.id)) / "record.json").read_text()
    assert "hush" not in text
    assert json.loads(text)["cards"] == ["GPU-0a1b"]


def test_its_janitor_bounds_the_logs_of_running_instances(machine: Machine) -> None:
    launched = launch(script=f"head -c 11000000 /dev/zero; echo; {serving()}")
    machine.ready(launched)
    log = machine.folder.log(slug(launched.id))
    until(lambda: log.stat().st_size < 1_000_000)
    assert log.with_suffix(".log.1").stat().st_size == 10 << 20
    assert machine.see(launched).condition == "ready"
