"""The pack's two policies: one that judges every rule, and one that reports what is only advice.

Two and not one per rule, because Pulumi hands a policy's inputs over anew for each policy: with 1,000
services a policy per rule would cost seconds. A policy has one enforcement level, so what is configured
``advisory`` is handed to the second.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)

from policies.judged import Violation, violations
from policies.levels import level_of, schema

NAME = "eas-slices"


class PolicyFault(Exception):
    """The pack itself failed; names the policy and the resource, which Pulumi's own message does not."""


class Advice(threading.local):
    """What the first policy leaves for the second, which Pulumi asks next: same thread, same resource."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.urn = ""
        self.messages: list[str] = []

    def leave(self, urn: str, messages: list[str]) -> None:
        """Keep the advice on one resource; what nobody took is forgotten."""
        self.urn, self.messages = urn, messages

    def take(self, urn: str) -> list[str]:
        """Return the advice on this resource, once."""
        messages = self.messages if self.urn == urn else []
        self.urn, self.messages = "", []
        return messages


def policies() -> list[Policy]:
    """Return the pack's policies, in the order in which they have to be asked."""
    advice = Advice()
    rules = ResourceValidationPolicy(
        name="eas-rules",
        description="What is declared, and what the plan would do, keeps the rules of docs/rules.md.",
        validate=named("eas-rules", judge_rules(advice)),
        enforcement_level=EnforcementLevel.MANDATORY,
        config_schema=schema(),
    )
    hints = ResourceValidationPolicy(
        name="eas-advice",
        description="Rules that eas-rules is configured to report without stopping.",
        validate=named("eas-advice", give_advice(advice)),
        enforcement_level=EnforcementLevel.ADVISORY,
    )
    return [rules, hints]


Validate = Callable[[ResourceValidationArgs, ReportViolation], None]


def judge_rules(advice: Advice) -> Validate:
    """Return the policy that judges: reports what is mandatory, leaves what is advisory, drops the rest."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        left: list[str] = []
        for found in violations(args.resource_type, args.props, args.name):
            _sort(found, args, report, left)
        advice.leave(args.urn, left)

    return validate


def _sort(found: Violation, args: ResourceValidationArgs, report: ReportViolation, left: list[str]) -> None:
    level = level_of(found.rule, found.name, args.get_config())
    if level == "mandatory":
        report(found.message, args.urn)
    elif level == "advisory":
        left.append(found.message)


def give_advice(advice: Advice) -> Validate:
    """Return the policy that reports what the first one left."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        for message in advice.take(args.urn):
            report(message, args.urn)

    return validate


def named(policy: str, validate: Validate) -> Validate:
    """Wrap a policy so that its own failure names it and the resource: Pulumi says neither."""

    def wrapped(args: ResourceValidationArgs, report: ReportViolation) -> None:
        try:
            validate(args, report)
        except Exception as error:
            message = f"policy {policy} failed on {args.name!r}: {type(error).__name__}: {error}"
            raise PolicyFault(message) from error

    return wrapped
