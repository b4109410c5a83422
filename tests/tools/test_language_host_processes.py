"""The language host ends when it is told to or left alone, and nothing that it started outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import grpc
import psutil
import pytest
from pulumi.runtime.proto import language_pb2 as pb
from pulumi.runtime.proto.language_pb2_grpc import LanguageRuntimeStub

from tools.toolchain.children import GRACE_SECONDS, Children

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); {}"


def eventually(true: Callable[[], bool], seconds: float = 15.0) -> bool:
    """Whether something comes true in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@contextmanager
def running_plugin(port: int, folder: Path) -> Iterator[int]:
    """Ask the host to run a plugin that never ends by itself; yield the plugin's process id."""
    folder.mkdir(exist_ok=True)
    wrote = folder / "pid"
    (folder / "__main__.py").write_text(
        f"import os, pathlib, time\n"
        f"pathlib.Path({str(folder / 'pid.new')!r}).write_text(str(os.getpid()))\n"
        f"os.rename({str(folder / 'pid.new')!r}, {str(wrote)!r})\n"
        f"time.sleep(600)\n"
    )
    info = pb.ProgramInfo(root_directory=str(folder), program_directory=str(folder), entry_point=".")
    info.options.update({"virtualenv": sys.prefix})
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = LanguageRuntimeStub(channel).RunPlugin(
            pb.RunPluginRequest(info=info, kind="resource", pwd=str(folder))
        )
        reader = Thread(target=_drain, args=(call,))
        reader.start()
        assert eventually(wrote.exists)
        yield int(wrote.read_text())
        call.cancel()
        reader.join()


def _drain(call: Iterator[pb.RunPluginResponse]) -> None:
    try:
        for _ in call:
            pass
    except grpc.RpcError:
        pass  # the host is gone, which is what these tests bring about


@contextmanager
def started(host: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start the host as the engine does; yield it and its port."""
    with subprocess.Popen(
        [str(host), "127.0.0.1:1"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_host_and_its_children(host: Path, tmp_path: Path, number: int) -> None:
    with started(host) as (process, port), running_plugin(port, tmp_path / "plugin") as child:
        process.send_signal(number)
        assert process.wait(10) == 0
        assert eventually(lambda: not psutil.pid_exists(child))


def test_a_cancelled_call_ends_its_child_and_not_the_host(host: Path, tmp_path: Path) -> None:
    with started(host) as (process, port):
        with running_plugin(port, tmp_path / "plugin") as child:
            pass
        assert eventually(lambda: not psutil.pid_exists(child))
        assert process.poll() is None


def test_the_host_ends_when_the_engine_was_killed(host: Path, tmp_path: Path) -> None:
    engine = (
        "import subprocess, sys\n"
        "host = subprocess.Popen([sys.argv[1], '127.0.0.1:1'], stdout=subprocess.PIPE, text=True)\n"
        "print(host.pid, host.stdout.readline(), flush=True)\n"
        "host.wait()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", engine, str(host)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid, port = map(int, parent.stdout.readline().split())
        with running_plugin(port, tmp_path / "plugin") as child:
            parent.kill()
            assert eventually(lambda: not psutil.pid_exists(pid))
            assert eventually(lambda: not psutil.pid_exists(child))


def test_a_child_that_will_not_end_is_killed() -> None:
    children = Children()
    child = children.start(
        [sys.executable, "-c", STUBBORN.format("time.sleep(600)")], dict(os.environ), piped=True
    )
    assert child.stdout is not None
    assert child.stderr is not None
    with child.stdout, child.stderr:
        assert child.stdout.readline() == b"up\n"
        began = time.monotonic()
        children.stop_all()
        assert children.wait(child) == -signal.SIGKILL
        assert time.monotonic() - began < GRACE_SECONDS + 2


def test_nothing_starts_once_all_is_stopped() -> None:
    children = Children()
    children.stop_all()
    with pytest.raises(ChildProcessError, match="is stopping"):
        children.start([sys.executable, "-c", ""], dict(os.environ))
