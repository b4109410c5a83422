"""Many callers, one act: what waits while an act is under way is done together in the next.

Forty threads that each ask supervisord for one thing would cost forty turns of its loop, each as long as its list of
processes; together they cost one or two.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Coalescer(Generic[Asked, Answer]):
    """Calls ``act`` with everything that was asked since its last call; each caller gets its own answer.

    An answer never comes from an act that began before it was asked for. ``limit`` bounds one act.
    """

    def __init__(self, act: Callable[[Sequence[Asked]], Sequence[Answer]], *, limit: int = 64) -> None:
        """Keep the act; nothing runs before the first call."""
        self._act = act
        self._limit = limit
        self._turn = threading.Lock()
        self._guard = threading.Lock()
        self._waiting: list[tuple[Asked, Future[Answer]]] = []

    def __call__(self, asked: Asked) -> Answer:
        """Return the answer to one question; raises what the act raised."""
        mine: Future[Answer] = Future()
        with self._guard:
            self._waiting.append((asked, mine))
        while not mine.done():
            with self._turn:
                if not mine.done():
                    self._round()
        return mine.result()

    def _round(self) -> None:
        with self._guard:
            batch, self._waiting = self._waiting[: self._limit], self._waiting[self._limit :]
        try:
            answers = self._act([asked for asked, _ in batch])
        except BaseException as error:
            for _, future in batch:
                future.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            future.set_result(answer)
