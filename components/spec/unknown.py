"""Keys that no table knows: kept, and reported with what was perhaps meant.

Three rules, because they mean three things: a near miss of a known key is a field that EAS would ignore;
snake_case in the autoscaler is one that it is known to ignore; anything else may be newer than this project.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from components.spec.autoscaler import Autoscaler
from components.spec.claim import EVICTABLE_LABEL
from components.spec.fault import Level
from components.spec.metadata import Metadata
from components.spec.nearest import nearest
from components.spec.positions import join
from components.spec.secret import HIDDEN, names_secret
from components.spec.typed import Block, TypeFault, fields_of, inner_of


@dataclass(frozen=True, slots=True)
class Unknown:
    """One unknown key as a fault, and how much it matters."""

    fault: TypeFault
    level: Level


def unknown_fault(path: str, key: str, block: type[Block], value: Any = None) -> Unknown:
    """Return the fault for ``key`` in the block at ``path``."""
    field = join(path, key)
    where = f"in {path}" if path else "at the top level"
    camel = re.sub(r"_+([a-zA-Z0-9])", lambda match: match[1].upper(), key)
    if block in _AUTOSCALER and camel != key and camel in fields_of(block):
        message = f"{field} is written in snake_case; EAS silently ignores it."
        return Unknown(
            TypeFault("autoscaler-camel-case", field, value, message, f"Write {camel!r}."), "ineffective"
        )
    if elsewhere := _ELSEWHERE.get(key) if path == "" else None:
        message = f"{field} stands at the top level, where EAS does not read it."
        return Unknown(
            TypeFault("misspelt-key", field, value, message, f"Move it to {elsewhere}."), "ineffective"
        )
    if key == "evictable":
        message = f"{field} is no field of EAS's; whether others may move a service is said by a label."
        fix = f'Write labels: {{"{EVICTABLE_LABEL}": "false"}}.'
        return Unknown(TypeFault("misspelt-key", field, value, message, fix), "ineffective")
    if near := nearest(key, fields_of(block), 2):
        names = " or ".join(repr(name) for name in near)
        value = HIDDEN if any(names_secret(name) for name in near) else value
        message = f"{field} is not a field that EAS documents {where}; it would silently have no effect."
        return Unknown(
            TypeFault("misspelt-key", field, value, message, f"Did you mean {names}?"), "ineffective"
        )
    message = f"{field} is not a field that this project knows {where}; it is kept as it stands."
    return Unknown(
        TypeFault("unknown-key", field, value, message, "Check its spelling in EAS's own documentation."),
        "notice",
    )


def _blocks_below(block: type[Block]) -> set[type[Block]]:
    found = {block}
    for info in fields_of(block).values():
        if (inner := inner_of(info)) is not None and inner.block not in found:
            found |= _blocks_below(inner.block)
    return found


_AUTOSCALER = frozenset(_blocks_below(Autoscaler))


_ELSEWHERE = {key: f"metadata.{key}" for key in fields_of(Metadata) if key not in ("name", "runtime")}
