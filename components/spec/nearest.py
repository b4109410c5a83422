"""Did you mean: the names nearest to one that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return up to ``count`` known names that look like ``name``, the likest first, whatever their order."""
    return get_close_matches(name, sorted(set(known)), n=count, cutoff=0.6)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'a' or 'b'?`` or, where nothing is near, an empty text."""
    found = nearest(name, known)
    return f"did you mean {' or '.join(repr(other) for other in found)}?" if found else ""
