"""The table as a whole: unique ids, one wording, and documentation that cannot say something else."""

import ast
import re
from typing import Any

import pytest

from components.rules import BY_ID, RULES
from components.rules.document import document
from tests.spec.build import ROOT

READ_ONLY = {rule.id for rule in RULES if rule.subject == "reading"}


def test_ids_and_statements_are_unique() -> None:
    assert len(BY_ID) == len(RULES)
    assert len({rule.statement for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_is_one_plain_sentence_with_a_fix(rule: Any) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+|readable", rule.id)
    assert rule.statement.endswith(".")
    assert rule.fix.endswith(".")
    assert rule.level in ("invalid", "ineffective", "notice")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_statement_of_each_rule_is_documented(rule: Any) -> None:
    assert f"| `{rule.id}` | {rule.level} | {rule.enforcement} | {rule.statement}" in documented()


def documented() -> Any:
    return (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")


def test_the_document_is_fresh() -> None:
    assert documented() == document(), "run: python -m components.rules.document > docs/rules.md"


def test_invalid_and_ineffective_are_mandatory_in_the_pack_and_notices_are_off() -> None:
    for rule in RULES:
        if rule.pack is None:
            assert rule.enforcement == ("off" if rule.level == "notice" else "mandatory")


def test_every_rule_that_a_reader_names_is_in_the_table_and_the_reverse() -> None:
    named = set()
    for path in sorted((ROOT / "components" / "spec").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in BY_ID:
                named.add(node.value)
    assert named >= READ_ONLY
    # `options-agree` is named by the options themselves, which refuse for whoever did not ask the table.
    assert named - READ_ONLY <= {"options-agree"}
