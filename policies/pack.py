"""The pack's two policies: one that judges every rule, and one that reports what is only advice.

Two and not one per rule, because Pulumi hands a policy's inputs over anew for each policy: with 1,000
services a policy per rule would cost seconds. A policy has one enforcement level, so what is configured
``advisory`` is handed to the second.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)

from components.rules import RULES
from components.rules.configured import WAIVERS, Configured, configure, schema
from components.rules.own import own_rules
from components.rules.rule import Rule
from components.spec.waivers import read_waivers
from policies.judged import violations

NAME = "eas-slices"

PACK = Path(__file__).resolve().parent
"""The pack's folder. The one that holds it, the project, is where waivers are looked for."""


def _today() -> date:
    return datetime.now(UTC).date()


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


def policies(pack: Path = PACK) -> list[Policy]:
    """Return the policies of the pack in the folder ``pack``: the table's rules, and a team's own."""
    return policies_of((*RULES, *own_rules(pack)), _today, pack.parent)


def policies_of(table: Sequence[Rule[Any]], today: Callable[[], date], folder: Path) -> list[Policy]:
    """Return the two policies that judge by a table of rules, in the order in which they have to be asked.

    ``today``: what waivers are judged by; ``folder``: where their file is looked for.
    """
    advice, settings = Advice(), Settings(table, today, folder)
    rules = ResourceValidationPolicy(
        name="eas-rules",
        description="What is declared, and what the plan would do, keeps the rules of docs/rules.md.",
        validate=named("eas-rules", judge_rules(advice, settings)),
        enforcement_level=EnforcementLevel.MANDATORY,
        config_schema=PolicyConfigSchema(properties=schema(table)),
    )
    hints = ResourceValidationPolicy(
        name="eas-advice",
        description="Rules that eas-rules is configured to report without stopping.",
        validate=named("eas-advice", give_advice(advice)),
        enforcement_level=EnforcementLevel.ADVISORY,
    )
    return [rules, hints]


Validate = Callable[[ResourceValidationArgs, ReportViolation], None]


class Settings:
    """The configuration, read once for each that Pulumi hands over: it is the same for every resource of a run."""

    def __init__(self, table: Sequence[Rule[Any]], today: Callable[[], date], folder: Path) -> None:
        """Start with none. ``table``: every rule; ``folder``: where the file of waivers is looked for."""
        self._table, self._today, self._folder = table, today, folder
        self._config: Mapping[str, Any] = {}
        self._read: Configured | None = None

    def of(self, config: Mapping[str, Any]) -> Configured:
        """Return what the configuration says."""
        if self._read is None or config != self._config:
            named = config.get(WAIVERS)
            waivers, faults = read_waivers(named if isinstance(named, str) else None, self._folder)
            read = configure(self._table, config, waivers, today=self._today())
            self._config, self._read = config, replace(read, faults=(*faults, *read.faults))
        return self._read


def judge_rules(advice: Advice, settings: Settings) -> Validate:
    """Return the policy that judges: reports what is mandatory, leaves what is advisory, drops the rest."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        configured = settings.of(args.get_config())
        left: list[str] = []
        for found in violations(args.resource_type, args.props, args.name, configured):
            level = configured.level(found.rule, found.name)
            if level == "mandatory":
                report(found.message, args.urn)
            elif level == "advisory":
                left.append(found.message)
        advice.leave(args.urn, left)

    return validate


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
