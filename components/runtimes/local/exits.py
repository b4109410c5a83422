"""How an instance's process ended last. supervisord forgets the status of what ends within a second; its log does not."""

from __future__ import annotations

import re
from pathlib import Path

from components.runtimes.local.launch import GAVE_UP

_TAIL_BYTES = 1 << 18
_ENDED = re.compile(r"exited: (\S+) \((exit status (-?\d+)|terminated by (\w+))")


def last(log: Path, slug: str) -> str:
    """Return how the program ended, as ``exited with status 3``; empty where the log does not say any more."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _TAIL_BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    said = ""
    for match in _ENDED.finditer(text):
        if match[1] == slug and match[3] != str(GAVE_UP):
            said = f"exited with status {match[3]}" if match[3] else f"was ended by {match[4]}"
    return said
