"""Every `eas` command that a message names is one that there is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.cli.commands.ledger import Action
from components.cli.main import app

COMPONENTS = Path(__file__).resolve().parents[2] / "components"
NAMED = re.compile(r"`eas ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")
COMMANDS = {str(info.name) for info in app.registered_commands}
ACTIONS = {str(action) for action in Action}


def literals(file: Path) -> Iterator[str]:
    """Yield every string; docstrings only of the command line, where they are the help."""
    tree = ast.parse(file.read_text())
    skipped = set() if "cli" in file.relative_to(COMPONENTS).parts else set(docstrings(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.value


def docstrings(tree: ast.Module) -> Iterator[int]:
    """Yield the identity of every string that stands alone as a statement."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield id(node.value)


def unknown(file: Path) -> list[str]:
    """Return where a file names a command that does not exist."""
    named = [match.groups("") for text in literals(file) for match in NAMED.finditer(text)]
    return [
        f"{file.relative_to(COMPONENTS)}: eas {' '.join(words)}".rstrip()
        for words in named
        if words[0] not in COMMANDS or (words[0] == "ledger" and words[1] not in {"", *ACTIONS})
    ]


@pytest.mark.parametrize(
    "folder", sorted(path.name for path in COMPONENTS.iterdir() if (path / "__init__.py").is_file())
)
def test_messages_name_commands_that_exist(folder: str) -> None:
    assert [found for file in sorted((COMPONENTS / folder).rglob("*.py")) for found in unknown(file)] == []


def test_a_wrong_name_would_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.cli.test_named_commands.COMPONENTS", tmp_path)
    file = tmp_path / "module.py"
    file.write_text('x = f"run `eas burn` or `eas ledger burn {1}`, else `eas ls` or `eas ledger rebuild`"\n')
    assert unknown(file) == ["module.py: eas burn", "module.py: eas ledger burn"]
