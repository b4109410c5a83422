"""What rules look at: a service with the facts of its pool, a pool, a whole project."""

from __future__ import annotations

from dataclasses import dataclass

from components.rules.facts import PoolFacts
from components.spec.metadata import Metadata
from components.spec.service import Service


@dataclass(frozen=True, slots=True)
class ServiceView:
    """One service and, where it is known, its pool."""

    service: Service
    facts: PoolFacts | None = None

    @property
    def meta(self) -> Metadata:
        """The service's metadata."""
        return self.service.metadata

    @property
    def resource(self) -> str:
        """The resource id that counts: as written; without one, or with the pool's name, the pool's own."""
        written = self.service.resource
        if self.facts is not None and written in ("", self.facts.pool):
            return self.facts.resource
        return written

    @property
    def runtime(self) -> str:
        """The pool's runtime; empty where the pool is not known."""
        return self.facts.runtime if self.facts else ""

    @property
    def commands(self) -> tuple[tuple[str, str], ...]:
        """(field, text) of everything that containers run."""
        found = []
        for index, container in enumerate(self.service.containers):
            command = container.command
            text = command if isinstance(command, str) else " ".join(command)
            for key, value in (("command", text), ("script", container.script)):
                if value:
                    found.append((f"containers[{index}].{key}", value))
        return tuple(found)
