"""Ages as people write them: ``30m``, ``24h``, ``7d``, ``2w``."""

from __future__ import annotations

import re
from datetime import timedelta

from components.cli.base.ending import CommandError, Exit

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def age_in(text: str) -> timedelta | None:
    """Return the age that a text is; None for a text that is none."""
    match = re.fullmatch(r"(\d+)([mhdw])", text.strip())
    if match is None:
        return None
    try:
        return timedelta(**{UNITS[match[2]]: int(match[1])})
    except OverflowError:
        return timedelta.max


def age_of(text: str, option: str) -> timedelta:
    """Return the age that an option gives; raises :class:`CommandError` for what is none."""
    age = age_in(text)
    if age is None:
        raise CommandError(f"{option} {text} is no age: write 30m, 24h, 7d or 2w", Exit.USAGE)
    return age
