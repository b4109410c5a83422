"""A value as a message shows it: JSON, short, and never a secret."""

from __future__ import annotations

import json
import re
from typing import Any

from components.spec.secret import hidden

LIMIT = 80
_SECRET = re.compile(r"(^|\.)(token|dockerAuth)$|\.env\[\d+\](\.value)?$|\.env$|(^|\.)containers(\[\d+\])?$")


def printable(text: str) -> str:
    """Return a text that stays on its line: control characters, and halves of characters, are escaped."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def shown(value: Any, field: str = "") -> str:
    """Render ``value`` as JSON of at most 80 characters; what stands in a secret's field is not shown."""
    if _SECRET.search(field) or (field == "" and isinstance(value, dict)):
        return "(not shown)"
    try:
        text = json.dumps(hidden(value, field.rpartition(".")[2]), ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        # A circular YAML anchor, or an integer of more digits than Python prints.
        text = type(value).__name__
    return printable(text if len(text) <= LIMIT else text[: LIMIT - 1] + "…")
