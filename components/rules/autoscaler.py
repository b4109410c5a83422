"""Rules of the autoscaler block. Source: the deployment skill's reference and the autoscaler API."""

from __future__ import annotations

from collections.abc import Iterator

from components.rules.rule import Complaint, Rule
from components.rules.views import ServiceView


def _bounds(view: ServiceView) -> Iterator[Complaint]:
    bounds = view.service.autoscaler.bounds if view.service.autoscaler else None
    if bounds and bounds[1] <= bounds[0]:
        message = f"autoscaler.max is {bounds[1]} and min is {bounds[0]}: EAS wants max above min."
        yield Complaint(
            "autoscaler.max", bounds[1], message, f"Write {bounds[0] + 1} or more, or delete autoscaler."
        )


def _complete(view: ServiceView) -> Iterator[Complaint]:
    scaler = view.service.autoscaler
    if scaler is None:
        return
    for key in ("min", "max"):
        if getattr(scaler, key) is None:
            yield Complaint(f"autoscaler.{key}", None, f"autoscaler.{key} is not set: nothing is scaled.")


def _measure(view: ServiceView) -> Iterator[Complaint]:
    scaler = view.service.autoscaler
    if scaler is not None and not scaler.strategies and not scaler.scale_strategies:
        message = "autoscaler has neither strategies nor scaleStrategies: nothing says when to scale."
        yield Complaint("autoscaler", None, message)


def _first_value(view: ServiceView) -> Iterator[Complaint]:
    bounds = view.service.autoscaler.bounds if view.service.autoscaler else None
    if bounds and not bounds[0] <= view.service.instance <= bounds[1]:
        count = view.service.instance
        message = f"metadata.instance is {count}, outside the autoscaler's {bounds[0]} to {bounds[1]}."
        yield Complaint("metadata.instance", count, message)


def _scaled(view: ServiceView) -> bool:
    return view.service.autoscaler is not None


AUTOSCALER: tuple[Rule[ServiceView], ...] = (
    Rule(
        "autoscaler-max-above-min",
        "invalid",
        "autoscaler",
        "The autoscaler's max is above its min.",
        "Write a larger max, or delete autoscaler.",
        _bounds,
        _scaled,
    ),
    Rule(
        "autoscaler-complete",
        "ineffective",
        "autoscaler",
        "The autoscaler has min and max.",
        "Write both.",
        _complete,
        _scaled,
    ),
    Rule(
        "autoscaler-has-measure",
        "ineffective",
        "autoscaler",
        "The autoscaler has a strategy that says when to scale.",
        'Write for example "strategies": {"qps": 10}.',
        _measure,
        _scaled,
    ),
    Rule(
        "autoscaler-first-value",
        "notice",
        "autoscaler",
        "With an autoscaler, instance is only the first value and lies within min and max.",
        "Write a count within the bounds.",
        _first_value,
        _scaled,
    ),
)
