"""The examples of docs/python.md are run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.resources.program import run

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text(), flags=re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_an_example_runs(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each in a program of its own, in the root of the repository."""
    monkeypatch.chdir(ROOT)
    code = compile(BLOCKS[number], f"docs/python.md, example {number}", "exec")
    found = run(lambda: exec(code, {"__name__": "__main__"}))
    assert found.names("Placement") == ["fleet"]
    assert found.names("EasService")


def test_there_are_examples() -> None:
    """A renamed fence would run none."""
    assert len(BLOCKS) == 2
