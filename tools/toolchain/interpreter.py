"""Which Python runs a program or a policy pack, and with which environment."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from pulumi.runtime.proto.language_pb2 import ProgramInfo


class NoVirtualEnvironment(Exception):
    """The ``virtualenv`` option names a folder that holds no Python."""


def virtual_environment(info: ProgramInfo) -> Path | None:
    """Return the folder that the ``virtualenv`` option names, which is relative to the project's file."""
    named = dict(info.options).get("virtualenv")
    return Path(info.root_directory, str(named)) if named else None


def python_for(info: ProgramInfo) -> str:
    """Return the command that starts the program's Python.

    Without the option it is what Pulumi itself falls back to, so that both see the same packages.
    """
    folder = virtual_environment(info)
    if folder is None:
        return os.environ.get("PULUMI_PYTHON_CMD") or "python3"
    python = folder / "bin" / "python"
    if not python.exists():
        raise NoVirtualEnvironment(
            f"the virtual environment {folder} is missing or has no bin/python, and the program at "
            f"{info.root_directory} asks for it: run `make setup`, or `pulumi install` in that folder"
        )
    return str(python)


def environment_for(info: ProgramInfo, extra: Iterable[str] = ()) -> dict[str, str]:
    """Return the variables of a child: ours, those of its virtual environment, and ``KEY=value`` extras."""
    env = dict(os.environ)
    for pair in extra:
        name, _, value = pair.partition("=")
        env[name] = value
    folder = virtual_environment(info)
    if folder is not None:
        env["VIRTUAL_ENV"] = str(folder)
        env["PATH"] = os.pathsep.join([str(folder / "bin"), env.get("PATH", os.defpath)])
        env.pop("PYTHONHOME", None)
    return env
