"""Waiting in tests: for a condition, never for a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

Answer = TypeVar("Answer")


def until(ask: Callable[[], Answer], *, within: float = 40.0) -> Answer:
    """Ask until the answer is truthy and return it; fails with the last answer after ``within`` seconds."""
    again = Retrying(
        stop=stop_after_delay(within), wait=wait_fixed(0.03), retry=retry_if_result(lambda answer: not answer)
    )
    try:
        return again(ask)
    except RetryError as error:
        raise AssertionError(f"still {error.last_attempt.result()!r} after {within:g} s") from None
