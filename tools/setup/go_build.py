"""The CLI from its Go modules, where the official release cannot be reached.

It takes minutes, once per version: the result lies in the cache under a hash of all that went into it.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
from pathlib import Path

from tools.setup.files import make_whole
from tools.setup.go_progress import Go
from tools.setup.layout import Layout, toolchain_cache
from tools.setup.report import SetupError, say

PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
SDK = "github.com/pulumi/pulumi/sdk/v3"
TAGS = "-tags=osusergo grpcnotrace"
SDK_SCRIPTS = ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python")
"""Parts of the Python support that the SDK's module does hold: they go beside the CLI."""


def folder(layout: Layout) -> Path:
    """Return where the build of these modules is, or would be, for this machine."""
    digest = hashlib.sha256(f"{platform.system()} {platform.machine()} {TAGS} {SDK_SCRIPTS}\n".encode())
    for name in ("go.mod", "go.sum"):
        digest.update((layout.go_module / name).read_bytes())
    return toolchain_cache() / f"built-{digest.hexdigest()[:16]}"


def build(layout: Layout, version: str) -> None:
    """Build the CLI and put it beside the SDK's scripts."""
    executable = shutil.which("go")
    if executable is None:
        raise SetupError(
            "there is no Pulumi CLI to use: none on PATH, the official release cannot be reached, and Go, "
            "which could build it, is not installed. Install Pulumi 3.255 or later "
            "(https://www.pulumi.com/docs/install/), or Go 1.26 or later, and run `make setup` again."
        )
    say("pulumi", f"building {version} from Go modules: 3 to 5 minutes on two cores, once per machine")
    go = Go(executable, layout.go_module)
    make_whole(folder(layout), lambda partial: _fill(partial, go, version))


def _fill(partial: Path, go: Go, version: str) -> None:
    packages = go.run("list", "-deps", TAGS, PACKAGE, telling="modules fetched")
    linker = f"-ldflags=-s -w -X {SDK}/go/common/version.Version={version}"
    flags = ["-v", "-trimpath", TAGS, linker, "-o", str(partial / "pulumi")]
    go.run("build", *flags, PACKAGE, telling=f"of about {len(packages):,} packages compiled")
    (source,) = go.run("list", "-m", "-f", "{{.Dir}}", SDK, telling="modules fetched")
    for script in SDK_SCRIPTS:
        copy = partial / Path(script).name
        shutil.copyfile(Path(source, script), copy)
        copy.chmod(0o755)
