"""Which Pulumi CLI is used: the user's, else the official one, else one built from Go modules."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.setup import go_build, official
from tools.setup.files import alone_in
from tools.setup.layout import Layout, toolchain_cache
from tools.setup.report import say

OLDEST = (3, 255)
"""Older ones do not know all that a policy pack may be."""


@dataclass(frozen=True, slots=True)
class Cli:
    """A folder with ``pulumi``, and whether it still needs a language host from us."""

    folder: Path
    needs_host: bool


def ensure(layout: Layout) -> Cli:
    """Return the CLI to use, after saying in one line which one that is."""
    own = on_path(layout)
    if own is not None:
        return own
    version = pinned_version(layout)
    with alone_in(toolchain_cache()):
        fetched = official.folder(version)
        built = go_build.folder(layout)
        if fetched.is_dir():
            say("pulumi", f"{version}, official, in {fetched}")
        elif built.is_dir():
            say("pulumi", f"{version}, built from Go modules, in {built}")
        elif official.fetch(version):
            say("pulumi", f"{version}, official, now in {fetched}")
        else:
            go_build.build(layout, version)
            say("pulumi", f"{version}, built from Go modules, now in {built}")
    if fetched.is_dir():
        return Cli(fetched, needs_host=False)
    return Cli(built, needs_host=True)


def on_path(layout: Layout) -> Cli | None:
    """Return the user's own CLI if it is new enough and complete; what setup has made is not theirs."""
    folders = [
        folder
        for folder in os.environ.get("PATH", os.defpath).split(os.pathsep)
        if folder
        and Path(folder).name != layout.bin.name
        and not Path(folder).is_relative_to(toolchain_cache())
    ]
    path = os.pathsep.join(folders)
    found = shutil.which("pulumi", path=path)
    if found is None:
        return None
    version = _version_of(found)
    if version < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        say("pulumi", f"{found} is older than {oldest} or does not say how old it is; not used")
        return None
    if shutil.which("pulumi-language-python", path=path) is None:
        say("pulumi", f"{found} comes without pulumi-language-python; not used")
        return None
    say("pulumi", f"v{'.'.join(map(str, version))}, yours: {found}")
    return Cli(Path(found).parent, needs_host=False)


def pinned_version(layout: Layout) -> str:
    """Return the version that ``go.mod`` names, which is also the one to fetch."""
    text = (layout.go_module / "go.mod").read_text()
    match = re.search(r"github\.com/pulumi/pulumi/pkg/v3 (v[\d.]+)", text)
    assert match is not None, "go.mod requires the CLI's module"
    return match[1]


def _version_of(executable: str) -> tuple[int, ...]:
    try:
        answer = subprocess.run(
            [executable, "version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    match = re.match(r"v(\d+)\.(\d+)\.(\d+)", answer.stdout.strip())
    return tuple(map(int, match.groups())) if match else ()
