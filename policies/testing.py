"""For tests of a team's own rules: asks one rule as Pulumi would, with proxies for dicts and floats for numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pulumi_policy import ResourceValidationArgs
from pulumi_policy.proxy import unknown_checking_proxy

from components.rules import RULES
from components.rules.rule import Rule
from components.spec.packed import packed
from policies.judged import PLACEMENT, SERVICE
from policies.pack import PACK, policies_of


def on_service(rule: Rule[Any], document: Mapping[str, Any], **parameters: Any) -> list[str]:
    """Return what ``rule`` says of one service file's content, under ``parameters`` (its defaults without any)."""
    inputs = {
        "name": "svc",
        "pool": "gpus",
        "spec": dict(document),
        "about": {"source": "services/svc.json"},
    }
    return _said(rule, SERVICE, inputs, parameters)


def on_outcome(rule: Rule[Any], inputs: Mapping[str, Any], **parameters: Any) -> list[str]:
    """Return what ``rule`` says of a plan, as :func:`outcome` makes one."""
    return _said(rule, PLACEMENT, inputs, parameters)


def outcome(
    services: Mapping[str, Mapping[str, str]],
    cards: Mapping[str, Mapping[str, str]],
    *,
    steps: Sequence[Mapping[str, Any]] = (),
    model: str = "A10-24G",
    capacity_mib: int = 24576,
) -> dict[str, Any]:
    """Return checked inputs of ``Placement``: what a rule on the outcome is asked about.

    ``services``: name -> labels. ``cards``: address (``gpu-a/0``) -> instance (``svc/0``; with its owner before it, a
    foreign one) -> ``4096 MiB 10 %`` or ``whole card``. ``steps``: each with op, how, service and ordinal.
    """
    assignments: dict[str, dict[str, str]] = {name: {} for name in services}
    for address, instances in cards.items():
        for instance in instances:
            service, _, ordinal = instance.rpartition("/")
            if service in assignments:
                assignments[service][ordinal] = address
    nodes = {address.rpartition("/")[0] for address in cards}
    return {
        "pools": {"gpus": {"runtime": "simulated", "nodes": {}}},
        "services": {
            name: packed({"service": name, "pool": "gpus", "claim": {}, "labels": dict(labels)})
            for name, labels in services.items()
        },
        "assignments": assignments,
        "change": {f"{n:04d}": packed(step) for n, step in enumerate(steps, 1)},
        "usage": {
            "cards": {
                address: packed({"model": model, "capacity_mib": capacity_mib, "instances": dict(instances)})
                for address, instances in cards.items()
            },
            "nodes": {
                node: packed({"pool": "gpus", "zone": "", "instance_type": ""}) for node in sorted(nodes)
            },
            "pools": {},
        },
    }


def reported(
    table: Sequence[Rule[Any]],
    kind: str,
    inputs: Mapping[str, Any],
    config: Mapping[str, Any] | None = None,
    *,
    today: date = date.min,
    folder: Path = PACK / "nowhere",
) -> dict[str, list[str]]:
    """Return the messages of each policy of a pack with this table of rules, about one resource.

    ``today`` and ``folder``: what waivers are judged by, and where their file is.
    """
    found: dict[str, list[str]] = {}
    for policy in policies_of(table, lambda: today, folder):
        messages: list[str] = []
        asked = arguments(kind, inputs, config if policy.name == "eas-rules" else None)
        policy.validate(asked, lambda message, urn=None, to=messages: to.append(message))  # type: ignore[attr-defined]
        found[policy.name] = messages
    return found


def arguments(
    kind: str, inputs: Mapping[str, Any], config: Mapping[str, Any] | None = None
) -> ResourceValidationArgs:
    """Return what Pulumi calls a policy with."""
    props = unknown_checking_proxy(as_floats(inputs))
    given = inputs.get("name")
    name = given if isinstance(given, str) else "fleet"
    return ResourceValidationArgs(kind, props, f"urn:{name}", name, None, None, dict(config or {}))  # type: ignore[arg-type]


def as_floats(data: Any) -> Any:
    """Return data with floats for whole numbers, as protobuf has them."""
    if isinstance(data, bool):
        return data
    if isinstance(data, int):
        return float(data)
    if isinstance(data, Mapping):
        return {key: as_floats(value) for key, value in data.items()}
    return [as_floats(item) for item in data] if isinstance(data, list | tuple) else data


def _said(rule: Rule[Any], kind: str, inputs: Mapping[str, Any], parameters: Mapping[str, Any]) -> list[str]:
    table = (*(each for each in RULES if each.id != rule.id), rule)
    config = {rule.id: {"level": "mandatory", **parameters} if parameters else "mandatory"}
    return [
        message
        for message in reported(table, kind, inputs, config)["eas-rules"]
        if message.endswith(f"[{rule.id}]")
    ]
