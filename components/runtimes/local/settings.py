"""The pool's section ``local``: which command stands for an image or a processor, and which ports may be used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from components.runtimes.port import RuntimeFault

DEFAULT_PORTS = (20000, 29999)
"""Below the kernel's own range for outgoing connections (32768 and up), so that none of those is ever in the way."""

Command = str | tuple[str, ...]
"""A line for ``/bin/sh -c``, or an argument vector."""

_RANGE = re.compile(r"\s*(\d+)\s*-\s*(\d+)\s*\Z")


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """What the pool says about running its services on this machine."""

    run: Mapping[str, Command] = field(default_factory=dict)
    ports: tuple[int, int] = DEFAULT_PORTS

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> LocalSettings:
        """Read the section; raises :class:`RuntimeFault` naming the key that cannot be used."""
        run = data.get("run") or {}
        if not isinstance(run, Mapping):
            raise RuntimeFault(
                f"local.run is {run!r}, not a mapping of names to commands; write 'NAME: command'."
            )
        return cls({str(name): _command(str(name), command) for name, command in run.items()}, _ports(data))


def _command(name: str, command: object) -> Command:
    if isinstance(command, str) and command.strip():
        return command
    if isinstance(command, (list, tuple)) and command and all(isinstance(word, str) for word in command):
        return tuple(command)
    raise RuntimeFault(
        f"local.run: the command for {name!r} is {command!r}; write a line or a list of words."
    )


def _ports(data: Mapping[str, Any]) -> tuple[int, int]:
    ports: Any = data.get("ports") or DEFAULT_PORTS
    if isinstance(ports, str) and (match := _RANGE.match(ports)):
        ports = match.groups()
    try:
        low, high = (int(port) for port in ports)
    except (TypeError, ValueError):
        low, high = 0, 0
    if not 1024 <= low <= high <= 65535:
        raise RuntimeFault(
            f"local.ports is {data.get('ports')!r}; write the first and the last port, within 1024-65535, "
            "such as [20000, 29999]."
        )
    return low, high
