"""A report's findings as SARIF 2.1.0, so that they show up on the changed lines.

Format: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from components.cli.review.report import REFUSED, Finding, Report
from components.rules.rule import Rule

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"mandatory": "error", "advisory": "warning"}


def sarif(report: Report, rules: Mapping[str, Rule[Any]], version: str, fallback: str) -> dict[str, Any]:
    """Return the log. ``rules``: the table, for what each rule says; ``fallback``: the file of findings without one."""
    ids = sorted({found.rule for found in report.findings})
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "eas review",
                        "version": version,
                        "rules": [_rule(name, rules.get(name)) for name in ids],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(found, ids.index(found.rule), fallback) for found in report.findings],
            }
        ],
    }


def _rule(name: str, rule: Rule[Any] | None) -> dict[str, Any]:
    if rule is None:
        text = "What the preview refuses." if name == REFUSED else f"Policy {name}."
        return {"id": name, "shortDescription": {"text": text}}
    return {
        "id": name,
        "shortDescription": {"text": rule.statement},
        "help": {"text": rule.fix},
        "properties": {"tags": [rule.subject]},
    }


def _result(found: Finding, index: int, fallback: str) -> dict[str, Any]:
    # GitHub shows a finding only where it has a file, so one about the whole stands at the project's own.
    location: dict[str, Any] = {"artifactLocation": {"uri": found.file or fallback}}
    region = {"startLine": found.line or 1}
    if found.column is not None and found.line is not None:
        region["startColumn"] = found.column
    location["region"] = region
    result: dict[str, Any] = {
        "ruleId": found.rule,
        "ruleIndex": index,
        "level": LEVELS[found.level],
        "message": {"text": str(found)},
        "locations": [{"physicalLocation": location}],
        # Lines and numbers change from push to push; a finding stays the same as long as this does.
        "partialFingerprints": {"easFinding/v1": _digest(found)},
        "baselineState": "unchanged" if found.known else "new",
    }
    if found.known:
        result["suppressions"] = [{"kind": "external", "justification": "the base branch has it too"}]
    return result


def _digest(found: Finding) -> str:
    return hashlib.sha256("\0".join(found.key).encode()).hexdigest()[:32]
