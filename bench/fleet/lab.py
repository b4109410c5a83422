"""One scratch project with one stack on the simulated runtime; every command is the real one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.fleet.program import Program
from bench.pulumi_scale import ROOT, Stack

STACK = "bench"
OWNER = "organization/scale/bench-0a1b2c"
LIMIT_S = 600


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def digest(self) -> dict[str, Any]:
        """What ``--json`` printed; empty where that is no object."""
        try:
            found = json.loads(self.out[self.out.index("{") :])
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


class Lab:
    """The project, and what it declares now."""

    def __init__(self, root: Path, *, ledger: str = "", pool: Mapping[str, Any] | None = None) -> None:
        """Create project, backend and stack in a new folder. ``ledger``: a URL; ``pool``: more keys of ``pool.yaml``."""
        self.stack = Stack(root, parallel=8)
        self.root = root
        self.pool = pool or {}
        shutil.copy(ROOT / "__main__.py", root / "__main__.py")
        told = {"eas:owner": OWNER, "eas:secret": "bench-secret"} | ({"eas:ledger": ledger} if ledger else {})
        file = root / f"Pulumi.{STACK}.yaml"
        known = file.read_text() if file.exists() else ""
        lines = "".join(f"  {key}: {json.dumps(value)}\n" for key, value in told.items())
        file.write_text(f"{known}config:\n{lines}")
        (root / "services").mkdir()
        # What a command that is started anew every time compiles once is found again by the next one.
        self.environment = {**self.stack.environment, "PATH": os.environ["PATH"]}

    @property
    def home(self) -> Path:
        """Where the ledger and the runtime keep their files."""
        return self.root / ".eas"

    def write(self, program: Program) -> None:
        """Make the files say this program."""
        program.write(self.root, self.pool)

    def command(self, *arguments: str) -> list[str]:
        """Return the argument vector of an ``eas`` command for this stack."""
        return [str(Path(sys.prefix) / "bin" / "eas"), *arguments, "--stack", STACK]

    def eas(self, *arguments: str) -> Said:
        """Run an ``eas`` command; raises ``RuntimeError`` where it shows a traceback."""
        return self.run(self.command(*arguments))

    def pulumi(self, *arguments: str) -> Said:
        """Run a ``pulumi`` command on this stack."""
        more = ("--stack", STACK, "--non-interactive", "--color", "never")
        return self.run(["pulumi", *arguments, *more])

    def run(self, command: list[str]) -> Said:
        """Run a command in the project."""
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_S,
        )
        if "Traceback (most recent call last)" in done.stdout + done.stderr:
            raise RuntimeError(f"{' '.join(command)} shows a traceback:\n{done.stdout}\n{done.stderr}")
        return Said(done.returncode, done.stdout, done.stderr)
