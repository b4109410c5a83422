"""Runtimes that look at what they are told, or answer as a test wants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

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


@dataclass
class Timeline:
    """What is looked at, again and again while time passes, with everything that was seen."""

    look: Callable[[], int]
    seen: list[int] = field(default_factory=list)

    def __call__(self) -> None:
        self.seen.append(self.look())
