"""Running the ``pulumi`` command: its output passes through live, its engine events are kept, Ctrl-C reaches it once."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Any

from components.cli.base.ending import CommandError, Exit
from components.cli.base.passing import once
from components.cli.base.workspace import Workspace

STDERR = 2
STACK = "pulumi:pulumi:Stack"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
"""How Pulumi marks a secret among plain values (sdk/go/common/resource/sig)."""
LAST_WORDS_S = 5.0
"""How long what `pulumi` has printed may take to arrive after its end."""
STOP_FILE = "EAS_STOP_FILE"
"""Names a file for the provider: once it is there, the user wants it to stop after the effect in hand."""
RESUMED = "what was under way is in the ledger, and the same command goes on from there"
STALE_MARKS = ("the apply is not what was previewed", "StalePlan")
"""How the provider begins a refusal of a bound plan, and the ledger one that lost a race for a place."""


@dataclass(frozen=True, slots=True)
class EngineRun:
    """How one run of ``pulumi`` ended, and what its engine said."""

    code: int
    interrupted: bool = False
    events: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)

    @property
    def violations(self) -> list[dict[str, str]]:
        """The violated policies: name, level, resource, message."""
        return [
            {
                "policy": event["policyName"],
                "level": event["enforcementLevel"],
                "resource": event.get("resourceUrn", ""),
                "message": event["message"].strip(),
            }
            for event in self._of("policyEvent")
        ]

    @property
    def errors(self) -> list[str]:
        """What the engine, the program and the providers called errors."""
        return [
            event["message"].strip()
            for event in self._of("diagnosticEvent")
            if event.get("severity") == "error"
        ]

    @property
    def unchanged(self) -> int:
        """How many resources stay as they are; 0 where anything would change, or might: a resource, or an output."""
        operations = [event["metadata"]["op"] for event in self._of("resourcePreEvent")]
        if any(operation != "same" for operation in operations) or self._outputs_change():
            return 0
        summaries = [event.get("resourceChanges") or {} for event in self._of("summaryEvent")]
        return int(summaries[-1].get("same", 0)) if summaries else len(operations)

    def _outputs_change(self) -> bool:
        """Whether the last that the engine said of the stack's outputs differs from what they were, or may: a secret."""
        told = [event["metadata"] for event in self._of("resOutputsEvent")]
        stacks = [metadata for metadata in told if metadata.get("type") == STACK]
        if not stacks:
            return False
        old, new = ((stacks[-1].get(side) or {}).get("outputs") or {} for side in ("old", "new"))
        return bool(old != new) or _has_secret(new)

    @property
    def exit(self) -> Exit:
        """The status that ``eas`` ends with."""
        if self.code == 0:
            return Exit.OK
        if self.interrupted:
            return Exit.INTERRUPTED
        if any(violation["level"] == "mandatory" for violation in self.violations):
            return Exit.POLICY
        if any(mark in error for error in self.errors for mark in STALE_MARKS):
            return Exit.STALE
        return Exit.FAILED

    @property
    def operations(self) -> list[tuple[str, str, str]]:
        """(operation, type's last word, name) of every resource that is not the same."""
        return [
            (metadata["op"], metadata["type"].rpartition(":")[2], metadata["urn"].rpartition("::")[2])
            for metadata in (event["metadata"] for event in self._of("resourcePreEvent"))
            if metadata["op"] != "same"
        ]

    def checked_inputs(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield (urn, type, checked inputs) of every resource that stays or comes."""
        for event in self._of("resourcePreEvent"):
            metadata = event["metadata"]
            new = metadata.get("new") or {}
            if metadata["op"] not in ("delete", "delete-replaced") and "inputs" in new:
                yield metadata["urn"], metadata["type"], new["inputs"]

    def _of(self, kind: str) -> Iterator[Mapping[str, Any]]:
        return (event[kind] for event in self.events if kind in event)


def _has_secret(value: Any) -> bool:
    """Whether a value has a secret in it: the engine's events hide what it is, and so whether it changes."""
    if isinstance(value, Mapping):
        return SECRET.items() <= value.items() or any(_has_secret(each) for each in value.values())
    return isinstance(value, list) and any(_has_secret(each) for each in value)


def run_pulumi(
    workspace: Workspace,
    arguments: Sequence[str],
    *,
    variables: Mapping[str, str] | None = None,
    quiet: bool = False,
) -> EngineRun:
    """Run ``pulumi ARGUMENTS`` in the project and return how it ended; ``quiet`` sends its output to stderr."""
    unlock(workspace)
    env = {**workspace.environment, **(variables or {}), "PULUMI_DEBUG_COMMANDS": "true"}
    program = shutil.which("pulumi", path=env.get("PATH"))
    if program is None:
        raise CommandError("`pulumi` is not on PATH; run `make setup`, then `. ./.env.sh`")
    with tempfile.TemporaryDirectory(prefix="eas-events-") as folder:
        log, stop = Path(folder, "events.json"), Path(folder, "stop")
        env[STOP_FILE] = str(stop)
        command = [program, *arguments, "--event-log", str(log), *(["--non-interactive"] if quiet else [])]
        sys.stdout.flush()
        piped = not quiet and not sys.stdout.isatty()
        stdout = STDERR if quiet else subprocess.PIPE if piped else None
        child = subprocess.Popen(command, cwd=workspace.root, env=env, stdout=stdout)
        with _passing_interrupts(child, stop) as asked, _passing_output(child):
            code = child.wait()
        if code < 0 and not asked:
            print(f"eas: pulumi was ended by {signal.Signals(-code).name}; {RESUMED}", file=sys.stderr)
        return EngineRun(code, bool(asked), tuple(_events(log)))


def _events(log: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the engine's events; the last line of a killed CLI may be torn."""
    if not log.is_file():
        return
    for line in log.read_text(errors="replace").splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if not _is_debug(event):
            yield event


def _is_debug(event: Mapping[str, Any]) -> bool:
    diagnostic = event.get("diagnosticEvent")
    return bool(diagnostic and diagnostic.get("severity") == "debug")


@contextmanager
def _passing_interrupts(child: subprocess.Popen[bytes], stop: Path) -> Iterator[list[int]]:
    """Hand the first SIGINT or SIGTERM on as one SIGINT and wait for the child; a second one kills it.

    Pulumi waits for its providers and does not tell them, so the file ``stop`` does.

    Ctrl-C on a terminal reaches the child directly, and Pulumi takes a second SIGINT as "at once": so nothing is handed
    on where the terminal has done it.
    """
    asked: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        stop.touch()
        if len(asked) > 1:
            child.kill()
        elif number != signal.SIGINT or not _in_foreground():
            child.send_signal(signal.SIGINT)
        note = "stopping after what is under way; once more to kill" if len(asked) == 1 else "killed"
        os.write(2, f"\neas: {note}\n".encode())

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _passing_output(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """Print what the child says as it comes, where it writes to a pipe of ours; see :mod:`components.cli.base.passing`."""
    if child.stdout is None:
        yield
        return
    reader = threading.Thread(target=_copy, args=(child.stdout,), name="eas-output", daemon=True)
    reader.start()
    yield
    # What outlives the child may hold the pipe open; nothing that it says belongs to this command any more.
    reader.join(LAST_WORDS_S)


def _copy(source: IO[bytes]) -> None:
    with io.TextIOWrapper(source, encoding="utf-8", errors="replace") as lines:
        for line in once(lines):
            sys.stdout.write(line)
            sys.stdout.flush()


def _in_foreground() -> bool:
    """Whether this process group owns a terminal, so that Ctrl-C reaches all of it."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def unlock(workspace: Workspace) -> None:
    """Lift the lock that a killed ``pulumi`` left on this machine; nothing where the project has no tool for it."""
    if not (workspace.root / "tools" / "unlock.py").is_file():
        return
    subprocess.run(
        [sys.executable, "-m", "tools.unlock", "--stack", workspace.stack],
        cwd=workspace.root,
        env=workspace.environment,
        stdin=subprocess.DEVNULL,
        stdout=STDERR,
        check=False,
    )
