"""A scratch project: the program of this repository, its own pool and services, its own backend and ledger."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
VENV = Path(sys.prefix)

POOL = """\
name: lab
resource: eas-r-lab00001
runtime: {runtime}
nodes:
  gpu-a: {{instance_type: ecs.gn7e-c16g1.8xlarge, zone: z1}}
  gpu-b: {{instance_type: ecs.gn7e-c16g1.8xlarge, zone: z2}}
{extra}"""


class Project:
    """One project folder with one stack; every method runs the real CLI."""

    def __init__(self, root: Path, *, runtime: str = "simulated", extra: str = "", stack: str = "test") -> None:
        """Create the folder, the backend and the stack."""
        self.root = root
        self.stack = stack
        root.mkdir(parents=True, exist_ok=True)
        (root / "services").mkdir(exist_ok=True)
        shutil.copy(ROOT / "__main__.py", root / "__main__.py")
        (root / "Pulumi.yaml").write_text(
            f"name: eas-slices\nruntime:\n  name: python\n  options:\n    toolchain: pip\n    virtualenv: {VENV}\n"
        )
        self.pool(POOL.format(runtime=runtime, extra=extra))
        state = root / ".pulumi-state"
        state.mkdir(exist_ok=True)
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "EAS_"))},
            "PULUMI_HOME": str(root / ".pulumi-home"),
            "PULUMI_BACKEND_URL": f"file://{state}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_EXPERIMENTAL": "true",
            "PULUMI_SKIP_CHECKPOINTS": "true",
            "PULUMI_PYTHON_CMD": sys.executable,
        }
        self.add_stack(stack)

    def add_stack(self, stack: str, **config: str) -> None:
        """Create a stack with an owner and a secret of its own."""
        self.run("stack", "init", stack)
        self.run("config", "set", "eas:owner", f"organization/eas-slices/{stack}-0a1b2c", "--stack", stack)
        self.run("config", "set", "--secret", "eas:secret", f"secret-of-{stack}", "--stack", stack)
        for key, value in config.items():
            self.run("config", "set", f"eas:{key}", value, "--stack", stack)

    def pool(self, text: str) -> None:
        """Write ``pool.yaml``."""
        (self.root / "pool.yaml").write_text(text)

    def service(self, name: str, *, file: str | None = None, **metadata: Any) -> None:
        """Write one service file; the simulated runtime needs no command."""
        document: dict[str, Any] = {"metadata": {"name": name, "instance": 1, **metadata}}
        document["containers"] = [{"image": "registry.example/model:1", "script": "exec serve", "port": 8000}]
        self.write(file or f"{name}.json", document)

    def write(self, file: str, document: Mapping[str, Any]) -> None:
        """Write one service document as it is."""
        (self.root / "services" / file).write_text(json.dumps(document, indent=2))

    def remove(self, name: str) -> None:
        """Delete one service file."""
        (self.root / "services" / f"{name}.json").unlink()

    def command(self, *arguments: str) -> list[str]:
        """Return the CLI's argument vector."""
        return ["pulumi", *arguments, "--non-interactive", "--color", "never"]

    def run(
        self, *arguments: str, ok: bool | None = True, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run ``pulumi ARGUMENTS``; assert success (``ok``), failure (``False``), or neither (``None``)."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.root,
            env={**self.environment, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if ok is not None:
            assert (done.returncode == 0) == ok, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
        return done

    def preview(self, *arguments: str, ok: bool | None = True, **environment: str) -> str:
        """Run a preview and return what it printed."""
        done = self.run("preview", "--diff", "--stack", self.stack, *arguments, ok=ok, environment=environment)
        return done.stdout + done.stderr

    def up(self, *arguments: str, ok: bool | None = True, **environment: str) -> str:
        """Run an update and return what it printed."""
        done = self.run("up", "--yes", "--stack", self.stack, *arguments, ok=ok, environment=environment)
        return done.stdout + done.stderr

    def refresh(self, *arguments: str, ok: bool | None = True) -> str:
        """Run a refresh and return what it printed."""
        done = self.run("refresh", "--yes", "--diff", "--stack", self.stack, *arguments, ok=ok)
        return done.stdout + done.stderr

    def destroy(self, *arguments: str, ok: bool | None = True) -> str:
        """Run a destroy and return what it printed."""
        done = self.run("destroy", "--yes", "--stack", self.stack, *arguments, ok=ok)
        return done.stdout + done.stderr

    def outputs(self) -> dict[str, Any]:
        """Return the stack's outputs."""
        done = self.run("stack", "output", "--json", "--show-secrets", "--stack", self.stack)
        return dict(json.loads(done.stdout))

    def assignments(self) -> dict[str, dict[str, str]]:
        """Return service -> ordinal -> place, as the stack exports it."""
        return dict(self.outputs().get("assignments") or {})

    def ledger(self) -> Path:
        """Return the ledger's file."""
        return self.root / ".eas" / "ledger.db"

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the ledger's file directly, past all code of ours."""
        connection = sqlite3.connect(f"file:{self.ledger()}?mode=ro", uri=True)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def instances(self) -> dict[str, tuple[str, str]]:
        """Return ``service/ordinal`` -> (state, instance id) of every row in the ledger."""
        rows = self.query("select service, ordinal, state, id from instance order by id")
        return {f"{service}/{ordinal}": (state, row) for service, ordinal, state, row in rows}
