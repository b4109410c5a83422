"""One canonical form of a document: dotted and nested keys are the same key, whole numbers are integers.

``"rpc.keepalive": 1`` and ``"rpc": {"keepalive": 1}`` become the latter. ``20.0`` becomes ``20``: JSON has
one kind of number, and Pulumi hands every whole one on as it likes. Keys are sorted, so that the order of a
file says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from components.spec.positions import join

EXACT = 2**53
"""Up to here a whole number survives as a JSON number in every program (IEEE 754 doubles)."""

_DEEPEST = 60
_LARGEST = 200_000

_FREE = frozenset({"labels", "features", "model_config", "annotations"})
"""Blocks whose keys are the user's own; dots in them mean nothing."""

LITERAL = {"eas": frozenset({"termination_grace_period"})}
"""Keys of ``metadata`` that EAS documents in their dotted spelling only; written out again as documented."""


class NotPlain(ValueError):
    """The data holds something that no JSON file can hold; ``path`` says where, ``fix`` what to do."""

    def __init__(self, path: str, message: str, fix: str) -> None:
        """Keep the place and the sentence."""
        super().__init__(message)
        self.path = path
        self.fix = fix


@dataclass(slots=True)
class Canonical:
    """A canonical document, and the keys that were written both dotted and nested, with different values."""

    data: Any
    clashes: list[str] = field(default_factory=list)


def canonical(data: Any) -> Canonical:
    """Return the canonical form of plain data; raises :class:`NotPlain` where it is not plain."""
    made = Canonical(None)
    made.data = _Reader(made.clashes).value(data, "", 0, free=False)
    return made


def plain(data: Any) -> Any:
    """Return plain data: whole numbers as integers, keys as they stand. For files whose dots say nothing."""
    return _Reader([]).value(data, "", 0, free=True)


class _Reader:
    def __init__(self, clashes: list[str]) -> None:
        self._clashes = clashes
        self._left = _LARGEST

    def value(self, data: Any, path: str, depth: int, *, free: bool) -> Any:
        kind = type(data)
        if kind is int or kind is bool or data is None:
            return data
        if kind is str:
            return _text(data, path)
        self._left -= 1
        if depth > _DEEPEST or self._left < 0:
            raise NotPlain(path, "is too large or nested too deeply.", "Write it smaller and flatter.")
        if kind is float:
            return _number(data, path)
        if isinstance(data, Mapping):
            return self._mapping(data, path, depth, free=free)
        if isinstance(data, (list, tuple)):
            return [self.value(item, f"{path}[{i}]", depth + 1, free=free) for i, item in enumerate(data)]
        raise NotPlain(
            path, f"is of type {kind.__name__}, which JSON cannot hold.", "Write text or a number."
        )

    def _mapping(self, data: Mapping[Any, Any], path: str, depth: int, *, free: bool) -> dict[str, Any]:
        made: dict[str, Any] = {}
        dotted = False
        # Sorted: of two spellings of one key the same one is met first in whatever order the file has them.
        for key in sorted(data, key=str):
            if type(key) is not str:
                raise NotPlain(path, f"has the key {key!r}, which is not text.", "Put the key in quotes.")
            _text(key, path)
            inside = join(path, key)
            parts = [key] if free or "." not in key else _parts(key)
            value = self.value(data[key], inside, depth + 1, free=free or parts[-1] in _FREE)
            dotted = dotted or len(parts) > 1
            self._put_dotted(made, parts, value, inside)
        return _sorted(made) if dotted else made

    def _put(self, made: dict[str, Any], key: str, value: Any, path: str) -> None:
        if key not in made:
            made[key] = value
        elif isinstance(made[key], dict) and isinstance(value, dict):
            for inner, item in value.items():
                self._put(made[key], inner, item, join(path, inner))
        elif made[key] != value or type(made[key]) is not type(value):
            self._clashes.append(path)

    def _put_dotted(self, made: dict[str, Any], parts: list[str], value: Any, path: str) -> None:
        for part in reversed(parts[1:]):
            value = {part: value}
        below = ".".join(parts[1:])
        self._put(made, parts[0], value, path.removesuffix(f".{below}") if below else path)


def _parts(key: str) -> list[str]:
    """Split a dotted key; ``eas.aliyun.com/gpu``, ``.x`` and all below ``labels`` are names as they stand."""
    parts = key.split(".")
    if "/" in key and not _FREE & set(parts):
        return [key]
    if not all(parts):
        return [key]
    for index, part in enumerate(parts[:-1]):
        if part in _FREE:
            return [*parts[: index + 1], ".".join(parts[index + 1 :])]
    return parts


def _sorted(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _sorted(data[key]) for key in sorted(data)}
    return data


def _text(value: str, path: str) -> str:
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise NotPlain(path, "holds half of a character (a lone surrogate).", "Write whole characters.")
    return value


def _number(value: float, path: str) -> int | float:
    if not math.isfinite(value):
        raise NotPlain(path, f"is {value}, which is not a number that JSON or EAS knows.", "Write a number.")
    return int(value) if value.is_integer() and abs(value) <= EXACT else value


def written(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``metadata`` with the keys of :data:`LITERAL` dotted again, as EAS documents them."""
    made = dict(metadata)
    for outer, inner_keys in LITERAL.items():
        block = made.get(outer)
        if not isinstance(block, dict):
            continue
        rest = dict(block)
        for inner in sorted(inner_keys & block.keys()):
            made[f"{outer}.{inner}"] = rest.pop(inner)
        if rest:
            made[outer] = rest
        else:
            del made[outer]
    return dict(sorted(made.items()))
