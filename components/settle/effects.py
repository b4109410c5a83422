"""Telling the runtimes, each call in a thread of its own, with retries and fault points. Nothing is decided here.

A runtime that is instant is told without a thread: handing a call over costs more than the call.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Literal

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from components.runtimes.port import RuntimeFault
from components.settle.task import Task

Told = Literal["start", "restart", "reconfigure", "stop"]
ATTEMPTS = 12
"""About half a minute in all: as long as an instance that is still stopping may keep a new start of it waiting."""
FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 5.0

_LAST_ATTEMPT = stop_after_attempt(ATTEMPTS)


def no_fault(_point: str) -> None:
    """Do nothing: the fault hook of a run that is not under test."""


class Effects:
    """Tells runtimes. ``fault`` hears ``VERB:before:SERVICE/ORDINAL/INCARNATION`` and ``…:after:…`` around each call."""

    def __init__(
        self,
        executor: Executor,
        sleep: Callable[[float], None],
        *,
        stop_requested: Callable[[], bool],
        fault: Callable[[str], None],
    ) -> None:
        """Run calls in ``executor``; ``sleep`` between attempts; ask nobody again once ``stop_requested``."""
        self._executor = executor
        self._sleep = sleep
        self._stop_requested = stop_requested
        self._fault = fault

    def tell(self, task: Task, verb: Told, *, instant: bool = False) -> None:
        """Begin to tell the task's runtime; the task is busy until the call returns: now, where it is ``instant``."""
        told = self._told(task, verb) if instant else None
        task.busy = told or self._executor.submit(self._call, task, verb)

    def _told(self, task: Task, verb: Told) -> Future[None] | None:
        """Tell the runtime here and now; None where it is busy, so that it must be asked again, and somebody must wait."""
        told: Future[None] = Future()
        try:
            self._once(task, verb, self._act(task, verb))
        except BaseException as error:  # noqa: BLE001 - it is for whoever hears of the call, as from a thread
            if _retriable(error):
                return None
            told.set_exception(error)
        else:
            told.set_result(None)
        return told

    def _call(self, task: Task, verb: Told) -> None:
        act = self._act(task, verb)
        for attempt in Retrying(
            retry=retry_if_exception(_retriable),
            stop=self._given_up,
            wait=wait_exponential(FIRST_WAIT_S, max=LONGEST_WAIT_S),
            sleep=self._sleep,
            reraise=True,
        ):
            with attempt:
                self._once(task, verb, act)

    def _once(self, task: Task, verb: Told, act: Callable[[], None]) -> None:
        self._fault(f"{verb}:before:{task.name}")
        act()
        self._fault(f"{verb}:after:{task.name}")

    def _act(self, task: Task, verb: Told) -> Callable[[], None]:
        if verb == "stop":
            return lambda: task.runtime.stop(task.id)
        launch = task.launch
        if launch is None:
            raise AssertionError(f"{task.id} is to {verb} and has no launch")
        told: Callable[[], None]
        if verb == "start":
            told = lambda: task.runtime.start(launch)  # noqa: E731 - three calls that differ in their verb alone
        elif verb == "restart":
            told = lambda: task.runtime.restart(launch)  # noqa: E731
        else:
            told = lambda: task.runtime.reconfigure(launch)  # noqa: E731
        return told

    def _given_up(self, state: RetryCallState) -> bool:
        return self._stop_requested() or _LAST_ATTEMPT(state)


def _retriable(error: BaseException) -> bool:
    return isinstance(error, RuntimeFault) and error.retriable
