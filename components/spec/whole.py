"""Whole numbers as Pulumi hands them over: it has floats only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def whole(value: Any) -> Any:
    """Return ``value`` with every whole float turned into an int, recursively; keys as texts, tuples as lists."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {str(key): whole(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [whole(item) for item in value]
    return value
