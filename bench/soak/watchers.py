"""``eas reconcile --watch`` of a soak: killed now and then, replaced by the next, and told of where it ends by itself."""

from __future__ import annotations

import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import IO

from bench.fleet.lab import Lab
from bench.fleet.seen import last_pass

LOOK_S = 0.5
TOLD = 2_000
"""So many characters of what a watcher said at last are told with its end."""


class Watchers:
    """One after the other, never two. What they say is kept beside the project, in ``reconcile.log``."""

    def __init__(self, lab: Lab, last: Callable[[], str] | None = None) -> None:
        """``last`` returns a mark that is another one after each pass; by default the ledger's."""
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self.log = lab.root.with_name("reconcile.log")
        self._lab = lab
        self._last = last or (lambda: last_pass(lab.home))

    def run(self, chance: Random, over: threading.Event, lives: tuple[float, float] = (15, 60)) -> None:
        """Watch until ``over``; ``lives``: the least and the most seconds until one is killed."""
        with self.log.open("ab") as log:
            while not over.is_set():
                self._one(log, time.monotonic() + chance.uniform(*lives), over)

    def _one(self, log: IO[bytes], until: float, over: threading.Event) -> None:
        began = self.log.stat().st_size
        child = subprocess.Popen(
            self._lab.command("reconcile", "--watch", "--every", "3"),
            cwd=self._lab.root,
            env=self._lab.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        seen = self._last()
        while child.poll() is None and time.monotonic() < until and not over.wait(LOOK_S):
            now = self._last()
            self.counts["passes of the reconciler"] += now != seen
            seen = now
        code = child.poll()
        if code is None and over.is_set():
            child.terminate()
        elif code is None:
            self.counts["reconcilers killed"] += 1
            child.kill()
        child.wait()
        said = self.log.read_bytes()[began:].decode(errors="replace")
        if code is not None or "Traceback (most recent call last)" in said:
            self.faults.append(
                f"a reconciler ended by itself with {code}, or in a mistake; it said: {said[-TOLD:]}"
            )
            # Not one after the other as fast as the machine can.
            over.wait(LOOK_S)
