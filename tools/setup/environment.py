"""The variables that ``pulumi`` and ``eas`` run with: for ``.env.sh``, and for setup's own commands."""

from __future__ import annotations

import os
import secrets
import shlex
from collections.abc import Mapping
from pathlib import Path

from tools.setup.files import write
from tools.setup.layout import Layout
from tools.setup.report import SetupError, say

HEAD = """\
# Written by `make setup`; `. ./.env.sh` in bash, dash or zsh, from any folder.
"""


def ensure(layout: Layout, cli: Path) -> dict[str, str]:
    """Write ``.env.sh`` and what it refers to; return the environment that it makes."""
    ensure_passphrase(layout)
    for folder in (layout.state, layout.home):
        folder.mkdir(mode=0o700, exist_ok=True)
    layout.state.chmod(0o700)
    quiet_log(layout)
    values = variables(layout)
    folders = [str(cli), str(layout.venv / "bin")]
    if write(layout.env_file, render(values, folders)):
        say("shell", f"wrote {layout.env_file.name}; source it to call pulumi and eas yourself")
    return environment(values, folders)


def quiet_log(layout: Layout) -> None:
    """Keep the CLI's automatic debug log off, which has no switch: a file stands where its folder would be.

    The log takes every property value several times; with 1,000 services that is more than half of the CLI's own time
    (``docs/decisions/0005-no-automatic-log.md``). A folder that is there stays.
    """
    logs = layout.home / "logs"
    if not logs.exists():
        logs.write_text("A file, so that pulumi keeps no automatic log here. Delete it to have one.\n")


def variables(layout: Layout) -> dict[str, str]:
    """Return what is set, by name."""
    return {
        "PULUMI_BACKEND_URL": layout.state.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(layout.passphrase),
        "PULUMI_HOME": str(layout.home),
        "PULUMI_PYTHON_CMD": str(layout.python),
        # One write of the state at the end instead of two per resource; our resources can be asked again.
        "PULUMI_SKIP_CHECKPOINTS": "true",
        "PULUMI_EXPERIMENTAL": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def render(values: Mapping[str, str], folders: list[str]) -> str:
    """Return the text of ``.env.sh``. Sourcing it twice is as good as once."""
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())
    entries = "".join(
        f'case ":$PATH:" in *:{shlex.quote(folder)}:*) ;; *) PATH={shlex.quote(folder)}:"$PATH" ;; esac\n'
        for folder in reversed(folders)
    )
    # A passphrase that is set goes before one in a file, and it would be another project's.
    return f"{HEAD}unset PULUMI_CONFIG_PASSPHRASE\n{exports}{entries}export PATH\n"


def environment(values: Mapping[str, str], folders: list[str]) -> dict[str, str]:
    """Return what a shell has after sourcing."""
    env = {name: value for name, value in os.environ.items() if name != "PULUMI_CONFIG_PASSPHRASE"}
    path = [*folders, env.get("PATH", os.defpath)]
    return {**env, **values, "PATH": os.pathsep.join(path)}


def ensure_passphrase(layout: Layout) -> None:
    """Mint the passphrase once. It is never minted again where something may be encrypted with it."""
    if layout.passphrase.is_file():
        layout.passphrase.chmod(0o600)
        return
    encrypted = [
        path.name
        for path in layout.root.glob("Pulumi.*.yaml")
        if path.name != "Pulumi.template.yaml" and "encryptionsalt:" in path.read_text()
    ]
    if encrypted:
        raise SetupError(
            f"{layout.passphrase.name} is gone, and {' and '.join(sorted(encrypted))} cannot be read without "
            f"it. Put it back from where you keep it; if it is lost, stop what runs, move these files and "
            f"{layout.state.name} away, and run `make setup` again."
        )
    write(layout.passphrase, secrets.token_urlsafe(32) + "\n", 0o600)
    say("secrets", f"minted {layout.passphrase.name}: keep a copy, nothing opens the state without it")
