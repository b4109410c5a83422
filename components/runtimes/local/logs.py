"""What instances print: one file each, its end on request, a bounded number of files of stopped ones."""

from __future__ import annotations

import contextlib
from pathlib import Path

from components.runtimes.local.folder import Folder

KEPT = 200
"""Logs of stopped instances that are kept, the newest."""

_TAIL_BYTES = 1 << 16


def tail(folder: Folder, slug: str, lines: int) -> str:
    """Return the last lines of an instance's log, running or stopped; empty if it never printed."""
    for path in (folder.log(slug), folder.stopped_logs / f"{slug}.log"):
        with contextlib.suppress(FileNotFoundError):
            return _end(path, lines)
    return ""


def retire(folder: Folder, slug: str) -> None:
    """Put a stopped instance's log aside, and drop the oldest of those."""
    with contextlib.suppress(FileNotFoundError):
        folder.log(slug).replace(folder.stopped_logs / f"{slug}.log")
    folder.log(slug).with_suffix(".log.1").unlink(missing_ok=True)
    kept = sorted(folder.stopped_logs.glob("*.log"), key=_age, reverse=True)
    for path in kept[KEPT:]:
        path.unlink(missing_ok=True)


def _age(path: Path) -> float:
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_mtime
    return 0.0


def _end(path: Path, lines: int) -> str:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL_BYTES))
        text = file.read().decode("utf-8", errors="replace")
    return "\n".join(text.splitlines()[-lines:]) if lines > 0 else ""
