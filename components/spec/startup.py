"""What a runtime needs to start one instance: command, environment, readiness check, time to end.

As the file says it. What stands in on this machine for an image or a processor is the pool's to say
(``local.run``), and the local runtime's to choose.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from components.spec.containers import Check, Container


@dataclass(frozen=True, slots=True)
class Readiness:
    """When an instance is ready: GET ``path`` answers 2xx or 3xx, or (``tcp``) the port accepts a connection.

    ``port`` 0 is the instance's own port. Times in seconds.
    """

    kind: str = "tcp"
    path: str = ""
    port: int = 0
    initial_delay_s: int = 0
    period_s: int = 10
    timeout_s: int = 1
    failure_threshold: int = 3


@dataclass(frozen=True, slots=True)
class Command:
    """What to run. ``argv`` without a shell, or ``script`` with one; exactly one of the two is filled.

    ``port`` is the one the container serves on, 0 when the file names none. ``grace_s``: seconds between
    asking it to end and ending it. ``requirements``: pip requirements of ``prepare``.
    """

    argv: tuple[str, ...] = ()
    script: str = ""
    image: str = ""
    env: dict[str, str] = field(default_factory=dict)
    port: int = 0
    readiness: Readiness = Readiness()
    grace_s: int = 30
    requirements: tuple[str, ...] = ()
    requirements_path: str = ""


def readiness_of(container: Container) -> Readiness:
    """Return the container's startup check, else its health check, else: its port accepts a connection."""
    check = container.startup_check or container.health_check
    if check is None:
        return Readiness(port=container.port or 0)
    return _readiness(check, container.port or 0)


def _readiness(check: Check, own_port: int) -> Readiness:
    http, tcp = check.http_get, check.tcp_socket
    return Readiness(
        kind="http" if http else "tcp",
        path=http.path if http else "",
        port=(http.port if http else tcp.port if tcp else 0) or own_port,
        initial_delay_s=check.initial_delay_seconds,
        period_s=check.period_seconds,
        timeout_s=check.timeout_seconds,
        failure_threshold=check.failure_threshold,
    )


def container_command(container: Container, grace_s: int) -> Command | None:
    """Return what a container runs; None where it says neither ``command`` nor ``script``."""
    if not container.command and not container.script:
        return None
    argv, script = _words(container.command) if container.command else ((), container.script)
    return Command(
        argv=argv,
        script=script,
        image=container.image,
        env={var.name: var.value for var in container.env},
        port=container.port or 0,
        readiness=readiness_of(container),
        grace_s=grace_s,
        requirements=container.prepare.python_requirements,
        requirements_path=container.prepare.python_requirements_path,
    )


def _words(command: str | tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """Return (argv, script): a list is run as it stands, one text by a shell, as EAS does."""
    return ((), command) if isinstance(command, str) else (command, "")


def command_of(containers: tuple[Container, ...], grace_s: int) -> Command | None:
    """Return what the first container runs; the others are helpers that only EAS starts."""
    return container_command(containers[0], grace_s) if containers else None
