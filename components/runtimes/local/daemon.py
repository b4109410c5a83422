"""The supervisord of one project: started when it is first needed, as a daemon that outlives its starter."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence
from typing import Any

import psutil
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    retry_if_result,
    stop_after_delay,
    wait_exponential,
)

from components.runtimes.local import gate, rpc, supervisord
from components.runtimes.local.coalesce import Coalescer
from components.runtimes.local.folder import Folder, write
from components.runtimes.port import RuntimeFault

_ANSWER_WITHIN = 30.0
_END_WITHIN = 15.0
_SAY_WITHIN = 5.0
"""Seconds to do what it is asked, to end, and to say that it is there."""
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
        return rpc.ask(self._folder.socket, calls, within=rpc.ANSWER_WITHIN)

    def alive(self) -> bool:
        """Whether supervisord answers."""
        with contextlib.suppress(rpc.Unreachable):
            rpc.ask(self._folder.socket, [("getState", ())], within=_SAY_WITHIN)
            return True
        return False

    def ensure(self) -> None:
        """Start supervisord unless it answers; of many starters, one does. Raises :class:`RuntimeFault`."""
        self._folder.prepare()
        if self.alive():
            return
        with self._folder.locked("daemon"):
            if not self.alive():
                self._await_end(self.process())
                supervisord.start(self._folder)

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
        for attempt in Retrying(
            stop=stop_after_delay(_ANSWER_WITHIN),
            wait=wait_exponential(0.02, 0.5),
            retry=retry_if_exception_type(rpc.Unreachable),
            retry_error_callback=self._unreachable,
        ):
            with attempt:
                self.ensure()
                if gate.process(self._folder) is None:
                    # One that was started by an earlier version has none; to any other this is nothing new.
                    supervisord.prepare(self._folder)
                    calls = [*calls, ("addProcessGroup", ("gateway",))]
                reload, *rest = self._ask_with("\n".join(section for _, section in programs), calls)
                return [_refused(reload, *rest[3 * n + 1 : 3 * n + 3]) for n in range(len(programs))]
        raise AssertionError("tenacity either returns or raises")

    def _ask_with(self, sections: str, calls: Sequence[rpc.Call]) -> list[Any]:
        """Ask while supervisord can read these sections."""
        file = self._folder.programs / f"{os.getpid()}-{threading.get_ident()}.conf"
        write(file, sections)
        try:
            return self.ask(calls)
        finally:
            file.unlink(missing_ok=True)

    def _unreachable(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        raise RuntimeFault(
            f"supervisord of {self._folder.root} did not answer for {_ANSWER_WITHIN:g} s ({error}); "
            f"see {self._folder.root / 'supervisord.log'}, then run this again.",
            retriable=True,
        ) from error


def _refused(reload: Any, added: Any, started: Any) -> str:
    """Return the reason that decides: without its section nothing can be started."""
    answers = (answer for answer in (reload, added, started) if isinstance(answer, rpc.Refusal))
    return next((answer.text for answer in answers if answer.code not in rpc.DONE), "")
