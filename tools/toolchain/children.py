"""The processes that the language host starts: none of them may outlive it."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO, Literal

Child = subprocess.Popen[bytes]
Stream = Literal["stdout", "stderr"]

GRACE_SECONDS = 3.0
"""How long a child may take to end by itself. Pulumi kills the host five seconds after asking it to stop."""


class Children:
    """All processes started for one engine, so that one call ends them all."""

    def __init__(self) -> None:
        self._running: set[Child] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def start(
        self, command: list[str], env: Mapping[str, str], cwd: str | None = None, *, piped: bool = False
    ) -> Child:
        """Start a child. Its output is the host's own unless it is ``piped``; it never reads a terminal."""
        pipe = subprocess.PIPE if piped else None
        with self._lock:
            if self._stopped:
                raise ChildProcessError("the language host is stopping and starts nothing more")
            child = subprocess.Popen(
                command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe
            )
            self._running.add(child)
        return child

    def wait(self, child: Child) -> int:
        """Return the exit code of a child once it has ended."""
        code = child.wait()
        with self._lock:
            self._running.discard(child)
        return code

    def stop_all(self) -> None:
        """End every child and start no other: the engine is gone, or has asked for it."""
        with self._lock:
            self._stopped = True
            running = tuple(self._running)
        stop(running)


def stop(children: Iterable[Child]) -> None:
    """End these children: ask all, wait a little for all, insist."""
    running = [child for child in children if child.poll() is None]
    for child in running:
        child.terminate()
    deadline = time.monotonic() + GRACE_SECONDS
    for child in running:
        try:
            child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()


def output_of(child: Child) -> Iterator[tuple[Stream, bytes]]:
    """Yield what a piped child writes, as it writes it, until both of its streams are closed."""
    assert child.stdout is not None, "only a piped child can be read"
    assert child.stderr is not None, "only a piped child can be read"
    chunks: queue.SimpleQueue[tuple[Stream, bytes]] = queue.SimpleQueue()
    pipes: tuple[tuple[Stream, IO[bytes]], ...] = (("stdout", child.stdout), ("stderr", child.stderr))
    for name, pipe in pipes:
        threading.Thread(target=_pump, args=(name, pipe, chunks.put), daemon=True).start()
    still_open = len(pipes)
    while still_open:
        name, chunk = chunks.get()
        if chunk:
            yield name, chunk
        else:
            still_open -= 1


def _pump(name: Stream, pipe: IO[bytes], put: Callable[[tuple[Stream, bytes]], None]) -> None:
    """Hand over what arrives; an empty chunk says that the stream is closed."""
    with pipe:
        while chunk := os.read(pipe.fileno(), 65536):
            put((name, chunk))
    put((name, b""))
