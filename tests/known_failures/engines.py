"""A runtime that remembers what it was told."""

from __future__ import annotations

from components.runtimes.port import Launch, Runtime
from tests.settle.runtimes import Wrapped


class Spy(Wrapped):
    """Keeps every launch that it was told."""

    def __init__(self, inner: Runtime) -> None:
        super().__init__(inner)
        self.launches: list[Launch] = []

    def start(self, launch: Launch) -> None:
        """Note it, then start."""
        self.launches.append(launch)
        super().start(launch)
