"""The official release of the CLI, from Pulumi's own download site.

No checksum of it is pinned here: what is trusted is the site's certificate. What was fetched is used only if
it unpacks without a fault and answers with the version that was asked for.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import tarfile
import urllib.request
import zlib
from pathlib import Path

from tools.setup.files import make_whole
from tools.setup.layout import toolchain_cache
from tools.setup.report import say

SITE = "https://get.pulumi.com/releases/sdk"
PATIENCE_SECONDS = 5.0
"""For the connection and for each piece: an offline machine should know soon."""
MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def folder(version: str) -> Path:
    """Return where this version is, or would be, for this machine."""
    return toolchain_cache() / f"official-{version}-{_platform()}"


def fetch(version: str) -> bool:
    """Fetch and unpack a release; say why not if it cannot be had."""
    url = f"{SITE}/pulumi-{version}-{_platform()}.tar.gz"
    say("pulumi", f"fetching {url}")
    try:
        make_whole(folder(version), lambda partial: _fill(partial, url, version))
    except (OSError, EOFError, zlib.error, tarfile.TarError) as fault:
        say("pulumi", f"the official release cannot be had: {getattr(fault, 'reason', None) or fault}")
        return False
    return True


def _platform() -> str:
    machine = platform.machine().lower()
    return f"{platform.system().lower()}-{MACHINES.get(machine, machine)}"


def _fill(partial: Path, url: str, version: str) -> None:
    archive, unpacked = partial / "release.tar.gz", partial / "release"
    with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer, archive.open("wb") as out:
        shutil.copyfileobj(answer, out)
    with tarfile.open(archive) as release:
        # Refuses what would be written elsewhere; the first releases of Python 3.11 do not know it yet.
        release.extraction_filter = getattr(tarfile, "data_filter", None)
        release.extractall(unpacked)
    executable = next((path for path in unpacked.rglob("pulumi") if path.is_file()), None)
    if executable is None:
        raise tarfile.ReadError("the archive holds no pulumi")
    answered = subprocess.run([executable, "version"], capture_output=True, text=True, check=False)
    if answered.stdout.strip() != version:
        raise OSError(f"it answers with version {answered.stdout.strip()!r}, not {version}")
    for part in executable.parent.iterdir():
        part.rename(partial / part.name)
    shutil.rmtree(unpacked)
    archive.unlink()
