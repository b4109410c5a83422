"""The folder with a built CLI and this checkout's language host, which Pulumi wants side by side."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

from tools.setup.files import make_whole, write
from tools.setup.layout import Layout

HOST = "pulumi-language-python"
EXECUTOR = "pulumi-language-python-exec"
START = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from tools.toolchain.language_host import main; main()"
)


def ensure(layout: Layout, cli: Path) -> Path:
    """Put the CLI of the cache and the language host side by side, and return the folder."""
    if not _same_parts(layout.bin, cli):
        make_whole(layout.bin, lambda partial: _fill(partial, cli))
    write(layout.bin / HOST, launcher(layout.python, layout.root, layout.bin / EXECUTOR), 0o755)
    return layout.bin


def _same_parts(folder: Path, cli: Path) -> bool:
    """Whether all parts are there; a part of another version has another size or another time."""
    return all(
        (folder / part.name).is_file()
        and (part.stat().st_size, part.stat().st_mtime)
        == ((folder / part.name).stat().st_size, (folder / part.name).stat().st_mtime)
        for part in cli.iterdir()
    )


def _fill(partial: Path, cli: Path) -> None:
    for part in cli.iterdir():
        try:
            # Not a symbolic link: Pulumi looks for the language host beside the file it really is.
            os.link(part, partial / part.name)
        except OSError:  # another file system
            shutil.copy2(part, partial / part.name)


def launcher(python: Path, root: Path, executor: Path) -> str:
    """Return what starts the host: a shell script, as a `#!` line takes no space and not much of a path."""
    command = shlex.join([str(python), "-c", START, str(root), "--use-executor", str(executor)])
    return f'#!/bin/sh\nexec {command} "$@"\n'
