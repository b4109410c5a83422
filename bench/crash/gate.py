"""Holds every write of Pulumi's state: the CLI's renames and unlinks stop at a gate, which lets them through or kills.

The file backend writes a file beside and renames it, so a state is written at one moment: the rename. Linux hands these
calls to a supervisor (seccomp's user notification, see ``man 2 seccomp_unotify``), which needs no rights and no tracer.
"""

from __future__ import annotations

import array
import ctypes
import errno
import fcntl
import os
import platform
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

CALLS = {
    # Numbers of rename, renameat, renameat2, unlinkat: which argument is the file it is about (the new name).
    "x86_64": {82: 1, 264: 3, 316: 3, 263: 1},
    "aarch64": {38: 3, 276: 3, 35: 1},
}
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
SECCOMP = {"x86_64": 317, "aarch64": 277}
UNLINKAT = {"x86_64": 263, "aarch64": 35}
ALLOW, NOTIFY = 0x7FFF0000, 0x7FC00000
NEW_LISTENER, SET_FILTER, NO_NEW_PRIVS = 1 << 3, 1, 38
RECEIVE, SEND, CONTINUE = 0xC0502100, 0xC0182101, 1
NOTIFICATION = struct.Struct("=QIIiIQ6Q")
ANSWER = struct.Struct("=QqiI")
LAUNCHER = "import sys; from bench.crash.gate import enter; enter(int(sys.argv[1]), sys.argv[2:])"


class NoGate(Exception):
    """This machine cannot hold system calls; the message says why."""


class Held:
    """A CLI under the gate. ``passing`` hears ``(effect, when)`` of each write, and may kill; it runs in one thread."""

    def __init__(
        self,
        command: list[str],
        passing: Callable[[str, str], None],
        *,
        cwd: Path,
        env: Mapping[str, str],
        output: int,
    ) -> None:
        """Start it. Raises :class:`NoGate`."""
        if platform.machine() not in CALLS or not sys.platform.startswith("linux"):
            raise NoGate(f"holding system calls is known for Linux on {', '.join(CALLS)} only")
        ours, theirs = socket.socketpair()
        root = str(Path(__file__).resolve().parents[2])
        with ours, theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", LAUNCHER, str(theirs.fileno()), *command],
                cwd=cwd,
                env={**env, "PYTHONPATH": os.pathsep.join([root, env.get("PYTHONPATH", "")])},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[theirs.fileno()],
            )
            theirs.close()
            said, fds, _, _ = socket.recv_fds(ours, 256, 1)
        if not fds:
            self.process.wait()
            raise NoGate(said.decode() or "the launcher ended before it had a gate")
        self._passing = passing
        self._seen: set[str] = set()
        self._thread = threading.Thread(target=self._serve, args=(fds[0],), name="gate", daemon=True)
        self._thread.start()

    def wait(self, timeout: float) -> int:
        """Return its exit status."""
        code = self.process.wait(timeout)
        self._thread.join(timeout)
        return code

    def _serve(self, listener: int) -> None:
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        try:
            while not poll.poll()[0][1] & select.POLLHUP:
                self._one(listener)
        finally:
            os.close(listener)

    def _one(self, listener: int) -> None:
        message = bytearray(NOTIFICATION.size)
        try:
            fcntl.ioctl(listener, RECEIVE, message, True)
        except OSError as error:
            # Its thread was interrupted or is gone; an interrupted one asks again.
            if error.errno in (errno.ENOENT, errno.EINTR):
                return
            raise
        number, pid, _, call, _, _, *arguments = NOTIFICATION.unpack(message)
        try:
            file = _text(pid, arguments[CALLS[platform.machine()][call]])
            source = _text(pid, arguments[0 if call == 82 else 1])
        except OSError:
            file = source = ""
        effect = _effect(file, unlinked=call == UNLINKAT[platform.machine()])
        fresh = effect and source not in self._seen
        if fresh:
            self._seen.add(source)
            self._passing(effect, "before")
            _act(source, file, unlinked=source == file)
            self._passing(effect, "after")
        answer = ANSWER.pack(number, 0, 0, 0 if effect else CONTINUE)
        try:
            fcntl.ioctl(listener, SEND, answer)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise


def _act(source: str, file: str, *, unlinked: bool) -> None:
    """Do what was asked for, so that it is done when the point after it comes, and nothing of the CLI has happened since."""
    try:
        Path(file).unlink() if unlinked else Path(source).rename(file)
    except FileNotFoundError:
        return


def _effect(file: str, *, unlinked: bool) -> str:
    """Return what is written, empty for what is no state."""
    path = Path(file)
    if path.suffix != ".json":
        return ""
    if "locks" in path.parts:
        return "unlock" if unlinked else "lock"
    if unlinked:
        return ""
    if "stacks" in path.parts:
        return "state"
    return "history" if "history" in path.parts and path.name.endswith(".history.json") else ""


def _text(pid: int, address: int) -> str:
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        memory.seek(address)
        # A page at a time: what follows the text may be nobody's.
        read = memory.read(4096 - address % 4096)
        if b"\0" not in read:
            read += memory.read(4096)
    return os.fsdecode(read.partition(b"\0")[0])


def enter(answer: int, command: list[str]) -> None:
    """In the child: set up the gate, hand it to the parent, and become the command."""
    with socket.socket(fileno=answer) as parent:
        try:
            listener = _listen()
        except OSError as error:
            parent.send(f"seccomp: {error.strerror}".encode())
            os._exit(1)
        socket.send_fds(parent, [b"."], [listener])
        os.close(listener)
    os.environ["EAS_CRASH_CLI"] = str(os.getpid())
    os.execvp(command[0], command)


def _listen() -> int:
    """Return what receives the calls of this process and all that it starts."""
    machine = platform.machine()
    numbers = sorted(CALLS[machine])
    load, equal, give = 0x20, 0x15, 0x06
    program = [(load, 0, 0, 4), (equal, 1, 0, AUDIT[machine]), (give, 0, 0, ALLOW), (load, 0, 0, 0)]
    program += [(equal, len(numbers) - at, 0, number) for at, number in enumerate(numbers)]
    program += [(give, 0, 0, ALLOW), (give, 0, 0, NOTIFY)]
    code = array.array("B", b"".join(struct.pack("=HBBI", *line) for line in program))
    head = struct.pack("@HP", len(program), code.buffer_info()[0])
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "may not give up new rights")
    listener = libc.syscall(SECCOMP[machine], SET_FILTER, NEW_LISTENER, head)
    if listener < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(listener)


def end(pid: int) -> None:
    """Kill a process at once; nothing where it is gone."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
