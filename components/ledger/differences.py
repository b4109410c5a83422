"""What changed between two declarations of a pool or a node, in words for the history."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_SHOWN = 5


def pool_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return ``runtime local -> simulated``, ``nodes +gpu-c -gpu-a ~gpu-b``…; nothing where both say the same.

    Both have columns of the ``pool`` table; those of ``after`` count. What changed of a node a plan tells that takes it up.
    """
    after = json.loads(json.dumps(dict(after)))
    said = [
        f"{name} {before[name]} -> {after[name]}"
        for name in ("owner", "resource", "runtime")
        if name in after and before[name] != after[name]
    ]
    said += [
        f"{name} ({', '.join(_keys(before[name], after[name]))})"
        for name in ("settings", "quotas")
        if name in after and before[name] != after[name]
    ]
    if "declared" in after and before["declared"] != after["declared"]:
        said.append(
            "nodes "
            + _members(*({node["name"]: node for node in side["declared"]} for side in (before, after)))
        )
    return said


def node_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return ``memory_mib 1024 -> 2048, cards +3``: fields with both values, cards by their index."""
    after = json.loads(json.dumps(dict(after)))
    said = [
        f"{name} {before.get(name)} -> {after.get(name)}"
        for name in sorted({*before, *after} - {"cards"})
        if before.get(name) != after.get(name)
    ]
    sides = [{str(card["index"]): card for card in side.get("cards", ())} for side in (before, after)]
    if sides[0] != sides[1]:
        said.append("cards " + _members(*sides))
    return ", ".join(said)


def _keys(before: Any, after: Any) -> list[str]:
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return ["now none" if after is None else "all"]
    return sorted(key for key in {*before, *after} if before.get(key) != after.get(key))


def _members(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return ``+new -gone ~other``, the first few of each."""
    groups = (
        ("+", sorted(after.keys() - before.keys())),
        ("-", sorted(before.keys() - after.keys())),
        ("~", sorted(name for name in before.keys() & after.keys() if before[name] != after[name])),
    )
    words = []
    for mark, names in groups:
        words += [f"{mark}{name}" for name in names[:_SHOWN]]
        words += [f"and {mark}{len(names) - _SHOWN} more"] if len(names) > _SHOWN else []
    return " ".join(words)
