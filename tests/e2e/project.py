"""A scratch project: the program of this repository, its own pool and services, its own backend and ledger."""

from __future__ import annotations

import copy
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
import yaml

ROOT = Path(__file__).resolve().parents[2]
VENV = Path(sys.prefix)
PROVIDER = "pulumi.dynamic"
"""In the command line of a provider's process."""


class Project:
    """One project folder with one stack; every method runs the real CLI."""

    def __init__(
        self,
        root: Path,
        *,
        runtime: str = "simulated",
        nodes: tuple[str, ...] = ("gpu-a", "gpu-b"),
        owner: str = "test-0a1b2c",
        backend: Path | None = None,
        **pool: Any,
    ) -> None:
        """Create the folder, the backend and the stack; ``pool``: more keys of its ``pool.yaml``."""
        self.root = root
        self.stack = "test"
        (root / "services").mkdir(parents=True)
        shutil.copy(ROOT / "__main__.py", root / "__main__.py")
        (root / "Pulumi.yaml").write_text(
            f"name: eas-slices\nruntime:\n  name: python\n  options:\n    toolchain: pip\n    virtualenv: {VENV}\n"
        )
        self._pool = {"name": "lab", "resource": "eas-r-lab00001", "runtime": runtime, **pool}
        self.pool(*nodes)
        state = backend or root / ".pulumi-state"
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
            # Where runtimes keep their files for a ledger on a server.
            "XDG_STATE_HOME": str(root / ".state"),
        }
        if backend is None:
            self.run("stack", "init", self.stack)
            self.configure(owner=f"organization/eas-slices/{owner}", secret="secret-of-this-stack")

    def clone(self, root: Path, *, owner: str = "") -> Project:
        """Return another checkout of the same files: the same stack of the same backend, or one with its own ``owner``."""
        pool = {key: value for key, value in self._pool.items() if key not in ("runtime", "nodes")}
        backend = None if owner else Path(self.environment["PULUMI_BACKEND_URL"].removeprefix("file://"))
        made = Project(root, runtime=self._pool["runtime"], owner=owner, backend=backend, **pool)
        for file in (self.root / "services").iterdir():
            shutil.copy(file, made.root / "services")
        shutil.copy(self.root / "pool.yaml", made.root)
        if not owner:
            shutil.copy(self.root / f"Pulumi.{self.stack}.yaml", made.root)
        return made

    def moved(self, root: Path) -> Project:
        """Return a copy of all of it in another folder: files, state and ledger as they are now."""
        shutil.copytree(self.root, root, dirs_exist_ok=True)
        made = copy.copy(self)
        made.root = root
        here, there = str(self.root), str(root)
        made.environment = {
            key: value.replace(here, there) if key.startswith(("PULUMI_", "XDG_")) else value
            for key, value in self.environment.items()
        }
        return made

    # ----------------------------------------------------------------------------------------------- files

    def configure(self, **config: Any) -> None:
        """Write the stack's configuration; what is set as plain values here is the same to the program."""
        file = self.root / f"Pulumi.{self.stack}.yaml"
        document = yaml.safe_load(file.read_text()) or {}
        told = {f"eas:{key}": value for key, value in config.items()}
        file.write_text(yaml.safe_dump({**document, "config": {**document.get("config", {}), **told}}))

    def pool(self, *nodes: str, **more: Any) -> None:
        """Write ``pool.yaml``; a node may be ``name=state``."""
        self._pool |= more
        spelled = {}
        for index, node in enumerate(nodes):
            name, _, state = node.partition("=")
            spelled[name] = {"instance_type": "ecs.gn7e-c16g1.8xlarge", "zone": f"z{index}"}
            if state:
                spelled[name]["state"] = state
        (self.root / "pool.yaml").write_text(
            yaml.safe_dump({**self._pool, "nodes": spelled}, sort_keys=False)
        )

    def service(
        self, name: str, *, script: str = "exec serve", labels: Any = None, token: str = "", **metadata: Any
    ) -> None:
        """Write one service file; the simulated runtime never runs its command."""
        document: dict[str, Any] = {
            "metadata": {"name": name, "instance": 1, **metadata},
            "containers": [{"image": "registry.example/model:1", "script": script, "port": 8000}],
        }
        if labels:
            document["labels"] = labels
        if token:
            document["token"] = token
        (self.root / "services" / f"{name}.json").write_text(json.dumps(document, indent=2))

    def remove(self, *names: str) -> None:
        """Delete service files."""
        for name in names:
            (self.root / "services" / f"{name}.json").unlink()

    # ------------------------------------------------------------------------------------------------- CLI

    def command(self, *arguments: str) -> list[str]:
        """Return the CLI's argument vector."""
        return ["pulumi", *arguments, "--non-interactive", "--color", "never"]

    def run(
        self, *arguments: str, ok: bool | None = True, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run ``pulumi ARGUMENTS``; assert success (``ok``), failure (``False``), or neither (``None``)."""
        return self._run(self.command(*arguments), ok, environment)

    def eas(self, *arguments: str, ok: bool | None = True, **environment: str) -> str:
        """Run the ``eas`` command and return what it printed."""
        done = self._run([str(VENV / "bin" / "eas"), *arguments], ok, environment)
        return done.stdout + done.stderr

    def _run(
        self, command: list[str], ok: bool | None, environment: Mapping[str, str] | None
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command,
            cwd=self.root,
            env={**self.environment, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        said = done.stdout + done.stderr
        if ok is not None:
            assert (done.returncode == 0) == ok, f"{command}: {done.returncode}\n{said}"
        assert "Traceback" not in said, said
        return done

    def _said(self, verb: str, *arguments: str, ok: bool | None, environment: Mapping[str, str]) -> str:
        done = self.run(verb, "--stack", self.stack, *arguments, ok=ok, environment=environment)
        return done.stdout + done.stderr

    def preview(self, *arguments: str, ok: bool | None = True, **environment: str) -> str:
        """Run a preview and return what it printed."""
        return self._said("preview", *arguments, ok=ok, environment=environment)

    def up(
        self, *arguments: str, ok: bool | None = True, skip_preview: bool = True, **environment: str
    ) -> str:
        """Run an update and return what it printed; its preview is skipped unless it matters, to save seconds."""
        skip = ["--skip-preview"] if skip_preview else []
        return self._said("up", "--yes", *skip, *arguments, ok=ok, environment=environment)

    def refresh(self, *arguments: str, ok: bool | None = True) -> str:
        """Run a refresh and return what it printed."""
        return self._said("refresh", "--yes", "--skip-preview", *arguments, ok=ok, environment={})

    def destroy(self, *arguments: str, ok: bool | None = True) -> str:
        """Run a destroy and return what it printed."""
        return self._said("destroy", "--yes", "--skip-preview", *arguments, ok=ok, environment={})

    def state(self) -> dict[str, Any]:
        """Return the stack's state as it is exported, secrets in clear."""
        done = self.run("stack", "export", "--show-secrets", "--stack", self.stack)
        return dict(json.loads(done.stdout))

    def placement(self) -> dict[str, Any]:
        """Return the outputs of Placement."""
        found = [r for r in self.state()["deployment"]["resources"] if r["type"].endswith("eas:Placement")]
        tokens = json.loads(found[0]["outputs"]["tokens"]["plaintext"])
        return {**found[0]["outputs"], "tokens": tokens}

    # ------------------------------------------------------------------------------------------- processes

    def begin_up(self) -> subprocess.Popen[bytes]:
        """Start an update without waiting for it."""
        return subprocess.Popen(
            self.command("up", "--yes", "--skip-preview", "--stack", self.stack),
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def unlock(self) -> None:
        """Lift the lock that a killed CLI left."""
        self.run("cancel", "--yes", "--stack", self.stack, ok=None)

    # -------------------------------------------------------------------------------------------- the ledger

    def ledger(self) -> Path:
        """Return the ledger's file."""
        return self.root / ".eas" / "ledger.db"

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the ledger's file directly, past all code of ours; nothing where it has no tables yet."""
        connection = sqlite3.connect(f"file:{self.ledger()}?mode=ro", uri=True)
        try:
            return connection.execute(sql, values).fetchall()
        except sqlite3.OperationalError:
            return []
        finally:
            connection.close()

    def instances(self) -> dict[str, tuple[str, str]]:
        """Return ``service/ordinal`` -> (state, instance id) of every row of every owner."""
        if not self.ledger().exists():
            return {}
        rows = self.query("select service, ordinal, state, id from instance order by id")
        return {f"{service}/{ordinal}": (state, row) for service, ordinal, state, row in rows}


def provider_of(cli: subprocess.Popen[bytes]) -> psutil.Process:
    """Return the provider process of a CLI."""
    found = [
        child
        for child in psutil.Process(cli.pid).children(recursive=True)
        if PROVIDER in " ".join(child.cmdline())
    ]
    assert len(found) == 1, found
    return found[0]


def processes_of(instance: str) -> list[int]:
    """Return the process ids of an instance of the local runtime."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("EAS_INSTANCE") == instance:
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def kill(pids: list[int]) -> None:
    """End processes at once."""
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def wait_until(true: Callable[[], object], seconds: float = 60) -> None:
    """Poll until ``true()``; fail after that many seconds."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
