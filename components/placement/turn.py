"""Which rows are gone before which: the order among rows that places are handed on in."""

from __future__ import annotations

from collections.abc import Iterable

from components.placement.snapshot import Held


def closed(rows: Iterable[Held]) -> dict[str, tuple[str, ...]]:
    """Return for each pending row all that is gone before it counts, through other pending rows as well."""
    direct = {row.id: row.after for row in rows if row.state == "pending" and row.after}
    found: dict[str, tuple[str, ...]] = {}
    for start, first in direct.items():
        seen: dict[str, None] = {}
        todo = list(first)
        while todo:
            other = todo.pop()
            if other not in seen and other != start:
                seen[other] = None
                todo.extend(direct.get(other, ()))
        found[start] = tuple(sorted(seen))
    return found
