"""The placement options of a stack: one set for all its pools, since services are placed jointly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from components.spec.fault import Fault, SpecError
from components.spec.keys import EXACT
from components.spec.pool import Pool
from components.spec.shown import shown

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


def stack_max_moves(value: Any, source: str) -> int | None:
    """Return ``eas:max_moves`` of a stack's configuration, None where it says nothing; texts of digits count as numbers.

    Raises :class:`SpecError` naming ``source``, the file that it stands in. ``pulumi config set`` writes values as text.
    """
    if value is None:
        return None
    given = int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value) else value
    if type(given) is int and 0 <= given <= EXACT:
        return given
    message = f"eas:max_moves is {shown(value)}, not a whole number of instances, 0 or more."
    fix = "Write for example 2, or delete it: the pool files then say how many may move."
    raise SpecError([Fault("field-type", "invalid", source, "eas:max_moves", shown(value), message, fix)])


def placement_options(pools: Sequence[Pool], max_moves: int | None = None) -> dict[str, Any]:
    """Return the options that the pools agree on; raises :class:`SpecError` naming each that they do not.

    ``max_moves`` is what the stack says (:func:`stack_max_moves`) and counts before what the pools say.
    """
    faults = [
        found.pool.fault(
            "options-agree", "invalid", found.option, getattr(found.pool, found.option), found.message, FIX
        )
        for found in disagreements(pools)
    ]
    if faults:
        raise SpecError(faults)
    said = {name: getattr(pools[0], name) for name in OPTIONS} if pools else {}
    if max_moves is not None:
        said["max_moves"] = max_moves
    # Not asked for is left out, so that what stacks recorded before there was such an option stays as it is.
    return {name: value for name, value in said.items() if name != "rebalance" or value}
