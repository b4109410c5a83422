"""What the service document says about running one instance here: the only place that reads it.

``components.spec`` knows how EAS reads a file; what is left to this module is what each of it means for a process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from components.runtimes.local.settings import Command
from components.runtimes.port import RuntimeFault
from components.spec.service import Service, parse_service
from components.spec.startup import Command as Startup
from components.spec.startup import Readiness

DEFAULT_GRACE = 30
"""EAS's own default of ``eas.termination_grace_period``, in seconds."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One service's wishes for its processes. ``command`` is empty where the file names none.

    ``path``: what a GET must answer before the instance is ready; empty: a TCP connection will do. ``timeout`` and
    ``grace`` in seconds. ``port``: the one the container declares, 0: none. ``needs``: what EAS would install first.
    """

    command: Command = ""
    image: str = ""
    processor: str = ""
    containers: int = 0
    port: int = 0
    env: Mapping[str, str] = field(default_factory=dict)
    path: str = ""
    timeout: float = 1.0
    grace: int = DEFAULT_GRACE
    needs: tuple[str, ...] = ()

    @classmethod
    def of(cls, service: str, spec: Mapping[str, Any]) -> Wish:
        """Read a canonical document; raises :class:`RuntimeFault` with the first fault of one that is not."""
        read, faults = parse_service(spec, source=f"service {service!r}", default_name=service)
        if read is None:
            raise RuntimeFault(str(next(fault for fault in faults if fault.level == "invalid")))
        return _wish(read)


def _wish(service: Service) -> Wish:
    first = service.containers[0] if service.containers else None
    startup = service.command() or Startup(
        image=first.image if first else "",
        env={entry.name: entry.value for entry in first.env} if first else {},
        port=first.port or 0 if first else 0,
        grace_s=service.metadata.grace_seconds,
    )
    path, timeout = _asked(startup.readiness)
    return Wish(
        command=startup.argv or startup.script,
        image=startup.image,
        processor=service.processor,
        containers=len(service.containers),
        port=startup.port,
        env=startup.env,
        path=path,
        timeout=timeout,
        grace=startup.grace_s,
        needs=startup.requirements or tuple(filter(None, [startup.requirements_path])),
    )


def _asked(readiness: Readiness) -> tuple[str, float]:
    path = readiness.path or "/"
    path = path if path.startswith("/") else f"/{path}"
    return (path if readiness.kind == "http" else ""), float(readiness.timeout_s)
