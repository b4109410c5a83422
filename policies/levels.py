"""How each rule is enforced, by ordinary policy configuration.

In the file given with ``--policy-pack-config``::

    {"eas-rules": {"enforcementLevel": "mandatory", "slice-fits-card": "advisory",
                   "waivers": {"llm": ["whole-card-ignores-slice"]}}}

``waivers`` excuse one service from some rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pulumi_policy import PolicyConfigSchema

from components.rules import RULES
from components.rules.rule import Enforcement

LEVELS: tuple[Enforcement, ...] = get_args(Enforcement)

KNOWN_AT_PREVIEW = "known-at-preview"
"""The pack's own rule: what it cannot see yet, it says so of."""

DEFAULTS: dict[str, Enforcement] = {
    **{rule.id: rule.enforcement for rule in RULES},
    KNOWN_AT_PREVIEW: "advisory",
}


def schema() -> PolicyConfigSchema:
    """Return the configuration's JSON schema: one property per rule, and the waivers."""
    rules: dict[str, Any] = {
        name: {"type": "string", "enum": list(LEVELS), "default": level} for name, level in DEFAULTS.items()
    }
    waivers = {
        "type": "object",
        "additionalProperties": {"type": "array", "items": {"type": "string", "enum": list(DEFAULTS)}},
        "description": "service (or pool) -> rules that it is excused from",
    }
    return PolicyConfigSchema(properties={**rules, "waivers": waivers})


def level_of(rule: str, name: str, config: Mapping[str, Any]) -> Enforcement:
    """Return how ``rule`` is enforced on the service or pool ``name``."""
    if rule in (config.get("waivers") or {}).get(name, ()):
        return "off"
    wanted = config.get(rule)
    # The engine refuses an unknown word by the schema; should one get here, it must not loosen a rule.
    return wanted if wanted in LEVELS else DEFAULTS.get(rule, "mandatory")
