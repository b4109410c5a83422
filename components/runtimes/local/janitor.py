"""Keeps the logs of running instances bounded; runs under supervisord and ends with it.

Instances write to their log themselves, not through supervisord: so they neither wait for it nor break when it is
killed. Somebody else must then cut the files. Standard library only, and nothing else of this package: it is one small
process per project.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
from pathlib import Path

LARGEST = 10 << 20
"""Bytes of a log before it is cut; the last such piece is kept beside it."""


def cut(folder: Path, largest: int = LARGEST) -> None:
    """Move what is in an overgrown log to ``.1``; the writers append, so they go on at the new beginning."""
    for log in folder.glob("*.log"):
        with contextlib.suppress(FileNotFoundError):
            if log.stat().st_size > largest:
                with log.open("rb") as source, log.with_suffix(".log.1").open("wb") as target:
                    source.seek(-largest, 2)
                    shutil.copyfileobj(source, target)
                with log.open("r+b") as file:
                    file.truncate(0)


def main(folder: Path) -> None:
    """Speak supervisord's event protocol: a header line, as many bytes as it says, an answer; until it hangs up."""
    while True:
        sys.stdout.write("READY\n")
        sys.stdout.flush()
        header = sys.stdin.readline()
        if not header:
            return
        fields = dict(word.split(":", 1) for word in header.split())
        sys.stdin.read(int(fields["len"]))
        cut(folder)
        sys.stdout.write("RESULT 2\nOK")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
