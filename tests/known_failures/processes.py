"""Real processes that start together, or are killed where it hurts."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from functools import partial
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from typing import Any

import psutil

FORK = multiprocessing.get_context("fork")
PATIENCE_S = 60


def together(count: int, act: Callable[[int, Callable[[], None]], Any]) -> list[Any]:
    """Run ``act(number, wait)`` in that many processes and return the answers, by number.

    ``wait()`` returns in all of them at the same moment. An exception is the answer of its process.
    """
    barrier = FORK.Barrier(count)
    answers: SimpleQueue[tuple[int, Any]] = FORK.SimpleQueue()
    processes = [FORK.Process(target=_act, args=(act, number, barrier, answers)) for number in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(PATIENCE_S)
        assert process.exitcode == 0, f"a process ended with {process.exitcode}"
    found = dict(answers.get() for _ in processes)
    return [found[number] for number in range(count)]


def _wait(barrier: Barrier) -> None:
    barrier.wait(PATIENCE_S)


def _act(
    act: Callable[[int, Callable[[], None]], Any],
    number: int,
    barrier: Barrier,
    answers: SimpleQueue[tuple[int, Any]],
) -> None:
    try:
        answer = act(number, partial(_wait, barrier))
    except Exception as error:  # noqa: BLE001 - whatever it is, the test wants to see it
        answer = error
    answers.put((number, answer))


def beside(act: Callable[[], object]) -> multiprocessing.process.BaseProcess:
    """Run something in a process of its own and return that."""
    process = FORK.Process(target=act)
    process.start()
    return process


def killed_in(act: Callable[[Callable[[], None]], object]) -> bool:
    """Run ``act(die)`` in a process of its own; return whether it came to ``die()``, which is ``kill -9``."""
    child = os.fork()
    if child == 0:
        try:
            act(lambda: os.kill(os.getpid(), signal.SIGKILL))
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def of_instance(instance_id: str) -> list[int]:
    """Return the processes that were told to be this instance, as the kernel lists them."""
    return sorted(process.pid for process in psutil.process_iter() if _is(process, instance_id))


def _is(process: psutil.Process, instance_id: str) -> bool:
    try:
        return (
            process.status() != psutil.STATUS_ZOMBIE and process.environ().get("EAS_INSTANCE") == instance_id
        )
    except psutil.Error:
        return False
