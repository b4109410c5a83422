"""Starts the writers at one moment, each in a process of its own, and adds up what they report."""

from __future__ import annotations

import multiprocessing as mp
import queue
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from bench.contention.writer import Report, Task, write

START_WITHIN = 120
"""Seconds."""


@dataclass(frozen=True)
class Outcome:
    """What all writers together did."""

    reports: tuple[Report, ...]

    @property
    def committed(self) -> int:
        """Plans that were taken."""
        return sum(len(report.waits) for report in self.reports)

    @property
    def lost(self) -> int:
        """Plans whose place another writer had taken."""
        return sum(report.lost for report in self.reports)

    @property
    def faults(self) -> list[str]:
        """Whatever should not have been."""
        return [fault for report in self.reports for fault in report.faults]

    @property
    def longest(self) -> int:
        """The most plans that one writer lost in a row, each made from a picture in which it had its place."""
        return max(report.longest for report in self.reports)

    @property
    def processor(self) -> float:
        """Processor seconds that all writers used."""
        return sum(report.processor for report in self.reports)

    @property
    def per_second(self) -> float:
        """Commits taken in each second until the last writer was done."""
        return self.committed / max(report.elapsed for report in self.reports)

    def slowest(self, percent: float) -> float:
        """Return the seconds within which so many percent of the commits were taken."""
        waits = sorted(wait for report in self.reports for wait in report.waits)
        return waits[min(len(waits) - 1, int(len(waits) * percent / 100))]


def race(url: str, home: Path, writers: int, attempts: int, *, audited: bool) -> Outcome:
    """Let the writers go at one moment and return what they did. Raises RuntimeError where one of them ended otherwise."""
    context = mp.get_context("spawn")
    barrier = context.Barrier(writers)
    answers: Any = context.Queue()
    processes = [
        context.Process(target=_run, args=(Task(url, home, n, attempts, audited), barrier, answers))
        for n in range(writers)
    ]
    for process in processes:
        process.start()
    answered = [_next(answers, processes) for _ in processes]
    for process in processes:
        process.join()
    if broken := [answer for answer in answered if isinstance(answer, str)]:
        raise RuntimeError("; ".join(broken))
    return Outcome(tuple(answer for answer in answered if isinstance(answer, Report)))


def _next(answers: Any, processes: Sequence[BaseProcess]) -> Report | str:
    """Return the next report; a writer that was killed, or never began, makes none."""
    while True:
        try:
            answer: Report | str = answers.get(timeout=1)
            return answer
        except queue.Empty:
            if dead := [process.name for process in processes if process.exitcode]:
                for process in processes:
                    process.kill()
                raise RuntimeError(f"{', '.join(dead)} died") from None


def _run(task: Task, barrier: Any, answers: Any) -> None:
    try:
        answers.put(write(task, lambda: barrier.wait(START_WITHIN)))
    except Exception as error:  # noqa: BLE001 - whatever it is, the race ends with it
        barrier.abort()
        answers.put(f"writer {task.number} ended: {type(error).__name__}: {error}")
