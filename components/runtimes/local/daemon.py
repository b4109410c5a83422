"""The supervisord of one project: started when it is first needed, as a daemon that outlives its starter."""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
from tenacity import Retrying, retry_if_exception_type, retry_if_result, stop_after_delay, wait_exponential

from components.runtimes.local import rpc
from components.runtimes.local.coalesce import Coalescer
from components.runtimes.local.environment import passed_on
from components.runtimes.local.folder import Folder, write
from components.runtimes.port import RuntimeFault

_START_WITHIN = 30.0
_END_WITHIN = 15.0
"""Seconds."""
_PACKAGE_ROOT = Path(__file__).resolve().parents[3]

_CONFIG = """\
; Written by the local runtime at each start of supervisord. `supervisorctl -c THIS-FILE status` shows what it keeps.
; Do not `update` or `reload`: instances are added by the runtime and stand in no file, so both would stop them all.
[unix_http_server]
file=%(here)s/supervisor.sock
chmod=0600

[supervisord]
logfile=%(here)s/supervisord.log
logfile_maxbytes=5MB
logfile_backups=1
loglevel=warn
pidfile=%(here)s/supervisord.pid
childlogdir=%(here)s/logs
identifier=eas-local
minfds=256
umask=022

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://%(here)s/supervisor.sock

[eventlistener:janitor]
command=/bin/sh janitor
directory=%(here)s
events=TICK_5
stdout_logfile=NONE
stderr_logfile=NONE
autorestart=true

[include]
files=programs/*.conf
"""

_JANITOR = """\
#!/bin/sh
PYTHONPATH={root} PYTHONDONTWRITEBYTECODE=1 exec {python} -S -m components.runtimes.local.janitor {logs}
"""


Program = tuple[str, str]
"""A slug, and supervisord's section about it."""


class Daemon:
    """One project's supervisord, as its clients see it; safe to use from many threads and processes."""

    def __init__(self, folder: Folder) -> None:
        """Start nothing."""
        self._folder = folder
        self.ask_together: Coalescer[tuple[rpc.Call, ...], list[Any]] = Coalescer(self._together)
        self.add: Coalescer[Program, str] = Coalescer(self._add)

    def ask(self, calls: Sequence[rpc.Call]) -> list[Any]:
        """Return one answer per call; raises :class:`rpc.Unreachable`, and starts nothing."""
        return rpc.ask(self._folder.socket, calls)

    def alive(self) -> bool:
        """Whether supervisord answers."""
        with contextlib.suppress(rpc.Unreachable):
            self.ask([("getState", ())])
            return True
        return False

    def ensure(self) -> None:
        """Start supervisord unless it answers; of many starters, one does. Raises :class:`RuntimeFault`."""
        self._folder.prepare()
        if self.alive():
            return
        with self._folder.locked("daemon"):
            if not self.alive():
                self._start()

    def shut_down(self) -> None:
        """End supervisord, and with it whatever it still keeps; returns when its process is gone."""
        try:
            pid = int(self.ask([("getPID", ()), ("shutdown", ())])[0])
        except rpc.Unreachable:
            pid = self.process()
        self._await_end(pid)

    def process(self) -> int:
        """Return the pid of this folder's supervisord if it lives, answering or not; 0 if there is none."""
        try:
            pid = int((self._folder.root / "supervisord.pid").read_text(encoding="ascii"))
            process = psutil.Process(pid)
            gone = (
                process.status() == psutil.STATUS_ZOMBIE or str(self._folder.config) not in process.cmdline()
            )
        except (OSError, ValueError, psutil.Error):
            return 0
        return 0 if gone else pid

    def _await_end(self, pid: int) -> None:
        """Wait for a supervisord that ends: its last act removes the socket, be it its own or its successor's."""
        if not pid:
            return
        wait = Retrying(
            stop=stop_after_delay(_END_WITHIN),
            wait=wait_exponential(0.01, 0.2),
            retry=retry_if_result(bool),
            retry_error_callback=lambda state: pid,
        )
        if wait(self._prompted):
            raise RuntimeFault(
                f"supervisord (pid {pid}) of {self._folder.root} is there and has not answered for "
                f"{_END_WITHIN:g} s; end it with `kill -9 {pid}` and run this again: its instances go on.",
                retriable=True,
            )

    def _prompted(self) -> int:
        """Return what :meth:`process` returns, after a word to supervisord, which else looks around once a second."""
        self.alive()
        return self.process()

    def _together(self, asked: Sequence[tuple[rpc.Call, ...]]) -> list[list[Any]]:
        answers = iter(self.ask([call for calls in asked for call in calls]))
        return [[next(answers) for _ in calls] for calls in asked]

    def _add(self, programs: Sequence[Program]) -> list[str]:
        """Make programs known and start them; answers for each why it was not started, empty if it was.

        A section is read once and then deleted: supervisord reads all sections again each time it is told of a new
        one, at a millisecond apiece, and keeps what it knows without its file.
        """
        calls: list[rpc.Call] = [("reloadConfig", ())]
        for slug, _ in programs:
            # What is left of an earlier life of the same program goes first, with its old grace period.
            calls += [
                ("removeProcessGroup", (slug,)),
                ("addProcessGroup", (slug,)),
                ("startProcess", (slug, False)),
            ]
        sections = self._folder.programs / f"{os.getpid()}-{threading.get_ident()}.conf"
        for attempt in Retrying(
            stop=stop_after_delay(_START_WITHIN),
            wait=wait_exponential(0.02, 0.5),
            retry=retry_if_exception_type(rpc.Unreachable),
            reraise=True,
        ):
            with attempt:
                self.ensure()
                write(sections, "\n".join(section for _, section in programs))
                try:
                    reload, *rest = self.ask(calls)
                finally:
                    sections.unlink(missing_ok=True)
                return [_refused(reload, *rest[3 * n + 1 : 3 * n + 3]) for n in range(len(programs))]
        raise AssertionError("tenacity either returns or raises")

    def _start(self) -> None:
        folder = self._folder
        self._await_end(self.process())
        for left in folder.programs.glob("*.conf"):
            left.unlink(missing_ok=True)
        write(folder.root / "supervisord.conf", _CONFIG)
        write(
            folder.root / "janitor",
            _JANITOR.format(
                root=_quoted(_PACKAGE_ROOT), python=_quoted(sys.executable), logs=_quoted(folder.log_folder)
            ),
        )
        errors = folder.root / "supervisord.err"
        # A daemon of its own: it leaves this session, and holds nothing of its starter's, or `pulumi up` would wait
        # for it. It may have many instances to keep, each with two pipes.
        command = 'ulimit -S -n "$(ulimit -H -n)" 2>/dev/null; exec "$@"'
        with errors.open("wb") as sink:
            result = subprocess.run(
                [
                    "/bin/sh",
                    "-c",
                    command,
                    "sh",
                    sys.executable,
                    "-m",
                    "supervisor.supervisord",
                    "-c",
                    folder.config,
                ],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                cwd="/",
                env={**passed_on(), "PYTHONWARNINGS": "ignore"},
                start_new_session=True,
                timeout=_START_WITHIN,
                check=False,
            )
        if result.returncode or not self.alive():
            said = errors.read_text(encoding="utf-8", errors="replace").strip()[-500:]
            raise RuntimeFault(
                f"supervisord did not start (exit status {result.returncode}): {said or 'it said nothing'}; "
                f"its log is {folder.root / 'supervisord.log'}.",
                retriable=True,
            )


def _refused(reload: Any, added: Any, started: Any) -> str:
    """Return the reason that decides: without its section nothing can be started."""
    return next((answer.text for answer in (reload, added, started) if isinstance(answer, rpc.Refusal)), "")


def _quoted(path: str | os.PathLike[str]) -> str:
    return shlex.quote(os.fspath(path))
