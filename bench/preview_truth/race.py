"""Runs series beside each other, each in a process of its own."""

from __future__ import annotations

import multiprocessing as mp
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import Any

from bench.preview_truth.series import Outcome, Series

LOOK_S = 5


def race(folder: Path, seed: int, changes: int, series: int, hear: Callable[[int, Outcome], None]) -> None:
    """Share the changes among the series and hear what comes of each. Raises RuntimeError where a series breaks off."""
    context = mp.get_context("spawn")
    queue: Any = context.Queue()
    running: dict[int, Any] = {}
    for number in range(series):
        share = changes // series + (number < changes % series)
        process = context.Process(target=_run, args=(folder / f"series{number}", seed, number, share, queue))
        process.start()
        running[number] = process
    try:
        while running:
            try:
                number, told = queue.get(timeout=LOOK_S)
            except Empty:
                if dead := [number for number, process in running.items() if not process.is_alive()]:
                    raise RuntimeError(f"series {dead[0]} ended without a word") from None
                continue
            if isinstance(told, Outcome):
                hear(number, told)
            elif told:
                raise RuntimeError(f"series {number} broke off: {told}")
            else:
                running.pop(number).join()
    finally:
        for process in running.values():
            process.terminate()


def _run(folder: Path, seed: int, number: int, changes: int, queue: Any) -> None:
    try:
        Series(folder, seed, number).run(changes, lambda outcome: queue.put((number, outcome)))
    except Exception as error:  # noqa: BLE001 - whatever it is, the run ends with it
        queue.put((number, f"{type(error).__name__}: {error}"))
    else:
        queue.put((number, None))
