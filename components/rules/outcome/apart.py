"""Who may not be beside whom: instances of one service, and services whose labels say that they are apart."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import Field, field_validator

from components.rules.outcome.view import OutcomeView, Tenant, cards_of, node_of
from components.rules.parameters import Parameters
from components.rules.rule import Complaint, Rule, limit


class InstancesApart(Parameters):
    """On what no two instances of a service may be together."""

    on: Literal["card", "node", "zone"] = Field(
        default="node", description="what no two instances of a service share"
    )
    labels: dict[str, str] = Field(
        default_factory=dict, description="only services with these labels; empty: all"
    )


class LabelsApart(Parameters):
    """Which values of a label never share a card."""

    label: str = Field(default="environment", description="the label that is compared")
    apart: tuple[tuple[str, str], ...] = Field(
        default=(("production", "development"),), description="pairs of values that never share a card"
    )
    owners: dict[str, str] = Field(
        default_factory=dict,
        description='what other owners run, by name ("*/dev-*": "development"), as their labels are not seen',
    )
    strangers: Literal["allow", "refuse"] = Field(
        default="refuse",
        description="beside an owner that owners does not name, for a value that stands in apart",
    )

    @field_validator("apart")
    @classmethod
    def _two_values(cls, pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        if not pairs or any(first == second for first, second in pairs):
            raise ValueError("name pairs of two different values")
        return pairs


def _instances(view: OutcomeView, given: InstancesApart) -> Iterator[Complaint]:
    together: dict[tuple[str, str], list[str]] = {}
    for service, ordinal, place in view.places():
        if all(view.label(service, name) == value for name, value in given.labels.items()):
            for where in _shared(view, place, given.on):
                together.setdefault((service, where), []).append(ordinal)
    for (service, where), ordinals in sorted(together.items()):
        if len(ordinals) > 1:
            which, within = " and ".join(ordinals), "in" if given.on == "zone" else "on"
            message = f"service {service!r}: instances {which} are {within} the same {given.on}, {where}."
            yield Complaint("assignments", view.assignments[service], message, subject=service)


def _shared(view: OutcomeView, place: str, on: str) -> list[str]:
    if on == "card":
        return cards_of(place)
    node = node_of(place)
    if on == "node":
        return [node]
    # Nodes that say no zone are in one that has no name: together, as the engine takes them.
    return [str(view.nodes.get(node, {}).get("zone", "")) or "(none)"]


def _labels(view: OutcomeView, given: LabelsApart) -> Iterator[Complaint]:
    for address, tenants in sorted(view.tenants.items()):
        for tenant in tenants:
            mine = view.label(tenant.service, given.label)
            if tenant.owner or mine is None:
                continue
            for other in tenants:
                if said := _clash(view, given, mine, other):
                    message = (
                        f"service {tenant.service!r}: {tenant.label} ({given.label} {mine}) shares card {address} "
                        f"with {other.label} ({said})."
                    )
                    yield Complaint("assignments", None, message, subject=tenant.service)


def _clash(view: OutcomeView, given: LabelsApart, mine: str, other: Tenant) -> str:
    """Return what the other one is, where that is kept apart; else nothing. Of two own ones the first of a pair speaks."""
    against = {second for first, second in given.apart if first == mine}
    if not other.owner:
        theirs = view.label(other.service, given.label)
        return f"{given.label} {theirs}" if theirs in against else ""
    against |= {first for first, second in given.apart if second == mine}
    if not against:
        return ""
    theirs = next((value for owner, value in given.owners.items() if fnmatchcase(other.owner, owner)), None)
    if theirs is None:
        return f"an owner of unknown {given.label}" if given.strangers == "refuse" else ""
    return f"{given.label} {theirs}" if theirs in against else ""


APART: tuple[Rule[OutcomeView], ...] = (
    limit(
        "instances-apart",
        "outcome",
        "No two instances of a service share a card, a node or a zone.",
        'Write scheduling.spread.policy "host" or "zone", add nodes, or lower instance.',
        InstancesApart,
        _instances,
    ),
    limit(
        "labels-apart",
        "outcome",
        "Services whose labels are kept apart, such as production and development, share no card.",
        "Give one of them a pool or a card model of its own, or whole cards.",
        LabelsApart,
        _labels,
    ),
)
