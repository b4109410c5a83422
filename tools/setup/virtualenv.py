"""The virtual environment, installed from the lock file and from nothing else."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from tools.setup.layout import Layout
from tools.setup.report import SetupError, say

LOCK = "requirements.txt"
INPUTS = (LOCK, "pyproject.toml")
STAMP = "setup-inputs"


def ensure(layout: Layout) -> None:
    """Make the virtual environment, or bring it up to the lock file; nothing to do takes no time."""
    wanted = _fingerprint(layout)
    stamp = layout.venv / STAMP
    if _read(stamp) == wanted and layout.python.exists():
        say("python", f"{layout.venv.name} is up to date")
        return
    stamp.unlink(missing_ok=True)
    if not _usable(layout):
        say("python", f"making {layout.venv.name} with {sys.version.split()[0]}")
        _make(layout)
    say("python", f"installing {LOCK} into {layout.venv.name} (half a minute the first time)")
    _pip(layout, "install", "--requirement", LOCK)
    # The build backend is in the lock file, so building our own package fetches nothing that is not.
    _pip(layout, "install", "--no-deps", "--no-build-isolation", "--editable", ".")
    _pip(layout, "check")
    stamp.write_text(wanted)


def _fingerprint(layout: Layout) -> str:
    """Everything that a virtual environment depends on; it cannot be moved, so its place is part of it."""
    digest = hashlib.sha256(f"{layout.root}\n{sys.version_info[:2]}\n".encode())
    for name in INPUTS:
        digest.update((layout.root / name).read_bytes())
    return digest.hexdigest()


def _read(stamp: Path) -> str | None:
    return stamp.read_text() if stamp.is_file() else None


def _usable(layout: Layout) -> bool:
    """Whether there is a pip of this place and of this Python to go on with."""
    pip = layout.venv / "bin" / "pip"
    if not (pip.is_file() and layout.python.exists()):
        return False
    if f"{layout.venv}/bin/" not in pip.read_text():
        return False  # the checkout was moved or copied
    asked = [str(layout.python), "-c", "import sys; print(sys.version_info[:2])"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False)
    return answer.stdout.strip() == str(sys.version_info[:2])


def _make(layout: Layout) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(layout.venv)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        detail = (made.stdout + made.stderr).strip()
        raise SetupError(
            f"{sys.executable} cannot make a virtual environment. On Debian and Ubuntu install the package "
            f"python3-venv, then run `make setup` again. It said:\n{detail}"
        )


def _pip(layout: Layout, *arguments: str) -> None:
    command = [str(layout.python), "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, cwd=layout.root, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise SetupError(
            f"`pip {' '.join(arguments)}` failed, see above. Mend that (is the package index reachable?) and "
            f"run `make setup` again; it goes on where it stopped."
        )
