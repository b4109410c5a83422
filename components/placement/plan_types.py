"""What a plan says: final assignments, ordered steps, refusals and warnings. Data only; JSON both ways."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from components.placement.snapshot import Place, Role

Op = Literal["start", "restart", "stop", "reconfigure"]
How = Literal["start", "restart", "move", "roll", "stop", "surge", "resume", "reconfigure"]
"""What the reader is told: a new instance, a repair in place, a card change at the same revision, a change of revision,
an instance that goes, a temporary extra one, one left unfinished by an earlier apply, a new token."""
Mode = Literal["", "make-before-break", "in-place", "break-before-make"]


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What the user chose; defaults as in ``docs/architecture.md``.

    ``max_moves``: how many own instances may move to make room for others, ``rebalance``: how many to empty cards.
    ``for_another``: the plan is made for an owner who does not ask for it, so who is not evictable stays on what drains.
    ``memory_only``: ``separate`` keeps slices without a percentage off nodes that hold slices with one, and the reverse.
    """

    on_insufficient: Literal["refuse", "wait"] = "refuse"
    max_moves: int = 0
    rebalance: int = 0
    memory_only: Literal["mixed", "separate"] = "mixed"
    for_another: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do to one instance.

    ``n`` numbers the steps from 1 in a valid order. ``instance`` is an existing instance's id (``stop``, ``restart``,
    ``reconfigure``, and ``start`` of one that is already recorded); empty for a new one, whose id is minted when the plan
    is committed. ``after`` has the numbers of the steps that must be done first: the stops that free its place, the
    starts that must be ready before this one may stop. ``mode`` says how a replacement happens.
    """

    n: int
    op: Op
    how: How
    service: str
    ordinal: int
    role: Role = "steady"
    instance: str = ""
    revision: str = ""
    place: Place | None = None
    mode: Mode = ""
    wave: int = 0
    after: tuple[int, ...] = ()
    reason: str = ""

    @property
    def label(self) -> str:
        """``service/ordinal`` as people read it; surge instances are ``service/+ordinal``."""
        mark = "+" if self.role == "surge" else ""
        return f"{self.service}/{mark}{self.ordinal}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data without the fields that are empty."""
        data: dict[str, Any] = {
            "op": self.op,
            "how": self.how,
            "service": self.service,
            "ordinal": self.ordinal,
        }
        if self.role != "steady":
            data["role"] = self.role
        for name in ("instance", "revision", "mode", "wave", "reason"):
            if value := getattr(self, name):
                data[name] = value
        if self.place is not None:
            data["place"] = self.place.to_dict()
        if self.after:
            data["after"] = list(self.after)
        return data

    @classmethod
    def from_dict(cls, n: int, data: dict[str, Any]) -> Step:
        """Read what :meth:`to_dict` wrote (numbers may come as whole floats)."""
        place = data.get("place")
        return cls(
            n=n,
            op=data["op"],
            how=data["how"],
            service=data["service"],
            ordinal=int(data["ordinal"]),
            role=data.get("role", "steady"),
            instance=data.get("instance", ""),
            revision=data.get("revision", ""),
            place=Place.from_dict(place) if place else None,
            mode=data.get("mode", ""),
            wave=int(data.get("wave", 0)),
            after=tuple(int(other) for other in data.get("after", ())),
            reason=data.get("reason", ""),
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an instance got no place: per reason how many cards (or nodes) failed, the nearest miss, what would help.

    ``blocking`` refusals fail the check; the others (``wait``, or an instance that lost its place) leave it waiting.
    ``prefix``: what cannot be done because of it (``node gpu-b cannot be drained: ``). ``of``: what ``counts`` counts, and
    ``verdict``: what does not work. ``moves``: which moves of other instances would make it fit, and ``max_moves``: with
    how many allowed; 0 where none do.
    """

    service: str
    ordinal: int
    asks: str
    counts: dict[str, int]
    nearest: str
    remedy: str
    blocking: bool = True
    prefix: str = ""
    of: str = "card"
    verdict: str = "fits nowhere"
    moves: str = ""
    max_moves: int = 0

    def __str__(self) -> str:
        """One sentence with the numbers and the next step."""
        total = sum(self.counts.values())
        counts = ", ".join(f"{count} {reason}" for reason, count in self.counts.items())
        of = f": of {total} {self.of}{'' if total == 1 else 's'}, {counts}" if counts else ""
        said = f"{self.prefix}{self.service}/{self.ordinal} asks for {self.asks} and {self.verdict}{of}."
        return " ".join(part for part in (said, self.nearest, self.moves, self.remedy) if part)


@dataclass(frozen=True, slots=True)
class Plan:
    """Proposed assignments and how to get there.

    ``assignments``: service -> ordinal -> final place, or None for one that waits. ``steps``: empty when there is nothing
    to do. ``rolling``: service -> the sentence that names the surge and unavailable limits that decided its waves.
    """

    assignments: dict[str, dict[int, Place | None]]
    steps: tuple[Step, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = ()
    rolling: dict[str, str] = field(default_factory=dict)

    @property
    def blocking(self) -> tuple[Refusal, ...]:
        """The refusals that fail the check."""
        return tuple(refusal for refusal in self.refusals if refusal.blocking)

    @property
    def waiting(self) -> tuple[Refusal, ...]:
        """Refusals that leave an instance waiting."""
        return tuple(refusal for refusal in self.refusals if not refusal.blocking)

    def change(self) -> dict[str, Any]:
        """Return the steps as ``{"001": {...}, ...}`` for Pulumi inputs and saved plans; ``{}`` when there are none."""
        return {f"{step.n:04d}": step.to_dict() for step in self.steps}
