"""A runtime whose caller dies at one of its verbs, before or after the effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from components.runtimes.port import Runtime


class Killed(BaseException):
    """Stands for the end of the process: no handler of exceptions may hide it."""


class Crashing:
    """Passes everything on to ``runtime``; the first call of ``verb`` raises, with its effect (``after``) or without."""

    def __init__(self, runtime: Runtime, verb: str, *, after: bool) -> None:
        """Arm it for one call."""
        self._runtime = runtime
        self._verb = verb
        self._after = after
        self._armed = True

    def __getattr__(self, name: str) -> Any:
        """Return the runtime's own, but for the verb."""
        found = getattr(self._runtime, name)
        return self._crash(found) if name == self._verb and self._armed else found

    def _crash(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any) -> Any:
            self._armed = False
            if self._after:
                act(*args)
            raise Killed(f"{self._verb}, {'after' if self._after else 'before'} its effect")

        return called
