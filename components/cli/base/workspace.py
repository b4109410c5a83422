"""The folder that ``eas`` works in: which project, which stack, what its configuration says. No Pulumi is started."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from components.cli.base.ending import CommandError, Exit

PROJECT_FILE = "Pulumi.yaml"
SHELL_FILE = ".env.sh"
STATE_FOLDER = ".eas"
"""Where the ledger and what runtimes keep are by default, as for the providers."""
DEFAULT_STACK = "dev"


@dataclass(frozen=True)
class Workspace:
    """One project folder and one of its stacks."""

    root: Path
    stack_flag: str | None = None

    @classmethod
    def find(cls, folder: Path | None, stack_flag: str | None) -> Workspace:
        """Return the workspace of ``folder`` (default: here); the project's file may lie above."""
        start = (folder or Path.cwd()).resolve()
        if not start.is_dir():
            raise CommandError(f"{folder} is not a folder", Exit.USAGE)
        for candidate in (start, *start.parents):
            if (candidate / PROJECT_FILE).is_file():
                return cls(candidate, stack_flag)
        raise CommandError(
            f"there is no {PROJECT_FILE} in {start} or above; go to the project's folder or name it with -C DIR"
        )

    @property
    def home(self) -> Path:
        """The folder of the default ledger and of what runtimes keep."""
        return self.root / STATE_FOLDER

    @cached_property
    def environment(self) -> dict[str, str]:
        """Return the variables that Pulumi runs with: these here, completed from ``.env.sh`` where no backend is set."""
        here = dict(os.environ)
        file = self.root / SHELL_FILE
        if "PULUMI_BACKEND_URL" in here or not file.is_file():
            return here
        sourced = subprocess.run(
            ["/bin/sh", "-c", '. "$1" && env -0', "sh", str(file)],
            capture_output=True,
            text=True,
            check=False,
        )
        if sourced.returncode:
            raise CommandError(f"{file} cannot be read by sh; `make setup` writes it anew")
        return dict(line.split("=", 1) for line in sourced.stdout.split("\0") if "=" in line)

    @cached_property
    def project_name(self) -> str:
        """The name in ``Pulumi.yaml``."""
        return str(read_yaml(self.root / PROJECT_FILE).get("name", ""))

    @cached_property
    def stack(self) -> str:
        """The stack: named on the command line, in PULUMI_STACK, selected in the workspace, the only one, or ``dev``."""
        chosen = self.stack_flag or os.environ.get("PULUMI_STACK") or self._selected()
        if chosen:
            return chosen.rsplit("/", 1)[-1]
        names = [name for name in self.stacks() if name != "template"]
        return names[0] if len(names) == 1 else DEFAULT_STACK

    def stacks(self) -> list[str]:
        """Return the stacks that have a configuration file here."""
        files = sorted(self.root.glob("Pulumi.*.yaml"))
        return [file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in files]

    @property
    def stack_file(self) -> Path:
        """The file with the stack's configuration."""
        return self.root / f"Pulumi.{self.stack}.yaml"

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """The stack's configuration as it stands in its file; a secret value is a mapping with the key ``secure``."""
        config = read_yaml(self.stack_file, missing_ok=True).get("config")
        return config if isinstance(config, Mapping) else {}

    def plain(self, key: str) -> Any:
        """Return a configuration value that is not encrypted, or None."""
        value = self.config.get(key)
        return None if isinstance(value, Mapping) and "secure" in value else value

    @cached_property
    def owner(self) -> str:
        """The stack's ``eas:owner``."""
        owner = self.plain("eas:owner")
        if isinstance(owner, str) and owner:
            return owner
        raise CommandError(
            f"Pulumi.{self.stack}.yaml has no eas:owner, so the ledger cannot tell stack '{self.stack}' from others; "
            f"`make setup STACK={self.stack}` writes it, or name another stack with --stack"
        )

    def _selected(self) -> str | None:
        """Return the stack that ``pulumi stack select`` recorded for this project and backend, or None."""
        home = os.environ.get("PULUMI_HOME") or self.environment.get("PULUMI_HOME")
        folder = Path(home) if home else Path.home() / ".pulumi"
        digest = hashlib.sha1(str(self.root / PROJECT_FILE).encode(), usedforsecurity=False).hexdigest()
        file = folder / "workspaces" / f"{self.project_name}-{digest}-workspace.json"
        try:
            record = json.loads(file.read_text())
        except (OSError, ValueError):
            return None
        by_backend = record.get("stacks") or {}
        selected = by_backend.get(self.environment.get("PULUMI_BACKEND_URL", "")) or record.get("stack")
        return selected if isinstance(selected, str) else None


def read_yaml(file: Path, *, missing_ok: bool = False) -> Mapping[str, Any]:
    """Return the mapping in a YAML file; broken or missing ones are a sentence."""
    try:
        document = yaml.safe_load(file.read_text())
    except FileNotFoundError:
        if missing_ok:
            return {}
        raise
    except yaml.YAMLError as error:
        raise CommandError(f"{file.name} is not YAML: {' '.join(str(error).split())}") from error
    if document is None:
        return {}
    if not isinstance(document, Mapping):
        raise CommandError(f"{file.name} is not a mapping")
    return document
