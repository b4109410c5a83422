"""What setup says: one line a step, and one sentence where it cannot go on."""

from __future__ import annotations


class SetupError(Exception):
    """Setup cannot go on. The text says what is missing and what to do about it."""


def say(subject: str, text: str) -> None:
    """Print one line, at once: the reader may be waiting, and may have no terminal."""
    print(f"setup: {subject:9} {text}", flush=True)
