"""The kernels of the placement engine, compiled once for each version of them."""

from __future__ import annotations

import subprocess

from tools.setup.layout import Layout
from tools.setup.report import SetupError, say

PACKAGE = "components/placement/value"


def ensure(layout: Layout) -> None:
    """Compile them where they are not compiled yet; where they cannot be kept, they are compiled when first needed."""
    sources = layout.root / PACKAGE
    newest = max((source.stat().st_mtime for source in sources.glob("*.py")), default=0.0)
    done = [code.stat().st_mtime for code in (sources / "__pycache__").glob("compiled-*/*.o")]
    if any(when >= newest for when in done):
        return
    say("engine", "compiling the kernels of placement (about a quarter of a minute, once for each version)")
    command = [str(layout.python), "-m", f"{PACKAGE.replace('/', '.')}.warm"]
    ended = subprocess.run(command, cwd=layout.root, stdin=subprocess.DEVNULL, check=False)
    if ended.returncode:
        raise SetupError("the kernels of placement cannot be compiled; what it said stands above")
