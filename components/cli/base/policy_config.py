"""The configuration of the policy pack, as `eas` reads it: before Pulumi is started, and for what it judges itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.cli.base.ending import CommandError, Exit

if TYPE_CHECKING:
    from components.rules.configured import Configured

FILE = "policies.json"
"""Where a project's configuration is looked for when nothing says where."""

RULES, ADVICE = "eas-rules", "eas-advice"
"""The pack's two policies."""


def found(named: Path | None, root: Path) -> Path | None:
    """Return the file that is named, else the project's own where there is one; a named one has to be there."""
    if named is not None:
        if not named.is_file():
            raise CommandError(f"there is no policy configuration {named}", Exit.USAGE)
        return named.resolve()
    default = root / FILE
    return default if default.is_file() else None


def refuse_contradictions(file: Path) -> None:
    """Raise :class:`CommandError` for a file that is none, and for levels that contradict each other."""
    _rules_of(file)


def configured(file: Path | None, pack: Path, today: date) -> Configured:
    """Return what a configuration says of the pack's rules, with its waivers.

    Raises :class:`CommandError` for a file that is none, and for levels that contradict each other. What is wrong with a
    rule or a waiver is in ``faults``, as the pack itself reports it.
    """
    from dataclasses import replace

    from components.rules import RULES as TABLE
    from components.rules.configured import WAIVERS, configure
    from components.rules.own import own_rules
    from components.spec.waivers import read_waivers

    own = _rules_of(file) if file is not None else {}
    rules = {key: value for key, value in own.items() if key != "enforcementLevel"}
    named = rules.get(WAIVERS)
    waivers, faults = read_waivers(named if isinstance(named, str) else None, pack.parent)
    read = configure((*TABLE, *own_rules(pack)), rules, waivers, today=today)
    return replace(read, faults=(*faults, *read.faults))


def _rules_of(file: Path) -> Mapping[str, Any]:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise CommandError(f"{file} is no JSON: {error}", Exit.USAGE) from error
    if not isinstance(data, dict):
        raise CommandError(f'{file} has to be one object, such as {{"{RULES}": {{...}}}}', Exit.USAGE)
    unknown = sorted(data.keys() - {RULES, ADVICE, "all"})
    if unknown:
        raise CommandError(
            f"{file}: there is no policy {', '.join(map(repr, unknown))}; the pack has {RULES} and {ADVICE}, and rules "
            f"stand in {RULES}",
            Exit.USAGE,
        )
    own = data.get(RULES, {})
    own = {"enforcementLevel": own} if isinstance(own, str) else own
    if not isinstance(own, dict):
        raise CommandError(f"{file}: {RULES} has to be an object of rules", Exit.USAGE)
    _agree(file, own, own.get("enforcementLevel", data.get("all")))
    return own


def _agree(file: Path, own: Mapping[str, Any], overall: Any) -> None:
    """Refuse a level of the whole that takes back what one rule is set to: Pulumi would follow it without a word."""
    if overall not in ("advisory", "disabled"):
        return
    levels = {
        name: value.get("level") if isinstance(value, Mapping) else value for name, value in own.items()
    }
    taken_back = ("mandatory",) if overall == "advisory" else ("mandatory", "advisory")
    lost = sorted(
        name for name, level in levels.items() if name != "enforcementLevel" and level in taken_back
    )
    if lost:
        raise CommandError(
            f"{file}: the pack's level is {overall}, so that {', '.join(lost)} could not be {levels[lost[0]]}. "
            f"Leave enforcementLevel of {RULES} and all out, or lower these rules as well",
            Exit.USAGE,
        )
