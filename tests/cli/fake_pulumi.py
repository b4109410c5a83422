"""A stand-in for the ``pulumi`` command: notes how it was called, writes prepared engine events, ends as it is told."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = """\
#!{python} -S
import json, os, signal, sys, time
folder = {folder!r}
verb = sys.argv[1]
bound = os.environ.get("EAS_BOUND_PLAN")
call = {{"arguments": sys.argv[1:], "cwd": os.getcwd(), "debug": os.environ.get("PULUMI_DEBUG_COMMANDS"),
        "bound": json.load(open(bound)) if bound else None,
        "mode": oct(os.stat(bound).st_mode & 0o777) if bound else None}}
with open(os.path.join(folder, "calls"), "a") as calls:
    calls.write(json.dumps(call) + "\\n")
plan = json.load(open(os.path.join(folder, "script.json"))).get(verb, {{}})
print(plan.get("stdout") or f"pulumi says {{verb}}", flush=True)
if "--event-log" in sys.argv:
    with open(sys.argv[sys.argv.index("--event-log") + 1], "w") as log:
        log.writelines(json.dumps(event) + "\\n" for event in plan.get("events", []))
if plan.get("wait"):
    asked = []
    def on_signal(number, frame):
        asked.append(number)
        open(os.path.join(folder, "signals"), "a").write(f"{{number}}\\n")
        time.sleep(0.2)
        open(os.path.join(folder, "told"), "w").write(str(os.path.exists(os.environ["EAS_STOP_FILE"])))
        if plan["wait"] == "gracefully":
            sys.exit(255)
    signal.signal(signal.SIGINT, on_signal)
    open(os.path.join(folder, "waiting"), "w").close()
    while True:
        time.sleep(0.05)
sys.exit(plan.get("code", 0))
"""


@dataclass
class FakePulumi:
    """The stand-in in its folder, which belongs at the front of PATH."""

    folder: Path

    def __post_init__(self) -> None:
        """Write the program; by default every verb succeeds and says nothing."""
        self.folder.mkdir(parents=True)
        program = self.folder / "pulumi"
        program.write_text(PROGRAM.format(python=sys.executable, folder=str(self.folder)))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        self.script()

    def script(self, **verbs: dict[str, Any]) -> None:
        """Say how each verb ends: ``code``, ``events``, ``stdout``, ``wait``."""
        (self.folder / "script.json").write_text(json.dumps(verbs))

    @property
    def calls(self) -> list[dict[str, Any]]:
        """How it was called, call by call."""
        file = self.folder / "calls"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def signals(self) -> list[int]:
        """The signals that reached it."""
        file = self.folder / "signals"
        return [int(line) for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def path(self) -> str:
        """PATH with it in front."""
        return f"{self.folder}{os.pathsep}{os.environ['PATH']}"


PLACEMENT = "pulumi-python:dynamic/eas:Placement"
SERVICE = "pulumi-python:dynamic/eas:EasService"
SIGINT = int(signal.SIGINT)


def placed(op: str = "create", **inputs: Any) -> dict[str, Any]:
    """Return the event of a placement with these checked inputs."""
    given = {
        "owner": "organization/eas-slices/test-0a1b2c",
        "assignments": {"llm": {"0": "gpu-a/0"}},
        "change": {"0001": {"op": "start", "how": "start", "service": "llm", "ordinal": 0}},
        "__provider": {"ciphertext": "[secret]"},
        **inputs,
    }
    return registered(f"urn:pulumi:test::eas-slices::{PLACEMENT}::fleet", PLACEMENT, given, op)


def registered(urn: str, kind: str, inputs: dict[str, Any], op: str = "create") -> dict[str, Any]:
    """Return the event of one resource."""
    new = None if op == "delete" else {"urn": urn, "type": kind, "inputs": inputs}
    return {
        "resourcePreEvent": {"metadata": {"op": op, "urn": urn, "type": kind, "new": new}, "planning": True}
    }


def violated(level: str = "mandatory") -> dict[str, Any]:
    """Return the event of a violated policy."""
    return {
        "policyEvent": {
            "resourceUrn": "urn:x",
            "message": "no card is filled beyond 90 %\ngpu-a/0 is at 95 %\n",
            "policyName": "headroom-at-least",
            "policyPackName": "eas",
            "enforcementLevel": level,
        }
    }


def error(message: str) -> dict[str, Any]:
    """Return the event of an error."""
    return {"diagnosticEvent": {"message": f"{message}\n", "severity": "error"}}


def stack_outputs(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return the event of the stack's outputs, as they were and as they are now."""
    metadata = {
        "op": "same",
        "urn": "urn:stack",
        "type": "pulumi:pulumi:Stack",
        "old": {"outputs": old},
        "new": {"outputs": new},
    }
    return {"resOutputsEvent": {"metadata": metadata, "planning": True}}
