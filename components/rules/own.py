"""Rules of a team's own: files beside the pack's, with rules of the same form as the table's."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from components.rules.rule import Rule, Subject
from components.rules.table import BY_ID

FOLDER = "own"
"""The folder of such files, in the pack's."""

SUBJECTS: tuple[Subject, ...] = ("limits", "outcome")
"""What they may judge: one service, or what a plan would do."""

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")


class OwnRuleError(Exception):
    """A file of a team's own rules cannot be used; the message names it and says why."""


def own_rules(pack: Path) -> tuple[Rule[Any], ...]:
    """Return the rules of every file in the folder ``own`` of a pack, in the order of the files' names.

    Raises :class:`OwnRuleError` for a file without rules, and for a rule that the table could not hold.
    """
    found: list[Rule[Any]] = []
    for file in sorted((pack / FOLDER).glob("*.py")):
        if file.name.startswith(("_", "test_")):
            continue
        for rule in _rules(file):
            _fits(rule, file, found)
            found.append(rule)
    return tuple(found)


def _rules(file: Path) -> Iterator[Any]:
    module = _load(file)
    rules = getattr(module, "RULES", None)
    if not isinstance(rules, Iterable):
        raise OwnRuleError(f"{file.name} has no RULES: write RULES = (Rule(...),), as docs/policies.md shows")
    yield from rules


def _load(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"eas_own_rules.{file.stem}", file)
    assert spec is not None, "a file that ends in .py has a loader"
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise OwnRuleError(f"{file.name} cannot be loaded: {type(error).__name__}: {error}") from error
    return module


def _fits(rule: Any, file: Path, before: Iterable[Rule[Any]]) -> None:
    if not isinstance(rule, Rule):
        raise OwnRuleError(f"{file.name}: RULES holds {rule!r}, which is no Rule")
    if not _ID.fullmatch(rule.id):
        raise OwnRuleError(
            f"{file.name}: {rule.id!r} is no id; write small words with hyphens, such as image-has-tag"
        )
    if rule.subject not in SUBJECTS:
        raise OwnRuleError(
            f"{file.name}: rule {rule.id!r} has subject {rule.subject!r}; write {' or '.join(map(repr, SUBJECTS))}"
        )
    if rule.id in BY_ID or any(rule.id == other.id for other in before):
        raise OwnRuleError(f"{file.name}: there is a rule {rule.id!r} already; choose another id")
