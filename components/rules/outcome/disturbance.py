"""How much one change may disturb: moves, restarts, stops before the replacement is ready, removals, scale-downs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import Field

from components.rules.outcome.view import WAITING, OutcomeView, step_pool
from components.rules.parameters import Parameters
from components.rules.rule import Complaint, Rule, limit

TOLERATES_LABEL = "eas-slices/tolerates-downtime"
"""A label of a service, ``"true"`` where it may be without any ready instance for a while."""

NAMED = 5
"""So many are named in one sentence, and the rest counted."""

Steps = tuple[Mapping[str, Any], ...]


class AtMost(Parameters):
    """A ceiling on how many of something one change may have."""

    at_most: int = Field(default=0, ge=0, description="how many one change may have")


class RemovalsAtMost(AtMost):
    """A ceiling on removed services, where what runs is real."""

    runtimes: tuple[str, ...] = Field(
        default=("kubernetes", "pai-eas"), description="runtimes whose pools count; empty: all"
    )


def _breaks(view: OutcomeView) -> Iterator[Complaint]:
    broken: dict[str, list[str]] = {}
    for step in _broken(view):
        broken.setdefault(str(step["service"]), []).append(str(step["ordinal"]))
    for service, ordinals in sorted(broken.items()):
        if view.label(service, TOLERATES_LABEL) != "true":
            which = ", ".join(sorted(set(ordinals)))
            message = f"service {service!r}: instance {which} is stopped before its replacement is ready."
            yield Complaint("change", None, message, subject=service)


def _waits(view: OutcomeView) -> Iterator[Complaint]:
    for service, places in sorted(view.assignments.items()):
        waiting = sorted(ordinal for ordinal, place in places.items() if place == WAITING)
        if waiting:
            message = f"service {service!r}: instance {', '.join(waiting)} has no place and waits."
            yield Complaint("assignments", None, message, subject=service)


def _broken(view: OutcomeView) -> Steps:
    return tuple(step for step in view.steps if step.get("mode") == "break-before-make")


def _moved(view: OutcomeView) -> Steps:
    return tuple(step for step in view.steps if step["how"] == "move")


def _restarted(view: OutcomeView) -> Steps:
    return tuple(step for step in view.steps if step["how"] in ("restart", "roll"))


def _ends(view: OutcomeView) -> Steps:
    return tuple(
        step
        for step in view.steps
        if step["op"] == step["how"] == "stop" and step.get("role", "steady") == "steady"
    )


def _scaled_down(view: OutcomeView) -> Steps:
    return tuple(step for step in _ends(view) if step["service"] in view.services)


def _count(what: str, found: Callable[[OutcomeView], Steps]) -> Callable[[OutcomeView, AtMost], Any]:
    """Return the judgement that a change has at most so many instances of ``what``."""

    def judge(view: OutcomeView, given: AtMost) -> Iterator[Complaint]:
        # An instance that is replaced has two steps, a start and a stop.
        names = sorted({f"{step['service']}/{step['ordinal']}" for step in found(view)})
        if len(names) > given.at_most:
            message = f"{what} by this change: {_named(names)}; at most {given.at_most} may be."
            yield Complaint("change", None, f"{len(names)} instance{'s' * (len(names) > 1)} {message}")

    return judge


def _removals(view: OutcomeView, given: RemovalsAtMost) -> Iterator[Complaint]:
    removed: dict[str, str] = {}
    for step in _ends(view):
        if step["service"] not in view.services:
            removed.setdefault(str(step["service"]), view.runtime_of(step_pool(step)))
    # A pool that the change takes away with the service has no runtime here any more: it counts.
    counted = sorted(
        name for name, runtime in removed.items() if not given.runtimes or runtime in (*given.runtimes, "")
    )
    if len(counted) > given.at_most:
        # One each, so that a waiver can let a single one go.
        for name in counted:
            message = f"this change removes service {name!r}, one of {len(counted)}; at most {given.at_most} may go."
            yield Complaint("change", None, message, subject=name)


def _named(names: Iterable[str]) -> str:
    listed = list(names)
    more = len(listed) - NAMED
    return ", ".join(listed[:NAMED]) + (f" and {more} more" if more > 0 else "")


DISTURBANCE: tuple[Rule[OutcomeView], ...] = (
    Rule(
        "no-break-before-make",
        "notice",
        "outcome",
        "No plan stops an instance before its replacement is ready, unless its service tolerates that.",
        f'Free a place for the replacement, or label the service "{TOLERATES_LABEL}": "true".',
        _breaks,
        pack="mandatory",
    ),
    Rule(
        "nothing-waits",
        "notice",
        "outcome",
        "Every declared instance has a place.",
        "Add a card, ask for less, or lower instance.",
        _waits,
        pack="advisory",
    ),
    limit(
        "moves-at-most",
        "outcome",
        "One change moves few instances to another card at the same revision.",
        "Lower max_moves (of the pool file or the stack), make the change in parts, or raise at_most.",
        AtMost,
        _count("moved to another card", _moved),
    ),
    limit(
        "breaks-at-most",
        "outcome",
        "One change stops few instances before their replacements are ready, tolerated or not.",
        "Free places for the replacements, make the change in parts, or raise at_most.",
        AtMost,
        _count("stopped before the replacement is ready", _broken),
    ),
    limit(
        "restarts-at-most",
        "outcome",
        "One change restarts few instances, in place or as a roll to a new revision.",
        "Make the change in parts, or raise at_most.",
        AtMost,
        _count("restarted", _restarted),
    ),
    replace(
        limit(
            "removals-at-most",
            "outcome",
            "One change removes few services that run.",
            "Put the service's file back, remove services in a change of their own, or raise at_most for it.",
            RemovalsAtMost,
            _removals,
        ),
        pack="mandatory",
    ),
    limit(
        "scale-downs-at-most",
        "outcome",
        "One change stops few instances by a lower instance count.",
        "Lower instance in steps, or raise at_most for this change.",
        AtMost,
        _count("stopped by a lower count", _scaled_down),
    ),
)
