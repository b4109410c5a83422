"""``python -m tools.unlock`` lifts the lock that a killed ``pulumi`` has left on a stack, and no other.

It also puts back a state that ``pulumi`` has cut short: where the disk is full, its file backend replaces the state by the
part that it could write, or by nothing, and reads it no more.

Pulumi leaves a file for each process that changes a stack and trusts nobody to know whether it still runs. On
this machine that can be known; a lock from another machine, or one that cannot be read, is never lifted.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import psutil

from tools.setup.layout import Layout

Verdict = Literal["dead", "live", "elsewhere", "unreadable"]

CLOCK_SLACK_SECONDS = 2.0
"""A process that began this much after its lock was written is another one with the same number."""


@dataclass(frozen=True, slots=True)
class Lock:
    """What is known of one lock file."""

    verdict: Verdict
    who: str


def examine(file: Path) -> Lock:
    """Say of one lock file whether the process that wrote it still runs."""
    try:
        content = json.loads(file.read_text())
        pid, host = int(content["pid"]), str(content["hostname"])
        written = datetime.fromisoformat(content["timestamp"])
    except (ValueError, KeyError, TypeError):
        return Lock("unreadable", str(file))
    who = f"process {pid} on {host}, since {written:%Y-%m-%d %H:%M:%S}"
    if host != socket.gethostname():
        return Lock("elsewhere", who)
    return Lock("live" if _still_runs(pid, written) else "dead", who)


def _still_runs(pid: int, written: datetime) -> bool:
    try:
        process = psutil.Process(pid)
        began, state = process.create_time(), process.status()
    except psutil.NoSuchProcess:
        return False
    # Killed, and not yet taken note of by its parent: it does nothing any more.
    if state in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
        return False
    return began <= written.timestamp() + CLOCK_SLACK_SECONDS


def lift(layout: Layout, stack: str) -> str:
    """Lift the locks of ``stack`` if all of them are dead; return what to tell the reader, if anything."""
    files = sorted(layout.stack_locks(stack).glob("*.json"))
    locks = [lock for file in files if file.exists() for lock in [examine(file)]]
    held = [lock for lock in locks if lock.verdict != "dead"]
    if held:
        return "\n".join(f"unlock: {_why_left(lock, stack)}" for lock in held)
    if not locks:
        return ""
    subprocess.run(
        ["pulumi", "--non-interactive", "cancel", "--yes", "--stack", stack],
        cwd=layout.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    whose = "; ".join(lock.who for lock in locks)
    return f"unlock: lifted the lock on '{stack}' that was left by a process that is gone ({whose})"


def _why_left(lock: Lock, stack: str) -> str:
    if lock.verdict == "live":
        return f"'{stack}' is being changed by {lock.who}: wait until it ends, or end it"
    by_hand = f"`. ./.env.sh && pulumi cancel --stack {stack}`"
    if lock.verdict == "elsewhere":
        return f"'{stack}' is locked by {lock.who}, which cannot be seen from here: if it is gone, {by_hand}"
    return f"'{stack}' has a lock that cannot be read, {lock.who}: if nothing changes the stack, {by_hand}"


def mend(layout: Layout, stack: str) -> str:
    """Put the newest whole copy in the place of a state that is cut short; return what to tell the reader, if anything.

    A copy may be an apply older. That loses nothing: the ledger has what runs, and the next ``up`` takes it over.
    """
    record = layout.stack_record(stack)
    if not record.exists() or _is_whole(record) or list(layout.stack_locks(stack).glob("*.json")):
        return ""
    beside = record.with_name(f"{record.name}.bak")
    kept = (layout.state / ".pulumi" / "backups" / record.parent.name / stack).glob(f"{stack}.*.json")
    whole = [copy for copy in (beside, *kept) if copy.exists() and _is_whole(copy)]
    if not whole:
        return (
            f"unlock: Pulumi's state of '{stack}' is cut short ({record}), as a full disk leaves it, and no copy beside it "
            "is whole: put a backup of yours there, or move it away and run `make setup`; the ledger has what runs, and the "
            "next `up` takes it over"
        )
    newest = max(whole, key=lambda copy: copy.stat().st_mtime_ns)
    draft = record.with_name(f"{record.name}.mended")
    shutil.copy(newest, draft)
    draft.replace(record)
    return (
        f"unlock: Pulumi's state of '{stack}' was cut short, as a full disk leaves it; put back from {newest}"
    )


def _is_whole(record: Path) -> bool:
    try:
        return isinstance(json.loads(record.read_bytes()), dict)
    except ValueError:
        return False


def main() -> int:
    """Lift what can be lifted. A lock that stays is no failure here: a preview needs none."""
    parser = argparse.ArgumentParser(prog="python -m tools.unlock", description=__doc__)
    parser.add_argument("--stack", default="dev")
    stack = parser.parse_args().stack
    try:
        layout = Layout(Path(__file__).resolve().parents[1])
        told = "\n".join(filter(None, [lift(layout, stack), mend(layout, stack)]))
    except (OSError, subprocess.CalledProcessError) as fault:
        print(f"unlock: cannot lift the lock on '{stack}': {fault}", file=sys.stderr)
        return 1
    if told:
        print(told, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
