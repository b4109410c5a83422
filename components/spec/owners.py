"""Owners: what a stack's instances are filed under, ``organization/project/stack`` and a random suffix of its own.

Only the standard library is imported here: setup mints owners before there is anything else.
"""

from __future__ import annotations

import re

SUFFIX_BYTES = 4
"""What setup draws for a stack, written as hexadecimal digits."""
_SUFFIX = re.compile(r"-(?:[0-9a-f]{2}){3,8}$")
"""As setup draws it, and as owners had it that were written by hand: 6 to 16 digits, in pairs."""


def owner_of(project: str, stack: str, drawn: str) -> str:
    """Return the owner of a stack; ``drawn`` is :data:`SUFFIX_BYTES` at random as hexadecimal digits."""
    return f"organization/{project}/{stack}-{drawn}"


def without_suffix(owner: str) -> str:
    """Return ``organization/project/stack``, as people write it who do not know what was drawn."""
    return _SUFFIX.sub("", owner)
