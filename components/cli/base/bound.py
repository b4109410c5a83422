"""The bound plan: what a preview said, in the file that the provider's ``check`` reads during the apply."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.cli.base.ending import CommandError
from components.cli.base.engine import EngineRun

VARIABLE = "EAS_BOUND_PLAN"
FORMAT = 1
PLACEMENT = "pulumi-python:dynamic/eas:Placement"
SERVICE = "pulumi-python:dynamic/eas:EasService"
INTERNAL = "__provider"
"""Pulumi's own key among the inputs of a dynamic resource."""


def bound_plan(run: EngineRun, stack: str, created: str) -> dict[str, Any]:
    """Return what the preview's events say of placements and services, as it is saved."""
    found: dict[str, dict[str, Any]] = {PLACEMENT: {}, SERVICE: {}}
    for urn, kind, inputs in run.checked_inputs():
        if kind in found:
            found[kind][urn] = {key: value for key, value in inputs.items() if key != INTERNAL}
    return {
        "format": FORMAT,
        "stack": stack,
        "created": created,
        "placements": found[PLACEMENT],
        "services": found[SERVICE],
    }


def is_bindable(plan: Mapping[str, Any]) -> bool:
    """Whether every placement in it was planned; values that are not known before apply leave one unplanned."""
    return all("change" in inputs and "assignments" in inputs for inputs in plan["placements"].values())


def save(plan: Mapping[str, Any], file: Path) -> None:
    """Write the plan, readable by this user only, whole or not at all."""
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as stream:
            json.dump(plan, stream, indent=2, sort_keys=True)
            stream.write("\n")
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def load(file: Path, stack: str) -> dict[str, Any]:
    """Read a saved plan; refused when it is not one, or was saved for another stack."""
    again = "save one with `eas preview --save-plan FILE`"
    try:
        plan = json.loads(file.read_text())
    except FileNotFoundError as error:
        raise CommandError(f"{file} is not there; {again}") from error
    except ValueError as error:
        raise CommandError(f"{file} is not JSON ({error}); {again}") from error
    if (
        not isinstance(plan, dict)
        or plan.get("format") != FORMAT
        or not isinstance(plan.get("placements"), dict)
    ):
        raise CommandError(f"{file} is not a plan of format {FORMAT}; {again}")
    if plan.get("stack") != stack:
        raise CommandError(
            f"{file} was saved for stack '{plan.get('stack')}', and this is '{stack}'; {again}"
        )
    return plan
