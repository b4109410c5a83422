"""What every runtime answers to. Runtimes are told, never asked to choose; all verbs are idempotent by instance id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from components.spec.node import Node
from components.spec.secret import filled


class RuntimeFault(Exception):
    """A runtime could not do what it was told; the message is a sentence with the next step.

    ``retriable`` says whether asking again can help (a busy engine) or not (a missing command).
    """

    def __init__(self, message: str, *, retriable: bool = False) -> None:
        """Keep the sentence and whether asking again can help."""
        super().__init__(message)
        self.retriable = retriable


@dataclass(frozen=True, slots=True)
class PinnedCard:
    """One card of a place, as the process is told: identity, model and what it may use (MiB, percent; 0 = no limit)."""

    uuid: str
    index: int
    model: str
    memory_mib: int
    compute: int
    capacity_mib: int


@dataclass(frozen=True, slots=True)
class Launch:
    """Everything a runtime needs to start one instance.

    ``id`` is owner/service/ordinal/incarnation and the only name the runtime knows it by; ``spec`` is the canonical
    service document with its secrets hidden; ``secrets`` holds ``token`` and whatever else the file kept secret, and
    :meth:`document` puts both together; ``settings`` is the pool's section for this runtime (for ``local``: ``run``,
    ``ports``). ``revision`` is kept with the instance, so that one whose record is lost can be recognised.
    """

    id: str
    owner: str
    service: str
    ordinal: int
    pool: str
    node: str
    cards: tuple[PinnedCard, ...]
    exclusive: bool
    spec: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    settings: Mapping[str, Any] = field(default_factory=dict)
    revision: str = ""

    def document(self) -> dict[str, Any]:
        """Return the document as it was declared, secrets in their places; keep it out of messages and logs."""
        return filled(self.spec, self.secrets)


Condition = Literal["absent", "starting", "ready", "failed"]
"""``absent``: seen gone, its slice may be given away. ``starting``: there, does not answer yet. ``ready``: answers.
``failed``: there or wanted, but crashing or dead; ``detail`` has the reason and the last lines of its log."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What a runtime sees of one instance now. ``cards`` is what it was really given, to be compared with the plan.

    ``revision`` is the one it was launched with; empty where the runtime does not know.
    """

    id: str
    condition: Condition
    endpoint: str = ""
    detail: str = ""
    cards: tuple[str, ...] = ()
    node: str = ""
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a runtime can hold to. ``enforced`` is the sentence that `up` prints when limits are not enforced.

    ``instant``: its verbs write something down and return, so that they need no thread each, and nothing is spared by
    having few instances in flight.
    """

    pin_card: bool
    pin_node: bool
    move: bool
    enforce_memory: bool
    enforce_compute: bool
    reconfigure: bool
    enforced: str = ""
    instant: bool = False


class Runtime(Protocol):
    """One engine that instances run on."""

    name: str

    def capabilities(self) -> Capabilities:
        """Return what this runtime can hold to, on this machine, now."""
        ...

    def inventory(self) -> tuple[Node, ...] | None:
        """Return the nodes that the engine reports, or None where it only knows what is declared."""
        ...

    def start(self, launch: Launch) -> None:
        """Start the instance, or do nothing if it runs; returns at once. Raises :class:`RuntimeFault`."""
        ...

    def restart(self, launch: Launch) -> None:
        """Start anew, in its place, an instance that failed or died. Raises :class:`RuntimeFault`."""
        ...

    def reconfigure(self, launch: Launch) -> None:
        """Hand a running instance its new token without a restart. Raises :class:`RuntimeFault` where it cannot."""
        ...

    def stop(self, instance_id: str) -> None:
        """Begin a graceful stop (grace period of its launch), or do nothing if it is gone; returns at once."""
        ...

    def observe(self, instance_ids: Iterable[str]) -> dict[str, Observation]:
        """Return one observation for each id asked for; probes readiness of all of them concurrently."""
        ...

    def listing(self, owner: str | None = None) -> tuple[str, ...]:
        """Return the ids of all instances that the runtime keeps, of one owner or of all."""
        ...

    def logs(self, instance_id: str, lines: int = 40) -> str:
        """Return the last lines that the instance printed; empty when it never ran."""
        ...
