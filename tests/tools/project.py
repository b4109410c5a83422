"""A tiny Pulumi project with a backend of its own."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Project:
    """A Pulumi project with a backend of its own."""

    folder: Path
    env: dict[str, str]
    output: str = field(default="", init=False)

    def write(self, name: str, text: str) -> None:
        """Write one of the project's files."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def pulumi(self, *arguments: str) -> int:
        """Run the CLI and return its exit code; what it printed is in ``output``."""
        done = subprocess.run(
            ["pulumi", "--non-interactive", "--color=never", *arguments],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        self.output = done.stdout
        return done.returncode


RUNTIME = f"""\
runtime:
  name: python
  options:
    toolchain: pip
    virtualenv: {sys.prefix}
"""
