"""A checkout of nothing, and a tiny Pulumi project driven by the real CLI with this repository's own host."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.tools.project import RUNTIME, Project
from tools.setup.bin_folder import EXECUTOR, HOST, launcher
from tools.setup.layout import Layout

ROOT = Path(__file__).parents[2]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A checkout with nothing in it."""
    return Layout(tmp_path)


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """This repository's language host, in a folder of its own to be put on PATH."""
    found = shutil.which(EXECUTOR)
    if found is None:
        pytest.skip(f"{EXECUTOR} is not on PATH: run `make test`, which sources .env.sh")
    folder = tmp_path / "host bin"
    folder.mkdir()
    start = folder / HOST
    start.write_text(launcher(Path(sys.executable), ROOT, Path(found)))
    start.chmod(0o755)
    return start


@pytest.fixture
def project(tmp_path: Path, host: Path) -> Project:
    """A program with one dynamic resource, whose provider is in a module, in a stack that is not up yet."""
    if shutil.which("pulumi") is None:
        pytest.skip("pulumi is not on PATH: run `make test`, which sources .env.sh")
    (tmp_path / "state").mkdir()
    own = {
        "PATH": os.pathsep.join([str(host.parent), os.environ["PATH"]]),
        "PULUMI_BACKEND_URL": (tmp_path / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "only a test",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
    made = Project(tmp_path / "project", {**inherited, **own})
    made.write("Pulumi.yaml", f"name: tiny\n{RUNTIME}")
    made.write(
        "thing.py",
        "from pulumi.dynamic import CreateResult, Resource, ResourceProvider\n"
        "class Provider(ResourceProvider):\n"
        "    def create(self, props):\n"
        "        print('the provider makes', props['size'])\n"
        "        return CreateResult('thing-1', {**props})\n"
        "class Thing(Resource):\n"
        "    def __init__(self, name, size):\n"
        "        super().__init__(Provider(), name, {'size': size})\n",
    )
    made.write(
        "__main__.py",
        "import pulumi\n"
        "from thing import Thing\n"
        "size = pulumi.Config('tiny').require_int('size')\n"
        "pulumi.export('size', Thing('thing', size).size)\n",
    )
    assert made.pulumi("stack", "init", "dev") == 0, made.output
    assert made.pulumi("config", "set", "tiny:size", "1") == 0, made.output
    return made
