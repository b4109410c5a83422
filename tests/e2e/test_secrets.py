"""Canaries: values that no output, state, ledger, plan or file that others can read may ever hold in the clear."""

from __future__ import annotations

import base64
import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Make
from tests.e2e.project import Project

pytestmark = pytest.mark.e2e

CANARY = "c4n4ry"
SERVE = "exec python3 -m http.server $PORT --bind 127.0.0.1"


def document(name: str, script: str) -> dict[str, object]:
    """Return a service whose every secret is a canary of its own, told to its log as well."""
    told = "$HF_TOKEN $DATABASE_URL $PLAINLY"
    return {
        "metadata": {"name": name, "instance": 1, "gpu_memory": 10},
        "labels": {"eas-slices/secret": "PLAINLY"},
        "token": f"{CANARY}-token-{name}",
        "dockerAuth": base64.b64encode(f"{CANARY}-docker".encode()).decode(),
        "containers": [
            {
                "image": "registry.example/model:1",
                "script": f"echo told {told}; : --api-key {CANARY}-flag-{name}; {script}",
                "port": 8000,
                "env": [
                    {"name": "HF_TOKEN", "value": f"{CANARY}-env-{name}"},
                    {"name": "DATABASE_URL", "value": f"postgres://reader:{CANARY}-url-{name}@db/x"},
                    {"name": "PLAINLY", "value": f"{CANARY}-label-{name}"},
                    {"name": "MODE", "value": "fast"},
                ],
            }
        ],
    }


def write(lab: Project, name: str, script: str) -> None:
    """Write the file."""
    (lab.root / "services" / f"{name}.json").write_text(json.dumps(document(name, script)))


def found(text: bytes | str) -> list[str]:
    """Return what of the canaries a text gives away."""
    said = text.encode() if isinstance(text, str) else text
    needles = (CANARY.encode(), base64.b64encode(f"{CANARY}-docker".encode()))
    return [
        said[max(0, at - 60) : at + 40].decode(errors="replace") for n in needles if (at := said.find(n)) >= 0
    ]


def files(root: Path) -> Iterator[Path]:
    """Yield every file of the project but what the user wrote."""
    yield from (path for path in root.rglob("*") if path.is_file() and path.parent.name != "services")


def private(path: Path, root: Path) -> bool:
    """Whether only this user comes to the file: by its own mode, or by that of a folder above it within the project."""
    above = [path, *(folder for folder in path.parents if folder.is_relative_to(root))]
    return any(not stat.S_IMODE(each.stat().st_mode) & 0o077 for each in above)


def test_no_canary_sings(project: Make) -> None:
    """Preview, an up that fails with its log, every command that tells, refresh, destroy; then all that lies on disk."""
    lab = project(runtime="local")
    write(lab, "page", SERVE)
    heard: dict[str, str] = {"preview": lab.preview("--diff")}
    assert "HF_TOKEN" in heard["preview"], "what is no secret stays to be reviewed"
    heard["up"] = lab.up()
    write(lab, "quits", "exit 3")
    heard["save"] = lab.eas("preview", "--save-plan", "plan.json")
    heard["bound"] = lab.eas("up", "--yes", "--plan", "plan.json", ok=False)
    assert "told (secret) postgres://reader:(secret)@db/x (secret)" in heard["bound"]
    for command in (
        "history --json",
        "history page --spec",
        "desc quits --json",
        "why quits",
        "status",
        "logs page",
    ):
        heard[command] = lab.eas(*command.split(), ok=None)
    for command in ("desc quits --json", "history page --spec", "logs page"):
        assert "(secret)" in heard[command]
    assert '"HF_TOKEN"' in heard["history page --spec"]
    assert f"{CANARY}-token-page" in lab.eas("token", "page"), "the one command that is asked for it"
    heard["refresh"] = lab.refresh("--diff")
    heard["state"] = lab.run("stack", "export", "--stack", lab.stack).stdout
    assert "ciphertext" in heard["state"]
    environ = next((lab.root / ".eas" / "local" / "instances").glob("*page*/launch")).read_text()
    assert f"{CANARY}-env-page" in environ, "the process itself gets what was declared"
    assert f"--api-key {CANARY}-flag-page" in environ
    (lab.root / "services" / "page.json").write_text(json.dumps(document("page", SERVE))[:-20])
    heard["broken"] = lab.eas("check", ok=False)
    write(lab, "page", SERVE)
    kept = [path for path in files(lab.root) if found(path.read_bytes())]
    assert all("local" in path.parts and private(path, lab.root) for path in kept), kept
    assert {"launch", "token"} < {path.name for path in kept}, "they are looked for where they are"
    assert {path.suffix for path in kept} <= {"", ".log"}
    heard["destroy"] = lab.destroy()
    assert {name: found(said) for name, said in heard.items() if found(said)} == {}
    open_ = [path for path in files(lab.root / ".eas") if not private(path, lab.root)]
    assert open_ == [], "what this project keeps is for its user alone"
