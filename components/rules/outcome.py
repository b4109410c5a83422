"""Rules of what a plan would do: judged by the policy pack on the checked inputs of ``Placement``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from components.rules.rule import Complaint, Rule
from components.spec.packed import unpacked_each

TOLERATES_LABEL = "eas-slices/tolerates-downtime"
"""A label of a service, ``"true"`` where it may be without any ready instance for a while."""


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """``change``: the plan's steps; ``assignments``: service -> ordinal -> place; ``labels``: by service."""

    change: Mapping[str, Any]
    assignments: Mapping[str, Any]
    labels: Mapping[str, Mapping[str, str]]

    @classmethod
    def of(cls, inputs: Mapping[str, Any]) -> OutcomeView:
        """Read the checked inputs of ``Placement``, as plain data."""
        services = unpacked_each(inputs.get("services"))
        return cls(
            change=unpacked_each(inputs.get("change")),
            assignments=inputs.get("assignments") or {},
            labels={name: service.get("labels") or {} for name, service in services.items()},
        )


def _breaks(view: OutcomeView) -> Iterator[Complaint]:
    broken: dict[str, list[str]] = {}
    for step in view.change.values():
        if isinstance(step, Mapping) and step.get("mode") == "break-before-make":
            broken.setdefault(str(step.get("service")), []).append(str(step.get("ordinal")))
    for service, ordinals in sorted(broken.items()):
        if view.labels.get(service, {}).get(TOLERATES_LABEL) != "true":
            which = ", ".join(sorted(set(ordinals)))
            message = f"service {service!r}: instance {which} is stopped before its replacement is ready."
            yield Complaint("change", None, message, subject=service)


def _waits(view: OutcomeView) -> Iterator[Complaint]:
    for service, places in sorted(view.assignments.items()):
        waiting = sorted(ordinal for ordinal, place in places.items() if place == "waiting")
        if waiting:
            message = f"service {service!r}: instance {', '.join(waiting)} has no place and waits."
            yield Complaint("assignments", None, message, subject=service)


def _moves(view: OutcomeView) -> Iterator[Complaint]:
    steps = [step for step in view.change.values() if isinstance(step, Mapping) and step.get("how") == "move"]
    for service in sorted({str(step.get("service")) for step in steps}):
        ordinals = sorted({str(step.get("ordinal")) for step in steps if str(step.get("service")) == service})
        message = f"service {service!r}: instance {', '.join(ordinals)} moves to another card."
        yield Complaint("change", None, message, subject=service)


OUTCOME: tuple[Rule[OutcomeView], ...] = (
    Rule(
        "no-break-before-make",
        "notice",
        "outcome",
        "No plan stops an instance before its replacement is ready, unless its service tolerates that.",
        f'Free a place for the replacement, or label the service "{TOLERATES_LABEL}": "true".',
        _breaks,
        outcome="mandatory",
    ),
    Rule(
        "nothing-waits",
        "notice",
        "outcome",
        "Every declared instance has a place.",
        "Add a card, ask for less, or lower instance.",
        _waits,
        outcome="advisory",
    ),
    Rule(
        "nothing-moves",
        "notice",
        "outcome",
        "No running instance moves to another card.",
        "Lower max_moves (of the pool file or the stack), or accept the move.",
        _moves,
        outcome="off",
    ),
)
