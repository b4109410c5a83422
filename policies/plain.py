"""From what Pulumi hands to a policy to plain data, with the places of what is not known yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulumi_policy.proxy import UnknownValueError


@dataclass(slots=True)
class Plain:
    """Plain data without what is unknown, and the dotted paths of that."""

    data: Any
    unknown: list[str] = field(default_factory=list)


def to_plain(props: Mapping[str, Any], *names: str) -> Plain:
    """Return the named properties as dicts, lists and numbers; whole floats as integers, absent left out."""
    made = Plain({})
    # Iterated, as the proxy's `in` already raises for what is unknown.
    present = set(props)
    for name in names:
        if name in present:
            made.data[name] = _value(props, name, name, made.unknown)
    return made


def _value(container: Any, key: Any, path: str, unknown: list[str]) -> Any:
    try:
        value = container[key]
    except UnknownValueError:
        unknown.append(path)
        return None
    if isinstance(value, Mapping):
        return {name: _value(value, name, f"{path}.{name}", unknown) for name in value}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_value(value, index, f"{path}[{index}]", unknown) for index in range(len(value))]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
