"""Asking supervisord over its unix socket: many questions in one request, each with an answer or a fault."""

from __future__ import annotations

import http.client
import socket
import xmlrpc.client
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ANSWER_WITHIN = 20.0
"""Seconds; supervisord has one thread, and starting sixty processes keeps it busy for most of one."""

SHUTTING_DOWN = 6
DONE = frozenset({50, 60, 90})
"""supervisord's fault numbers: it is shutting down; and what means that it was done all the same: the program ended at
once (what is said of it then is told by looking), is started, or is added already."""


class Unreachable(Exception):
    """No supervisord answers: it is not there, hangs, or is shutting down."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """supervisord's answer where it did not do what it was asked: its number and its words."""

    code: int
    text: str


Call = tuple[str, tuple[Any, ...]]


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path, within: float) -> None:
        super().__init__("localhost", timeout=within)
        self._path = path

    def connect(self) -> None:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            made.settimeout(self.timeout)
            made.connect(str(self._path))
        except OSError:
            made.close()
            raise
        self.sock = made


class _Transport(xmlrpc.client.Transport):
    def __init__(self, path: Path, within: float) -> None:
        super().__init__()
        self._path = path
        self._within = within

    def make_connection(self, host: object) -> http.client.HTTPConnection:
        # Kept where the transport's own close() finds it.
        made = _Connection(self._path, self._within)
        self._connection = (host, made)  # type: ignore[assignment]
        return made


def ask(path: Path, calls: Sequence[Call], *, within: float) -> list[Any]:
    """Return one answer per call, a :class:`Refusal` where there is none; raises :class:`Unreachable`."""
    asked = [{"methodName": f"supervisor.{name}", "params": list(params)} for name, params in calls]
    try:
        with xmlrpc.client.ServerProxy("http://localhost/RPC2", transport=_Transport(path, within)) as server:
            answers: Any = server.system.multicall(asked)
    except (OSError, http.client.HTTPException, xmlrpc.client.Error) as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from error
    made = [_answer(answer) for answer in answers]
    if any(isinstance(answer, Refusal) and answer.code == SHUTTING_DOWN for answer in made):
        raise Unreachable("it is shutting down")
    return made


def _answer(answer: Any) -> Any:
    if isinstance(answer, dict) and "faultCode" in answer:
        return Refusal(int(answer["faultCode"]), str(answer.get("faultString", "")))
    return answer
