"""What is run for an instance: the container's own command, else what the pool maps its image or processor to."""

from __future__ import annotations

import json

from components.runtimes.local.settings import Command, LocalSettings
from components.runtimes.local.wish import Wish
from components.runtimes.port import RuntimeFault
from components.spec.stand_in import stand_in


def resolve(service: str, wish: Wish, settings: LocalSettings) -> Command:
    """Return the command of one instance; raises :class:`RuntimeFault` with the line that pool.yaml needs.

    :func:`~components.spec.stand_in.stand_in` has the order in which entries of ``local.run`` count.
    """
    entry = stand_in(
        settings.run, service, runs=bool(wish.command), processor=wish.processor, image=wish.image
    )
    if entry is not None:
        return settings.run[entry]
    if wish.command:
        return wish.command
    raise RuntimeFault(_refusal(service, wish))


def remarks(service: str, wish: Wish) -> tuple[str, ...]:
    """Return what the reader must know about how this service runs here, one sentence each."""
    said = []
    if wish.command and wish.image:
        said.append(
            f"service {service!r}: its command runs on this host; the image {wish.image!r} is not pulled."
        )
    if wish.needs:
        said.append(
            f"service {service!r}: what `prepare` names ({', '.join(wish.needs)}) is not installed on this host."
        )
    if wish.containers > 1:
        said.append(
            f"service {service!r} has {wish.containers} containers; the local runtime runs the first one only."
        )
    return tuple(said)


def _refusal(service: str, wish: Wish) -> str:
    if wish.processor:
        what, name = f"runs processor {wish.processor!r}, which exists on EAS only", wish.processor
    elif wish.image:
        what, name = (
            f"has the image {wish.image!r} and no command; the local runtime pulls no images",
            wish.image,
        )
    else:
        what, name = "has neither a container with a command nor a processor", service
    line = json.dumps({name: "COMMAND"}, ensure_ascii=False)
    return (
        f"service {service!r} {what}. Say what stands for it on this machine: add to its pool in pool.yaml "
        f"`local: {{run: {line}}}` (or {service!r} for this service alone, or 'default' for all); "
        "COMMAND serves on $PORT."
    )
