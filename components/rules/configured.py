"""How each rule is enforced: a team's configuration and waivers, read into levels and parameters. Reads no file.

In the file given with ``--policy-pack-config``::

    {"eas-rules": {"slice-fits-card": "advisory", "headroom-at-least": {"level": "mandatory", "cards": 2}}}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, get_args

from components.rules.parameters import Parameters
from components.rules.rule import Complaint, Enforcement, Rule, Subject
from components.spec.nearest import did_you_mean
from components.spec.waivers import Waiver

LEVELS: tuple[Enforcement, ...] = get_args(Enforcement)

KNOWN_AT_PREVIEW = "known-at-preview"
"""The pack's own rule: what it cannot see yet, it says so of."""

CONFIGURATION = "configuration"
"""The pack's own rule, always mandatory: its configuration and its waivers can be read, and mean something."""

WAIVER_EXPIRED = "waiver-expired"
"""The pack's own rule: a waiver is renewed, or what it excuses is mended, before it ends."""

OWN: dict[str, Enforcement] = {KNOWN_AT_PREVIEW: "advisory", WAIVER_EXPIRED: "mandatory"}

WAIVERS = "waivers"
"""The key that names the file of waivers; ``waivers.yaml`` beside the pack's folder without it."""


class RuleFailed(Exception):
    """A rule has a mistake in it; the message names the rule."""


@dataclass(frozen=True)
class Configured:
    """Levels and parameters of a table of rules. ``faults``: a sentence for each thing that is wrong with them."""

    rules: Sequence[Rule[Any]]
    levels: Mapping[str, Enforcement]
    given: Mapping[str, Parameters] = field(default_factory=dict)
    waivers: frozenset[tuple[str, str]] = frozenset()
    expired: tuple[Waiver, ...] = ()
    faults: tuple[str, ...] = ()

    def level(self, rule: str, name: str) -> Enforcement:
        """Return how ``rule`` is enforced on the service or pool ``name``; a rule that is not known is mandatory."""
        if (rule, name) in self.waivers:
            return "off"
        return self.levels.get(rule, "mandatory")

    def complaints(
        self, subject: Subject, view: Any, name: str = ""
    ) -> Iterator[tuple[Rule[Any], Complaint]]:
        """Yield what the rules of one subject find in ``view``; those that are off are not asked.

        Raises :class:`RuleFailed` naming the rule that did not come to an end.
        """
        for rule in self.rules:
            if rule.subject == subject and self._judges(rule, name):
                try:
                    for found in rule.complaints(view, self.given.get(rule.id)):
                        yield rule, found
                except Exception as error:
                    raise RuleFailed(f"rule {rule.id!r} failed: {type(error).__name__}: {error}") from error

    def _judges(self, rule: Rule[Any], name: str) -> bool:
        """Return whether a rule is to be asked: it is on, and has the parameters that it cannot do without."""
        return self.level(rule.id, name) != "off" and (rule.parameters is None or rule.id in self.given)


def configure(
    rules: Sequence[Rule[Any]],
    config: Mapping[str, Any],
    waivers: Sequence[Waiver] = (),
    *,
    today: date,
) -> Configured:
    """Read a configuration of ``rules``. Whatever is wrong with it is a fault, and loosens nothing."""
    levels: dict[str, Enforcement] = {**{rule.id: rule.enforcement for rule in rules}, **OWN}
    known = {rule.id: rule for rule in rules}
    given: dict[str, Parameters] = {}
    faults: list[str] = []
    for name, value in sorted(config.items()):
        if name not in levels:
            faults += [] if name == WAIVERS else [_unknown(name, levels)]
        elif (level := _level(value)) is None:
            faults.append(_no_level(name, value))
        else:
            levels[name] = level
            parameters = _parameters(value)
            rule = known.get(name)
            if rule is not None and rule.parameters is not None:
                faults += _read(rule, given, parameters) if parameters else []
            elif parameters:
                faults.append(_no_parameters(name, parameters))
    for rule in rules:
        # One that is on without the parameters that it cannot do without would judge nothing, silently.
        if rule.parameters is not None and levels[rule.id] != "off" and not _parameters(config.get(rule.id)):
            faults += _read(rule, given, {})
    faults += [
        f"waiver for {each.service!r}: {_unknown(each.rule, levels)}"
        for each in waivers
        if each.rule not in levels
    ]
    return Configured(
        rules=tuple(rules),
        levels=levels,
        given=given,
        waivers=frozenset((each.rule, each.service) for each in waivers if each.until >= today),
        expired=tuple(each for each in waivers if each.until < today),
        faults=tuple(dict.fromkeys(faults)),
    )


def schema(rules: Sequence[Rule[Any]]) -> dict[str, Any]:
    """Return the JSON schema of each property of a configuration."""
    own: dict[str, Any] = {name: _levels(level) for name, level in OWN.items()}
    return {
        **{rule.id: _schema(rule) for rule in rules},
        **own,
        WAIVERS: {
            "type": "string",
            "description": "file of waivers, from the folder that holds the pack; waivers.yaml without it",
        },
    }


def _schema(rule: Rule[Any]) -> dict[str, Any]:
    if rule.parameters is None:
        return {**_levels(rule.enforcement), "description": rule.statement}
    properties = {"level": _levels(rule.enforcement), **rule.parameters.properties()}
    whole = {"type": "object", "properties": properties, "required": ["level"], "additionalProperties": False}
    return {"description": rule.statement, "anyOf": [_levels(rule.enforcement), whole]}


def _levels(default: Enforcement) -> dict[str, Any]:
    return {"type": "string", "enum": list(LEVELS), "default": default}


def _level(value: Any) -> Enforcement | None:
    level = value.get("level") if isinstance(value, Mapping) else value
    return level if level in LEVELS else None


def _parameters(value: Any) -> Mapping[str, Any]:
    return {key: item for key, item in value.items() if key != "level"} if isinstance(value, Mapping) else {}


def _read(rule: Rule[Any], given: dict[str, Parameters], parameters: Mapping[str, Any]) -> list[str]:
    """Put a rule's parameters into ``given``; return what is wrong with them."""
    assert rule.parameters is not None, "asked for rules with parameters only"
    try:
        given[rule.id] = rule.parameters.read(parameters)
    except ValueError as error:
        fields = ", ".join(["level", *rule.parameters.model_fields])
        return [f"rule {rule.id!r}: {error}. It has {fields}: docs/rules.md."]
    return []


def _no_parameters(name: str, parameters: Mapping[str, Any]) -> str:
    listed = ", ".join(sorted(parameters))
    return f"rule {name!r} has no parameters, but {listed} is set. Write its level alone."


def _unknown(name: str, known: Mapping[str, Any]) -> str:
    hint = did_you_mean(name, known)
    return f"there is no rule {name!r}{'; ' + hint if hint else '.'} docs/rules.md lists them."


def _no_level(name: str, value: Any) -> str:
    return f'rule {name!r} is {value!r}: write "mandatory", "advisory" or "off", or an object with level and parameters.'
