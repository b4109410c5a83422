"""Rules of a team's own: the example of docs/policies.md, and what is wrong with others."""

import json
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from components.rules import RULES
from components.rules.configured import configure
from components.rules.own import OwnRuleError, own_rules
from components.rules.rule import Complaint, Rule
from policies.pack import policies
from policies.testing import on_outcome, outcome
from tests.spec.build import ROOT

DOCS = (ROOT / "docs" / "policies.md").read_text()
BLOCKS = {
    name: re.search(rf"`policies/own/{name}`.*?```python\n(.*?)```", DOCS, re.DOTALL)
    for name in ("image_has_tag.py", "test_image_has_tag.py")
}
RULE = """from components.rules.rule import Rule
RULES = (Rule("{}", "notice", "{}", "It holds.", "Mend it.", lambda view: ()),)
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A copy of the pack, where a team has its own."""
    shutil.copytree(ROOT / "policies", tmp_path / "policies", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "policies" / "own").mkdir()
    return tmp_path / "policies"


def written(pack: Path) -> Path:
    for name, found in BLOCKS.items():
        assert found is not None, f"docs/policies.md shows {name}"
        (pack / "own" / name).write_text(found[1])
    return pack


def test_the_example_in_the_docs_passes_its_own_tests(pack: Path) -> None:
    written(pack)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "policies/own"],
        cwd=pack.parent,
        env={"PATH": "", "PYTHONPATH": f"{pack.parent}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_the_example_is_a_rule_like_any_other(pack: Path) -> None:
    [rule] = own_rules(written(pack))
    assert (rule.id, rule.enforcement) == ("image-has-tag", "mandatory")
    schema = policies(pack)[0].config_schema
    assert schema is not None
    assert "image-has-tag" in (schema.properties or {})


@pytest.mark.parametrize("name", ["docs/policies.md", "docs/rules.md", "README.md"])
def test_a_configuration_that_is_shown_is_one(name: Any) -> None:
    text = (ROOT / name).read_text()
    begins = re.search(r'^\{\s*"eas-rules"', text, re.MULTILINE)
    assert begins is not None
    config = json.JSONDecoder().raw_decode(text, begins.start())[0]["eas-rules"]
    config.pop("enforcementLevel", None)
    configured = configure(RULES, config, today=date.min)
    assert configured.faults == ()
    assert configured.given


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "own.py has no RULES"),
        ("RULES = (1,)", "holds 1, which is no Rule"),
        ("import nothing_of_the_kind", "own.py cannot be loaded: ModuleNotFoundError"),
        (RULE.format("slice-fits-card", "limits"), "there is a rule 'slice-fits-card' already"),
        (RULE.format("Bad Name", "limits"), "'Bad Name' is no id"),
        (RULE.format("a-rule", "metadata"), "subject 'metadata'; write 'limits' or 'outcome'"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(pack: Path, text: Any, says: Any) -> None:
    (pack / "own" / "own.py").write_text(text)
    with pytest.raises(OwnRuleError, match=re.escape(says)):
        own_rules(pack)


def test_the_pack_ends_with_a_sentence_where_a_file_cannot_be_used(pack: Path) -> None:
    (pack / "own" / "own.py").write_text("")
    done = subprocess.run(
        [sys.executable, str(pack)],
        env={"PATH": "", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("policies/own/own.py has no RULES")
    assert "Traceback" not in done.stderr


def test_a_rule_on_the_outcome_is_tested_with_what_sits_where() -> None:
    def crowded(view: Any) -> Any:
        for address, tenants in view.tenants.items():
            if len(tenants) > 1:
                yield Complaint("assignments", None, f"{address} has {len(tenants)} instances.")

    rule: Rule[Any] = Rule("alone-on-card", "notice", "outcome", "One a card.", "Add a card.", crowded)
    one = outcome({"svc": {}}, {"a/0": {"svc/0": "4096 MiB 10 %"}})
    two = outcome({"svc": {}}, {"a/0": {"svc/0": "4096 MiB 10 %", "o/p/s/x/0": "1 MiB 0 %"}})
    assert on_outcome(rule, one) == []
    assert on_outcome(rule, two) == ["a/0 has 2 instances. Add a card. [alone-on-card]"]
