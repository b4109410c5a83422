"""The stack: selected, with an owner and a secret of its own that are minted once."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
from collections.abc import Mapping

from components.spec.owners import SUFFIX_BYTES, owner_of
from tools.setup.files import write
from tools.setup.layout import Layout
from tools.setup.report import SetupError, say

TEMPLATE = "Pulumi.template.yaml"
OWNER = "eas:owner"
SECRET = "eas:secret"
NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
RESERVED = "template"
"""Its stack file would be the template."""


def ensure(layout: Layout, stack: str, env: Mapping[str, str]) -> None:
    """Select ``stack``, making it where it is not there yet."""
    if not NAME.fullmatch(stack) or stack == RESERVED:
        raise SetupError(
            f"'{stack}' cannot name a stack: use 1 to 100 letters, digits, '-', '_' or '.', and not "
            f"'{RESERVED}', for example `make up STACK=dev`."
        )
    file = layout.stack_file(stack)
    if not file.exists():
        refuse_a_lost_file(layout, stack)
        write(file, (layout.root / TEMPLATE).read_text())
        say("stack", f"copied {TEMPLATE} to {file.name}")
    _pulumi(layout, env, "stack", "select", "--create", stack)
    configured = file.read_text()
    if f"{OWNER}:" not in configured:
        owner = minted(layout, stack)
        _pulumi(layout, env, "config", "set", "--stack", stack, OWNER, owner)
        say("stack", f"{stack} owns what it starts as {owner}")
    if f"{SECRET}:" not in configured:
        # Read from standard input: an argument could be seen by every process of the machine.
        drawn = secrets.token_urlsafe(32)
        _pulumi(layout, env, "config", "set", "--stack", stack, "--secret", SECRET, given=drawn)
    say("stack", f"{stack} is selected")


def minted(layout: Layout, stack: str) -> str:
    """Return a new owner for this stack of this project."""
    return owner_of(layout.project, stack, secrets.token_hex(SUFFIX_BYTES))


def refuse_a_lost_file(layout: Layout, stack: str) -> None:
    """Refuse to mint a new owner for a stack that holds something: it would not know its own any more."""
    if holds_resources(layout, stack):
        raise SetupError(
            f"{layout.stack_file(stack).name} is gone, and the stack '{stack}' holds resources under the "
            f"owner that it named. Put the file back from where you keep it; the owner is also written in "
            f"{layout.stack_record(stack)}."
        )


def holds_resources(layout: Layout, stack: str) -> bool:
    """Whether Pulumi's state of the stack has anything in it."""
    record = layout.stack_record(stack)
    if not record.is_file():
        return False
    deployment = json.loads(record.read_text()).get("checkpoint", {}).get("latest") or {}
    return bool(deployment.get("resources"))


def _pulumi(layout: Layout, env: Mapping[str, str], *arguments: str, given: str = "") -> None:
    command = ["pulumi", "--non-interactive", *arguments]
    done = subprocess.run(
        command, cwd=layout.root, env=env, input=given, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SetupError(f"`{' '.join(command)}` failed:\n{(done.stdout + done.stderr).strip()}")
