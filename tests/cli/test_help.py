"""Help: everything is listed, and every command shows how it is used."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
import typer
from typer.testing import CliRunner

from components.cli.main import app

COMMANDS = {
    "check", "plan", "preview", "up", "pool", "ls", "desc", "logs", "why", "history", "fit", "token",
    "drain", "cordon", "uncordon", "forget", "exporter", "reconcile",
    "release", "review", "snapshot", "status", "down", "ledger", "tour",
}  # fmt: skip


def names() -> list[str]:
    """Return every command that is registered."""
    return sorted(str(info.name) for info in app.registered_commands)


def test_every_command_is_there_and_listed() -> None:
    assert set(names()) == COMMANDS
    shown = CliRunner().invoke(app, ["--help"]).stdout
    assert all(f"\n  {name} " in shown for name in COMMANDS), shown
    assert "..." not in shown.partition("Commands:")[2].partition("Examples:")[0], "a brief is cut off"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_with_an_example_of_itself(name: str) -> None:
    shown = CliRunner().invoke(app, [name, "--help"])
    assert shown.exit_code == 0
    example = shown.stdout.partition("Examples:")[2].strip().splitlines()
    assert example, "no examples"
    assert f"eas {name}" in example[0]
    assert {"--json", "--stack", "--ledger"} <= set(shown.stdout.replace(",", " ").split())


def test_help_says_what_exit_statuses_mean() -> None:
    shown = CliRunner().invoke(app, ["--help"]).stdout
    assert "3  a mandatory policy is violated" in shown
    assert "130  interrupted" in shown


def test_no_arguments_show_the_help_and_are_a_usage_error() -> None:
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 2
    assert "Commands:" in result.output


@pytest.mark.parametrize("arguments", [["nonsense"], ["ls", "--nonsense"], ["desc"]])
def test_a_wrong_command_line_is_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2


def test_help_is_fast_because_nothing_heavy_is_imported() -> None:
    heavy = (
        "'pulumi', 'sqlalchemy', 'alembic', 'pydantic', 'rich', 'cryptography', 'tenacity', 'psutil', "
        "'prometheus_client'"
    )
    program = (
        "import sys; sys.argv = ['eas', '--help']\n"
        "from components.cli.main import main\n"
        "try: main()\n"
        f"finally: print('HEAVY', [name for name in ({heavy}) if name in sys.modules])\n"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    took = time.monotonic() - began
    assert "HEAVY []" in done.stdout, done.stdout + done.stderr
    assert took < 5, "generous for a loaded machine; 0.2 s when idle"


def test_the_version_is_told() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert result.exit_code == 0
    assert result.stdout.startswith("eas ")


def test_the_app_is_a_typer_app_without_completion_installers() -> None:
    assert isinstance(app, typer.Typer)
    assert "--install-completion" not in CliRunner().invoke(app, ["--help"]).stdout
