"""Only the lock of a process that is certainly gone is lifted."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.tools.project import RUNTIME
from tools import unlock
from tools.setup import environment, stack
from tools.setup.layout import PROJECT, Layout

ROOT = Path(__file__).parents[2]
NOW = datetime.now(UTC)


def lock_file(layout: Layout, pid: int, host: str = "", written: datetime = NOW) -> Path:
    """Write what Pulumi writes, with Go's nine digits of a second."""
    folder = layout.stack_locks("dev")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{pid}.json"
    when = f"{written:%Y-%m-%dT%H:%M:%S}.123456789Z"
    content = {"pid": pid, "username": "me", "hostname": host or socket.gethostname(), "timestamp": when}
    file.write_text(json.dumps(content))
    return file


@pytest.fixture
def gone() -> int:
    """The id of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


@pytest.fixture
def zombie() -> Iterator[int]:
    """The id of a process that was killed and that its parent has not asked for."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    yield process.pid
    process.wait()


def test_a_process_that_is_gone_is_dead(layout: Layout, gone: int) -> None:
    assert unlock.examine(lock_file(layout, gone)).verdict == "dead"


def test_a_killed_process_that_nobody_has_asked_for_is_dead(layout: Layout, zombie: int) -> None:
    assert unlock.examine(lock_file(layout, zombie)).verdict == "dead"


def test_a_process_that_runs_is_live(layout: Layout) -> None:
    assert unlock.examine(lock_file(layout, os.getpid(), written=datetime.now(UTC))).verdict == "live"


def test_a_younger_process_with_the_same_number_is_not_the_one_that_locked(layout: Layout) -> None:
    file = lock_file(layout, os.getpid(), written=NOW - timedelta(days=1))
    assert unlock.examine(file).verdict == "dead"


def test_of_another_machine_nothing_is_known(layout: Layout, gone: int) -> None:
    assert unlock.examine(lock_file(layout, gone, host="elsewhere")).verdict == "elsewhere"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid": "x", "hostname": "h", "timestamp": "t"}'])
def test_what_cannot_be_read_is_not_called_dead(layout: Layout, text: str) -> None:
    file = lock_file(layout, 1)
    file.write_text(text)
    assert unlock.examine(file).verdict == "unreadable"


def test_without_locks_nothing_is_said(layout: Layout) -> None:
    assert unlock.lift(layout, "dev") == ""


def test_a_dead_lock_beside_a_live_one_stays_and_the_live_one_is_named(layout: Layout, gone: int) -> None:
    dead = lock_file(layout, gone)
    live = lock_file(layout, os.getpid(), written=datetime.now(UTC))
    told = unlock.lift(layout, "dev")
    assert f"process {os.getpid()}" in told
    assert "wait until it ends" in told
    assert dead.exists()
    assert live.exists()


def test_a_lock_of_another_machine_stays_and_the_way_out_is_told(layout: Layout, gone: int) -> None:
    file = lock_file(layout, gone, host="elsewhere")
    assert "pulumi cancel --stack dev" in unlock.lift(layout, "dev")
    assert file.exists()


def state_file(layout: Layout, text: str, *, copies: dict[str, str]) -> Path:
    """Write a stack's state and copies of it (path below ``.pulumi`` -> text), each younger than the one before."""
    record = layout.stack_record("dev")
    for age, (name, content) in enumerate([*copies.items(), (str(record.relative_to(layout.state)), text)]):
        file = layout.state / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        os.utime(file, (1_000_000 + age, 1_000_000 + age))
    return record


BESIDE = f".pulumi/stacks/{PROJECT}/dev.json.bak"
KEPT = f".pulumi/backups/{PROJECT}/dev/dev.{{}}.json"


@pytest.mark.parametrize("cut", ["", '{"version": 3, "checkpo'])
def test_a_state_that_a_full_disk_cut_short_is_put_back_from_the_newest_whole_copy(
    layout: Layout, cut: str
) -> None:
    copies = {BESIDE: '{"n": 1}', KEPT.format(1): '{"n": 2}', KEPT.format(2): '{"n": 3}', KEPT.format(3): cut}
    record = state_file(layout, cut, copies=copies)
    told = unlock.mend(layout, "dev")
    assert "cut short" in told
    assert "dev.2.json" in told
    assert record.read_text() == '{"n": 3}'
    assert unlock.mend(layout, "dev") == "", "a whole one is left alone"


def test_a_state_that_is_cut_short_stays_while_its_stack_is_locked_or_without_a_copy(layout: Layout) -> None:
    record = state_file(layout, "", copies={BESIDE: '{"n": 1}'})
    lock = lock_file(layout, os.getpid(), written=datetime.now(UTC))
    assert unlock.mend(layout, "dev") == ""
    assert record.read_text() == ""
    lock.unlink()
    (layout.state / BESIDE).write_text("{")
    assert "no copy beside it is whole" in unlock.mend(layout, "dev")
    assert record.read_text() == ""


@pytest.mark.e2e
def test_after_a_killed_up_the_next_one_works(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    pulumi = shutil.which("pulumi")
    if pulumi is None:
        pytest.skip("pulumi is not on PATH: run `make test`, which sources .env.sh")
    (layout.root / "Pulumi.yaml").write_text(f"name: {PROJECT}\n{RUNTIME}")
    (layout.root / stack.TEMPLATE).write_text("config: {}\n")
    (layout.root / "__main__.py").write_text("import time\ntime.sleep(600)\n")
    env = {**environment.ensure(layout, Path(pulumi).parent), "PULUMI_PYTHON_CMD": sys.executable}
    stack.ensure(layout, "dev", env)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    up = ["pulumi", "--non-interactive", "up", "--yes", "--skip-preview"]
    with subprocess.Popen(
        up, cwd=layout.root, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 30
        while not list(layout.stack_locks("dev").glob("*.json")) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert "wait until it ends" in unlock.lift(layout, "dev")
        process.send_signal(signal.SIGKILL)
    (layout.root / "__main__.py").write_text("")
    refused = subprocess.run(up, cwd=layout.root, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "locked" in refused.stdout + refused.stderr
    assert "lifted the lock on 'dev'" in unlock.lift(layout, "dev")
    done = subprocess.run(up, cwd=layout.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
