"""How often Python looks for garbage in the two processes that Pulumi starts for us: seldom, for they soon end.

Both fill up with objects that live to the end (modules, a thousand resources), which the default looks through again and
again: a quarter of a program's CPU (``docs/decisions/0006-few-values-few-waits.md``).
"""

from __future__ import annotations

import gc

YOUNG = 50_000
"""So many new objects, instead of 700, until the young ones are looked at: some 10 MB."""


def collect_seldom() -> None:
    """Leave what is there by now alone for good, and look at what comes in larger portions; once for this process.

    Nothing where somebody has chosen a large portion, or no looking at all (0).
    """
    young, older, oldest = gc.get_threshold()
    if not 0 < young < YOUNG:
        return
    gc.freeze()
    gc.set_threshold(YOUNG, older, oldest)
