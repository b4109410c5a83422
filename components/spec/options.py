"""The placement options of a stack: one set for all its pools, since services are placed jointly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from components.spec.fault import SpecError
from components.spec.pool import Pool

OPTIONS = ("on_insufficient", "max_moves", "rebalance", "memory_only", "on_conflict")
"""What a pool file may say of placement; defaults in ``docs/architecture.md``. ``rebalance`` is its ``max_moves``."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An option that one pool says otherwise than the first one."""

    pool: Pool
    option: str
    message: str


def disagreements(pools: Sequence[Pool]) -> Iterator[Disagreement]:
    """Yield each option on which a pool differs from the first one."""
    for name in OPTIONS:
        for pool in pools[1:]:
            first, value = getattr(pools[0], name), getattr(pool, name)
            if value != first:
                said = f"pool {pool.name!r} says {name}: {value}, and pool {pools[0].name!r} says {first}."
                yield Disagreement(pool, name, said)


FIX = "Services are placed jointly on all pools of a stack: write the same in each, or use two stacks."


def placement_options(pools: Sequence[Pool]) -> dict[str, Any]:
    """Return the options that the pools agree on; raises :class:`SpecError` naming each that they do not."""
    faults = [
        found.pool.fault(
            "options-agree", "invalid", found.option, getattr(found.pool, found.option), found.message, FIX
        )
        for found in disagreements(pools)
    ]
    if faults:
        raise SpecError(faults)
    said = {name: getattr(pools[0], name) for name in OPTIONS} if pools else {}
    # Not asked for is left out, so that what stacks recorded before there was such an option stays as it is.
    return {name: value for name, value in said.items() if name != "rebalance" or value}
