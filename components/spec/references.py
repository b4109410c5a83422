"""Pools that another stack declares, and this one only names: in ``eas:references``, or ``reference: true`` in a pool file.

What they are stands in the ledger that both stacks use; who reads it there hands a :data:`Borrow` in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from components.spec.fault import Fault
from components.spec.pool import Pool, made_up_resource

REFERENCED = "pool-referenced"
"""The rule that such a pool is recorded."""
Borrow = Callable[[Pool], Pool | Fault]
"""Returns the pool with nodes, resource, runtime and settings as they are recorded, or why that cannot be."""


def with_references(
    pools: Sequence[Pool], references: Iterable[str], borrow: Borrow | None, faults: list[Fault]
) -> list[Pool]:
    """Return the pools with those that are only named, as they are recorded; what is not recorded is a fault and left out.

    Of a pool in a file that is another stack's, what is this stack's to say stays: aliases, options and ``local.run``.
    """
    others = dict.fromkeys(references)
    named = {pool.name for pool in pools}
    marked = [replace(pool, reference=True) if pool.name in others else pool for pool in pools]
    marked += [
        Pool(name=name, resource=made_up_resource(name), reference=True, source=f"eas:references ({name})")
        for name in others
        if name not in named
    ]
    if borrow is None:
        return marked
    made = []
    for pool in marked:
        found = borrow(pool) if pool.reference else pool
        if isinstance(found, Fault):
            faults.append(found)
        else:
            made.append(found)
    return made
