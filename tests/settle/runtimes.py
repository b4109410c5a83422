"""A runtime around another one, for tests that let a verb misbehave by overriding it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from components.runtimes.port import Capabilities, Launch, Observation, Runtime
from components.spec.node import Node


class Wrapped:
    """Does what ``inner`` does."""

    def __init__(self, inner: Runtime) -> None:
        self.inner = inner
        self.name = inner.name

    def capabilities(self) -> Capabilities:
        """A verb that misbehaves may take its time."""
        return replace(self.inner.capabilities(), instant=False)

    def inventory(self) -> tuple[Node, ...] | None:
        return self.inner.inventory()

    def start(self, launch: Launch) -> None:
        self.inner.start(launch)

    def restart(self, launch: Launch) -> None:
        self.inner.restart(launch)

    def reconfigure(self, launch: Launch) -> None:
        self.inner.reconfigure(launch)

    def stop(self, instance_id: str) -> None:
        self.inner.stop(instance_id)

    def observe(self, instance_ids: Iterable[str]) -> dict[str, Observation]:
        return self.inner.observe(instance_ids)

    def listing(self, owner: str | None = None) -> tuple[str, ...]:
        return self.inner.listing(owner)

    def logs(self, instance_id: str, lines: int = 40) -> str:
        return self.inner.logs(instance_id, lines)
