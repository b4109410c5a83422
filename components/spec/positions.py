"""Where in a text each field stands. Used only once a fault exists, so that clean files cost nothing.

Paths are dotted, list items as ``[n]``; a dotted key and nested keys give the same path, as they are the same
key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from json import JSONDecodeError, loads
from math import isinf

import yaml

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')
NON_FINITE = frozenset({"NaN", "Infinity", "-Infinity"})

Position = tuple[int, int]
"""Line and column, both from 1."""


@dataclass(slots=True)
class Positions:
    """Of one text: the first place of each path, of repeated ones, and of numbers that are not finite."""

    of: dict[str, Position] = field(default_factory=dict)
    repeated: list[tuple[str, Position]] = field(default_factory=list)
    non_finite: list[tuple[str, Position]] = field(default_factory=list)


def join(path: str, key: str) -> str:
    """Return the path of ``key`` inside ``path``."""
    return f"{path}.{key}" if path else key


def json_positions(text: str) -> Positions:
    """Return where the fields of a JSON text stand; reads as far as the text makes sense."""
    reader = _JsonReader(text)
    for match in _TOKEN.finditer(text):
        reader.take(match.group(), match.start())
    return reader.found


@dataclass(slots=True)
class _Level:
    """One open object (``index`` is None) or list, and the path of what is read in it."""

    path: str
    index: int | None
    key: str | None = None
    keys: set[str] = field(default_factory=set)


class _JsonReader:
    """Walks the tokens of a JSON text with a stack of open objects and lists."""

    def __init__(self, text: str) -> None:
        self.found = Positions()
        self._stack: list[_Level] = []
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._line = 0

    def take(self, token: str, start: int) -> None:
        """Read one token; tokens come in the order of the text."""
        if token in "}]":
            if self._stack:
                self._stack.pop()
        elif token == ",":
            self._next()
        elif token != ":":
            self._value(token, start)

    def _next(self) -> None:
        if self._stack:
            level = self._stack[-1]
            level.key = None
            if level.index is not None:
                level.index += 1

    def _value(self, token: str, start: int) -> None:
        level = self._stack[-1] if self._stack else None
        if level is not None and level.index is None and level.key is None:
            self._key(level, token, start)
            return
        path = "" if level is None else _inside(level)
        if level is not None and level.index is not None:
            self.found.of.setdefault(path, self._at(start))
        if token in "{[":
            self._stack.append(_Level(path, 0 if token == "[" else None))
        elif _not_finite(token):
            self.found.non_finite.append((path, self._at(start)))

    def _key(self, level: _Level, token: str, start: int) -> None:
        level.key = _unquoted(token)
        at = self._at(start)
        path = _inside(level)
        if level.key in level.keys:
            self.found.repeated.append((path, at))
        level.keys.add(level.key)
        self.found.of.setdefault(path, at)

    def _at(self, start: int) -> Position:
        while self._line + 1 < len(self._line_starts) and self._line_starts[self._line + 1] <= start:
            self._line += 1
        return self._line + 1, start - self._line_starts[self._line] + 1


def _not_finite(token: str) -> bool:
    """Whether a token is no finite number: spelled so, or a literal that overflows, such as ``1e999``."""
    return token in NON_FINITE or ("e" in token.lower() and token[0] in "-0123456789" and isinf(float(token)))


def _inside(level: _Level) -> str:
    if level.index is not None:
        return f"{level.path}[{level.index}]"
    return join(level.path, level.key or "")


def _unquoted(token: str) -> str:
    try:
        value = loads(token)
    except JSONDecodeError:
        return token
    return value if isinstance(value, str) else token


def yaml_positions(text: str) -> Positions:
    """Return where the fields of a YAML text stand; empty where it cannot be read."""
    found = Positions()
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, RecursionError):
        return found
    if root is not None:
        _walk_yaml(root, found)
    return found


def _walk_yaml(root: yaml.Node, found: Positions) -> None:
    # A stack instead of recursion, and each node once: an anchor may name a node that contains it.
    waiting: list[tuple[yaml.Node, str]] = [(root, "")]
    seen: set[int] = set()
    while waiting:
        node, path = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                found.of.setdefault(f"{path}[{index}]", _mark(item))
                waiting.append((item, f"{path}[{index}]"))
        elif isinstance(node, yaml.MappingNode):
            waiting.extend(_mapping(node, path, found))


def _mapping(node: yaml.MappingNode, path: str, found: Positions) -> Iterator[tuple[yaml.Node, str]]:
    keys: set[str] = set()
    for key, value in node.value:
        inside = join(path, str(key.value))
        if str(key.value) in keys:
            found.repeated.append((inside, _mark(key)))
        keys.add(str(key.value))
        found.of.setdefault(inside, _mark(key))
        yield value, inside


def _mark(node: yaml.Node) -> Position:
    return node.start_mark.line + 1, node.start_mark.column + 1
