"""What services may have: card models, a team's quota, a price."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from pydantic import Field, PositiveFloat, field_validator

from components.rules.outcome.view import OutcomeView, Tenant, cards_of, node_of
from components.rules.parameters import Parameters
from components.rules.rule import Complaint, Rule, limit

UNLABELLED = "(no label)"


class ModelsAllowed(Parameters):
    """Which card models a labelled service may sit on."""

    label: str = Field(default="team", description="the label whose value decides")
    models: dict[str, tuple[str, ...]] = Field(description="value of the label -> card models")
    others: Literal["allow", "refuse"] = Field(
        default="allow", description="services without the label, or with another value"
    )


class Quota(Parameters):
    """What all services of one team have together; a figure that is left out has no limit."""

    cards: int | None = Field(default=None, ge=0, description="whole cards")
    memory_gib: int | None = Field(default=None, ge=0, description="card memory in GiB, whole cards included")
    percentage: int | None = Field(
        default=None, ge=0, description="percent of compute, 100 a card, whole cards included"
    )


class TeamQuota(Parameters):
    """What each team may have in this stack."""

    label: str = Field(default="team", description="the label that names the team")
    quotas: dict[str, Quota] = Field(description="value of the label -> cards, memory_gib, percentage")
    unlabelled: Literal["allow", "refuse"] = Field(
        default="refuse", description="services without the label, or of a team without a quota"
    )


class CostAtMost(Parameters):
    """What the stack's share of the cards may cost."""

    at_most: PositiveFloat = Field(description="ceiling of an hour, in the currency of the prices")
    prices: dict[str, float] = Field(
        description="price of an hour of one card, by card model; or of a node, by instance type"
    )

    @field_validator("prices")
    @classmethod
    def _some(cls, prices: dict[str, float]) -> dict[str, float]:
        if not prices or any(price < 0 for price in prices.values()):
            raise ValueError("name at least one price, and none below 0")
        return prices


@dataclass(slots=True)
class _Taken:
    cards: int = 0
    mib: int = 0
    percentage: int = 0


def _models(view: OutcomeView, given: ModelsAllowed) -> Iterator[Complaint]:
    for service, ordinal, place in view.places():
        value = view.label(service, given.label)
        allowed = given.models.get(value or "")
        if allowed is None and given.others == "allow":
            continue
        for address in cards_of(place):
            model = str(view.cards.get(address, {}).get("model", "of unknown model"))
            if model not in (allowed or ()):
                whose = f"{given.label} {value}" if value else f"no label {given.label}"
                may = f"may use {', '.join(allowed)}" if allowed else "has no card model to use"
                message = f"service {service!r}: {service}/{ordinal} is on {address}, a card {model}; {whose} {may}."
                yield Complaint("assignments", place, message, subject=service)


def _quotas(view: OutcomeView, given: TeamQuota) -> Iterator[Complaint]:
    for team, taken in sorted(_taken(view, given.label).items()):
        quota = given.quotas.get(team)
        if quota is None:
            if given.unlabelled == "refuse":
                whose = "services without it have" if team == UNLABELLED else f"{team} has"
                message = f"label {given.label}: {whose} {_said(taken)}, and no quota."
                yield Complaint("services", None, message)
            continue
        for what, has, most in (
            ("whole cards", taken.cards, quota.cards),
            ("MiB of card memory", taken.mib, None if quota.memory_gib is None else quota.memory_gib * 1024),
            ("% of compute", taken.percentage, quota.percentage),
        ):
            if most is not None and has > most:
                message = f"{given.label} {team}: {has} {what}; its quota is {most}."
                yield Complaint("services", None, message)


def _taken(view: OutcomeView, label: str) -> dict[str, _Taken]:
    found: dict[str, _Taken] = defaultdict(_Taken)
    for tenants in view.tenants.values():
        for tenant in tenants:
            if not tenant.owner:
                taken = found[view.label(tenant.service, label) or UNLABELLED]
                taken.cards += tenant.whole
                taken.mib += tenant.mib
                taken.percentage += tenant.compute
    return found


def _said(taken: _Taken) -> str:
    return f"{taken.cards} whole cards, {taken.mib} MiB and {taken.percentage} % of compute"


@dataclass(slots=True)
class Cost:
    """What an hour costs, and the models of the cards that have no price."""

    total: Fraction = Fraction(0)
    unknown: set[str] = field(default_factory=set)


def hourly(view: OutcomeView, prices: Mapping[str, float], tenants: Mapping[str, tuple[Tenant, ...]]) -> Cost:
    """Return what an hour of the stack's own ``tenants`` costs: of each card the larger of its shares of it."""
    cost = Cost()
    for address, there in tenants.items():
        price = _price(view, address, prices)
        for tenant in there:
            if tenant.owner:
                continue
            if price is None:
                cost.unknown.add(str(view.cards[address]["model"]))
            else:
                cost.total += price * _part(
                    tenant.mib, tenant.compute, int(view.cards[address]["capacity_mib"])
                )
    return cost


def _cost(view: OutcomeView, given: CostAtMost) -> Iterator[Complaint]:
    cost = hourly(view, given.prices, view.tenants)
    if cost.unknown:
        message = f"no price is given for {', '.join(sorted(cost.unknown))}, so that what this stack costs is not known."
        yield Complaint("usage", None, message, "Add it to prices, by card model or instance type.")
    elif cost.total > Fraction(str(given.at_most)):
        total = float(cost.total)
        message = f"an hour of this stack costs {total:.2f} after this change; at most {given.at_most:g} is allowed."
        yield Complaint("usage", total, message)


def _part(mib: int, compute: int, capacity: int) -> Fraction:
    """Return what a slice takes of its card: the larger of its shares of memory and compute."""
    return max(Fraction(mib, max(capacity, 1)), Fraction(compute, 100))


def _price(view: OutcomeView, address: str, prices: Mapping[str, float]) -> Fraction | None:
    """Return what an hour of a card costs: by its model, or its part of its node's price."""
    model = str(view.cards[address]["model"])
    if model in prices:
        return Fraction(str(prices[model]))
    node = view.nodes.get(node_of(address), {})
    price = prices.get(str(node.get("instance_type", "")))
    return None if price is None else Fraction(str(price)) / max(int(node.get("cards", 1)), 1)


SPENDING: tuple[Rule[OutcomeView], ...] = (
    limit(
        "models-allowed",
        "outcome",
        "A service sits on card models that its label allows.",
        'Label the service "eas-slices/card-model" with allowed models, or change the label.',
        ModelsAllowed,
        _models,
    ),
    limit(
        "team-quota",
        "outcome",
        "The services of one team have no more cards, memory and compute together than its quota.",
        "Ask for less, lower instance, or raise the team's quota.",
        TeamQuota,
        _quotas,
    ),
    limit(
        "cost-at-most",
        "outcome",
        "An hour of the stack's share of the cards costs no more than the ceiling.",
        "Ask for less, lower instance, or use cheaper cards.",
        CostAtMost,
        _cost,
    ),
)
