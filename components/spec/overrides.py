"""What one stack changes of a service file: image, instance, resource, or any field of ``metadata``.

Applied to the data before it is typed, so that an override is judged exactly as if it stood in the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.spec.fault import Fault
from components.spec.keys import NotPlain, canonical
from components.spec.nearest import did_you_mean
from components.spec.placed import placed
from components.spec.shown import shown
from components.spec.typed import TypeFault

FIELDS = ("image", "instance", "resource")
"""What an override may name besides dotted fields of ``metadata``."""

STACK_FILE = "Pulumi.STACK.yaml"


@dataclass(frozen=True, slots=True)
class Overridden:
    """A service document with its overrides, the fields that they set, and what is wrong with them."""

    data: Any
    fields: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


def overridden(data: Any, changes: Any, service: str, source: str = STACK_FILE) -> Overridden:
    """Return ``data`` with ``changes`` put in; ``data`` itself stays as it is."""
    if not isinstance(changes, Mapping):
        message = f"overrides.{service} is {shown(changes)}, not an object."
        return Overridden(
            data, (), (_fault(source, service, "", changes, message, "Write fields and values."),)
        )
    try:
        made = canonical(data).data
        wishes = canonical(changes).data
    except NotPlain:
        # What is wrong with the file is said when it is typed.
        return Overridden(data)
    if not isinstance(made, dict) or not isinstance(made.get("metadata", {}), dict):
        return Overridden(data)
    fields: list[str] = []
    faults: list[Fault] = []
    for key, value in wishes.items():
        known = _apply(made, key, value)
        fields.extend(known)
        if not known:
            fix = (
                did_you_mean(key, (*FIELDS, "metadata"))
                or f"Write one of {', '.join(FIELDS)}, or metadata.FIELD."
            )
            message = f"overrides.{service}.{key} is not a field that a stack can override."
            faults.append(_fault(source, service, key, value, message, fix[:1].upper() + fix[1:]))
    return Overridden(made, tuple(fields), tuple(faults))


def _apply(data: dict[str, Any], key: str, value: Any) -> tuple[str, ...]:
    """Put one override in; return the fields of the document that it set, none where it is not known."""
    if key == "image":
        listed = data.setdefault("containers", [{}])
        if not isinstance(listed, list) or not listed or not isinstance(listed[0], dict):
            return ()
        listed[0]["image"] = value
        return ("containers[0].image",)
    if key in ("instance", "resource"):
        metadata = data.setdefault("metadata", {})
        metadata[key] = value
        if key == "resource":
            # Either id selects the pool; the override is meant to be the only one.
            metadata.pop("quota_id", None)
        return (f"metadata.{key}",)
    if key == "metadata" and isinstance(value, dict):
        return tuple(_merge(data.setdefault("metadata", {}), value, "metadata"))
    return ()


def _merge(into: dict[str, Any], changes: dict[str, Any], path: str) -> list[str]:
    fields: list[str] = []
    for key, value in changes.items():
        inside = f"{path}.{key}"
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            fields.extend(_merge(into[key], value, inside))
        else:
            into[key] = value
            fields.append(inside)
    return fields


def _fault(source: str, service: str, key: str, value: Any, message: str, fix: str) -> Fault:
    field = f"overrides.{service}.{key}".rstrip(".")
    return placed(TypeFault("override-known", field, value, message, fix), "invalid", source, None)
