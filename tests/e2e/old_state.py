"""What a version left behind, kept as text: Pulumi's state, the ledger with its key, the runtime's records, the files.

``python -m tests.e2e.old_state`` writes the folder of this version; folders of earlier ones are never written again.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import sqlite3
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.e2e.project import Project

STATES = Path(__file__).with_name("states")
THIS = "0004"
"""The folder of this version: the ledger's newest schema."""
DATABASES = {"ledger.sql": ".eas/ledger.db", "simulated.sql": ".eas/simulated/instances.db"}
MARKS = ("application_id", "user_version")
"""What a dump of a database leaves out."""
KEY = ".eas/ledger.key"
PATHS = ("sourcePosition", "stackTrace")
"""What Pulumi notes of the machine that ran the program."""
HERE = re.compile(rf"\b(?:\w+@)?{re.escape(socket.gethostname())}(?=[^\w.-])")
"""Who did it and where, as the ledger notes it."""
NODES = ("gpu-a", "gpu-b")
OPTIONS: dict[str, Any] = {"on_insufficient": "wait"}


def write(folder: Path) -> None:
    """Apply a fleet with some of everything, and keep what is there afterwards."""
    with tempfile.TemporaryDirectory() as scratch:
        lab = Project(Path(scratch, "lab"), nodes=NODES, **OPTIONS)
        lab.service("page", gpu_memory=20, gpu_core_percentage=5, instance=2, labels={"team": "search"})
        lab.service("llm", gpu_memory=48, gpu_core_percentage=10, token="a-token-of-its-own")
        lab.service("embed", gpu_memory=6, instance=2, **{"scheduling.spread.policy": "host"})
        lab.service("video", gpu=2, instance=3)
        lab.service("tool", cpu=2)
        lab.up()
        lab.eas("cordon", "gpu-b", "--reason", "fan")
        lab.up()
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(lab.root / "services", folder / "services", dirs_exist_ok=True)
        shutil.copy(lab.root / "pool.yaml", folder)
        shutil.copy(lab.root / KEY, folder)
        state = json.loads(lab.run("stack", "export", "--stack", lab.stack).stdout)
        for resource in state["deployment"]["resources"]:
            for key in PATHS:
                resource.pop(key, None)
        (folder / "state.json").write_text(json.dumps(state, indent=1, sort_keys=True) + "\n")
        for file, database in DATABASES.items():
            connection = sqlite3.connect(lab.root / database)
            marks = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in MARKS}
            lines = [*(f"PRAGMA {name} = {value};" for name, value in marks.items()), *connection.iterdump()]
            dump = "\n".join(lines) + "\n"
            (folder / file).write_text(HERE.sub("somewhere", dump))
            connection.close()
        lab.eas("down", "--yes")


def restore(folder: Path, lab: Project) -> None:
    """Make ``lab`` what that version left."""
    shutil.copytree(folder / "services", lab.root / "services", dirs_exist_ok=True)
    shutil.copy(folder / "pool.yaml", lab.root)
    for name, database in DATABASES.items():
        file = lab.root / database
        file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(file)
        connection.executescript((folder / name).read_text())
        connection.close()
        file.chmod(0o600)
    shutil.copy(folder / Path(KEY).name, lab.root / KEY)
    (lab.root / KEY).chmod(0o600)
    lab.run("stack", "import", "--stack", lab.stack, "--file", str(folder / "state.json"))


if __name__ == "__main__":
    if (STATES / THIS).exists():
        sys.exit(f"{STATES / THIS} is there; what a version left is never written again")
    write(STATES / THIS)
