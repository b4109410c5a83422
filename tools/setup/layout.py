"""Where everything is: in the checkout, and in the cache that checkouts share."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

PROJECT = "eas-slices"
"""The name in ``Pulumi.yaml`` as it is shipped."""
_NAME = re.compile(r"^name:\s*[\"']?([A-Za-z0-9_.-]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of one checkout."""

    root: Path

    @property
    def project(self) -> str:
        """The name in ``Pulumi.yaml``; Pulumi files its state under it, and it tells one team's stacks from another's."""
        file = self.root / "Pulumi.yaml"
        found = _NAME.search(file.read_text(encoding="utf-8")) if file.is_file() else None
        return found[1] if found else PROJECT

    @property
    def venv(self) -> Path:
        """The virtual environment of the program, the tools and the tests."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """The interpreter of the virtual environment."""
        return self.venv / "bin" / "python"

    @property
    def bin(self) -> Path:
        """A built CLI together with this checkout's language host; absent with an official CLI."""
        return self.root / ".pulumi-bin"

    @property
    def home(self) -> Path:
        """Pulumi's own folder: plugins, and which stack is selected. Not the user's."""
        return self.root / ".pulumi-home"

    @property
    def state(self) -> Path:
        """Pulumi's record of what exists. Losing it loses track of what runs."""
        return self.root / ".pulumi-state"

    @property
    def passphrase(self) -> Path:
        """What encrypts the secrets in the state and in the stack files."""
        return self.root / ".pulumi-passphrase"

    @property
    def env_file(self) -> Path:
        """The variables that ``pulumi`` and ``eas`` need, to be sourced."""
        return self.root / ".env.sh"

    @property
    def go_module(self) -> Path:
        """The module that pins the CLI to build."""
        return self.root / "tools" / "toolchain"

    def stack_file(self, stack: str) -> Path:
        """A stack's configuration."""
        return self.root / f"Pulumi.{stack}.yaml"

    def stack_record(self, stack: str) -> Path:
        """Pulumi's state of a stack."""
        return self.state / ".pulumi" / "stacks" / self.project / f"{stack}.json"

    def stack_locks(self, stack: str) -> Path:
        """The folder in which Pulumi leaves a file for each process that changes the stack."""
        return self.state / ".pulumi" / "locks" / "organization" / self.project / stack


def toolchain_cache() -> Path:
    """Return the folder for CLIs that setup fetched or built, shared by all checkouts of this user."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base, PROJECT, "toolchain")
