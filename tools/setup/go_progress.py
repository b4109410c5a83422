"""Running ``go`` for minutes without leaving the reader in the dark."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import IO

from tools.setup.report import SetupError, say

TICK_SECONDS = 5.0


class Go:
    """The ``go`` command in one module. Its error output names what it works at, a line each."""

    def __init__(self, executable: str, module: Path) -> None:
        self._executable = executable
        self._module = module
        self._began = time.monotonic()

    def run(self, *arguments: str, telling: str) -> list[str]:
        """Return the lines that a command prints; meanwhile say every few seconds how far it is."""
        with tempfile.TemporaryFile("w+") as answer:
            child = self._start(arguments, answer)
            assert child.stderr is not None, "it is a pipe"
            told: list[str] = []
            reader = threading.Thread(target=told.extend, args=(map(str.strip, child.stderr),))
            reader.start()
            try:
                code = self._wait(child, told, telling)
            finally:
                child.terminate()  # does nothing to one that has ended
                child.wait()
                reader.join()
                child.stderr.close()
            if code:
                detail = "\n".join(told[-20:])
                raise SetupError(
                    f"`go {arguments[0]}` failed. Mend what it says (is the Go module proxy reachable?) and "
                    f"run `make setup` again; what it compiled so far is kept. It said:\n{detail}"
                )
            answer.seek(0)
            return answer.read().splitlines()

    def _start(self, arguments: tuple[str, ...], answer: IO[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self._executable, *arguments],
            cwd=self._module,
            env={**os.environ, "CGO_ENABLED": "0"},
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _wait(self, child: subprocess.Popen[str], told: list[str], telling: str) -> int:
        while True:
            try:
                return child.wait(TICK_SECONDS)
            except subprocess.TimeoutExpired:
                minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
                now = told[-1].removeprefix("go: downloading ") if told else "starting"
                say("building", f"{minutes}:{seconds:02} {len(told):,} {telling}, now {now}")
