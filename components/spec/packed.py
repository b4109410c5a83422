"""A mapping as one line of JSON: for Pulumi, whose cost is by the number of values, several times for each.

Its SDK and engine convert, copy, compare and store values one by one; a preview shows such a line as JSON, key by key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def packed(value: Mapping[str, Any]) -> str:
    """Return ``value`` as JSON, always the same for the same content."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def unpacked(value: Any) -> Any:
    """Return the mapping that :func:`packed` wrote; anything else as it is, since older states have the mapping itself."""
    if not isinstance(value, str):
        return value
    try:
        found = json.loads(value)
    except ValueError:
        return value
    return found if isinstance(found, dict) else value


def unpacked_each(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return every value of a mapping unpacked; nothing for None."""
    return {key: unpacked(value) for key, value in (values or {}).items()}
