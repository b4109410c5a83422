"""Which state an instance may go to from which.

::

                     +-----------<----------- (restart) -----------<----------+
                     v                                                        |
    pending --> reserved --> starting --> ready <---> failed -----------------+
       |           |            |           |            |
       |           +------------+-----+-----+------------+
       |                              v
       +-----> (gone) <----------- stopping

``pending`` becomes ``reserved`` in the transaction that records the last instance it waits for as gone, and by nothing
else. Any row may be seen gone: then it is no longer there.
"""

from __future__ import annotations

from components.placement.snapshot import HoldState

MOVES: frozenset[tuple[HoldState, HoldState]] = frozenset(
    {
        ("pending", "reserved"),
        ("reserved", "starting"),
        ("reserved", "failed"),
        ("reserved", "stopping"),
        ("starting", "ready"),
        ("starting", "failed"),
        ("starting", "stopping"),
        ("ready", "starting"),
        ("ready", "failed"),
        ("ready", "stopping"),
        ("failed", "starting"),
        ("failed", "ready"),
        ("failed", "stopping"),
    }
)


def allowed(before: HoldState, to: HoldState) -> bool:
    """Return whether a row may go from ``before`` to ``to``; staying where it is always may."""
    return before == to or (before, to) in MOVES
