"""Which entry of a pool's ``local.run`` stands in for what a file names and this machine does not have."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from components.spec.service import Service

DEFAULT = "default"
"""The entry for every service that nothing else says what to run for."""


def stand_in(
    entries: Collection[str], service: str, *, runs: bool, processor: str = "", image: str = ""
) -> str | None:
    """Return the entry that is run for a service; None where its own command is, or where no entry fits.

    ``runs``: whether its first container has a command or a script. An entry with the service's name wins over that
    command: so a command that only works inside its image gets a stand-in. Then come processor, image and ``default``.
    """
    if service in entries:
        return service
    if runs:
        return None
    return next((name for name in (processor, image, DEFAULT) if name and name in entries), None)


def runs_itself(service: Service) -> bool:
    """Whether the first container, the one that this machine runs, has a command or a script."""
    return any(container.command or container.script for container in service.containers[:1])


def stand_in_for(service: Service, entries: Collection[str]) -> str | None:
    """Return :func:`stand_in` of a typed service."""
    image = service.containers[0].image if service.containers else ""
    return stand_in(
        entries, service.name, runs=runs_itself(service), processor=service.processor, image=image
    )
