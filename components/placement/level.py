"""How full a card or node can get while plans are carried out, whatever the order in which their steps end.

Rows that replace one another are never there together, so their sizes must not be added up. Matching each unit of a
``pending`` row with a unit of a row that has to be gone before it covers the rows by chains of which one unit is there at
a time; the number of chains is an upper bound of what is ever taken at once (Dilworth: a chain cover bounds every
antichain). The bound is what planning, checking and committing all compare with the capacity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def peak(rows: Sequence[tuple[str, int]], after: Mapping[str, Iterable[str]]) -> int:
    """Return an upper bound of the sum of sizes that are ever there at once.

    ``rows`` are (id, size) in an order in which each row comes after those it waits for; ``after`` gives for a pending row
    the ids (transitively closed) that are gone before it counts. Ids that are not in ``rows`` are ignored.
    """
    spare: dict[str, int] = {}
    total = 0
    for row, size in rows:
        total += size
        credit = size
        for gone in after.get(row, ()):
            if credit == 0:
                break
            taken = min(credit, spare.get(gone, 0))
            if taken:
                spare[gone] -= taken
                credit -= taken
                total -= taken
        spare[row] = size
    return total
