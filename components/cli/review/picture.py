"""Reviewing by a picture of the ledger: beside it nothing is reached, no ledger, no state, no secret of the stack."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from components.cli.base.ending import CommandError
from components.cli.base.session import Session, now
from components.cli.base.workspace import STATE_FOLDER, Workspace
from components.spec.revision import REVIEWING

if TYPE_CHECKING:
    from components.ledger import Picture

PASSPHRASES = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")


@contextmanager
def reviewing(session: Session, file: Path, max_age: timedelta) -> Iterator[tuple[Session, str]]:
    """Give a session on a stack of its own, made for this review, and the sentence that says what it is judged by.

    The project's files are those of ``session``, linked. Raises :class:`CommandError` for a file that is no picture, or
    older than ``max_age``.
    """
    workspace = session.workspace
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="eas-review-") as folder:
        copied = _copied(file, Path(folder, "picture.db"))
        picture = _picture(copied, file)
        age = picture.age(now())
        if age > max_age:
            raise CommandError(
                f"{file} was taken {_long(age)} ago, and --max-age is {_long(max_age)}: take a new one with "
                "`eas snapshot`, or allow the age"
            )
        root, state = Path(folder, "project"), Path(folder, "state")
        root.mkdir()
        state.mkdir()
        _link(workspace.root, root, f"Pulumi.{picture.stack}.yaml")
        os.environ.update(workspace.environment)
        for name in PASSPHRASES:
            os.environ.pop(name, None)
        os.environ |= {
            "PULUMI_BACKEND_URL": f"file://{state}",
            PASSPHRASES[0]: "review",
            "EAS_LEDGER": str(copied),
            REVIEWING: "1",
        }
        try:
            here = Workspace(root, picture.stack)
            _stack(here, picture)
            made = replace(session, folder=root, stack_flag=picture.stack, ledger_flag=None)
            yield made, f"Judged by a picture of the ledger, {_long(age)} old; secrets are not compared."
            made.close()
        finally:
            os.environ.clear()
            os.environ.update(before)


def _copied(file: Path, to: Path) -> Path:
    """Copy the picture to where it is this user's alone, as a ledger has to be: who fetches one gets any modes."""
    try:
        content = file.read_bytes()
    except FileNotFoundError as error:
        raise CommandError(
            f"there is no {file}; `eas snapshot {file}` takes a picture of the ledger"
        ) from error
    to.touch(mode=0o600)
    to.write_bytes(content)
    return to


def _picture(copied: Path, file: Path) -> Picture:
    """Return what the picture says of itself; ``file``: what the user calls it."""
    from components.ledger import NotALedger, open_ledger

    try:
        with open_ledger(str(copied), home=copied.parent, create=False) as ledger:
            picture = ledger.picture
    except NotALedger as error:
        raise CommandError(f"{file} is no picture of a ledger; `eas snapshot FILE` takes one") from error
    if picture is None:
        raise CommandError(f"{file} is a ledger, not a picture of one; `eas snapshot FILE` takes one")
    return picture


def _link(root: Path, to: Path, stack_file: str) -> None:
    for entry in root.iterdir():
        if entry.name not in (stack_file, STATE_FOLDER, ".git"):
            (to / entry.name).symlink_to(entry, target_is_directory=entry.is_dir())


def _stack(workspace: Workspace, picture: Picture) -> None:
    """Make the stack and give it the configuration of the one that is reviewed."""
    command = ["pulumi", "stack", "init", picture.stack, "--non-interactive"]
    made = subprocess.run(
        command,
        cwd=workspace.root,
        env=dict(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise CommandError(f"no stack could be made to review on: {' '.join(made.stderr.split())}")
    document = yaml.safe_load(workspace.stack_file.read_text()) or {}
    document["config"] = {**picture.config, "eas:owner": picture.owner}
    workspace.stack_file.write_text(yaml.safe_dump(document))


def _long(age: timedelta) -> str:
    """Return ``3 h`` or ``12 min``."""
    minutes = int(age.total_seconds() // 60)
    return f"{minutes // 60} h" if minutes >= 120 else f"{minutes} min"
