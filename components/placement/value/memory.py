"""Bundles of lists as memory that compiled kernels read: arrays of 64-bit numbers, and words that say where they are.

A bundle's words stand in the order of its fields: of an array its address and how long it is, of rows also how wide, of a
number the number itself, of a bundle the address of its words. ``compile.py`` reads them in the same order.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import cache
from itertools import chain
from struct import pack, unpack
from typing import Any, get_type_hints

from components.placement.value.shape import FloatRows, Floats, Ints, Rows


class Span:
    """Numbers in memory that are handed to a kernel alone."""

    __slots__ = ("_as_parameter_", "_words", "numbers")

    def __init__(self, numbers: array[int] | array[float]) -> None:
        """They must not grow from now on."""
        self.numbers = numbers
        self._words = array("q", numbers.buffer_info())
        self._as_parameter_ = self._words.buffer_info()[0]


class Table:
    """Rows of one length, one after the other in memory; reading a row copies it."""

    __slots__ = ("numbers", "width")

    def __init__(self, numbers: array[Any], width: int) -> None:
        """``numbers``: those of the first row, of the second …"""
        self.numbers = numbers
        self.width = width

    @classmethod
    def of(cls, code: str, rows: Sequence[Sequence[Any]]) -> Table:
        """Lay rows down; ``code`` as in ``array``."""
        return cls(array(code, chain.from_iterable(rows)), len(rows[0]) if rows else 0)

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.numbers) // self.width if self.width else 0

    def __getitem__(self, row: int) -> array[Any]:
        """Return a copy of a row."""
        if not 0 <= row < len(self):
            raise IndexError(row)
        return self.numbers[row * self.width : (row + 1) * self.width]


def laid(bundle: Any) -> Any:
    """Return the bundle with memory in place of its lists, as something that ctypes hands on as the address of its words.

    What is memory already is taken as it is.
    """
    bundle_type: Any = type(bundle)
    parts: list[Any] = []
    words = array("q")
    for kind, given in zip(_kinds(bundle_type), bundle, strict=True):
        part = given
        if kind is int:
            words.append(given)
        elif kind is float:
            words.extend(unpack("q", pack("d", given)))
        elif kind in (Ints, Floats):
            part = given if isinstance(given, array) else array("q" if kind == Ints else "d", given)
            words.extend(part.buffer_info())
        elif kind in (Rows, FloatRows):
            part = given if isinstance(given, Table) else Table.of("q" if kind == Rows else "d", given)
            words.extend((part.numbers.buffer_info()[0], len(part), part.width))
        else:
            part = laid(given)
            words.append(part._as_parameter_)
        parts.append(part)
    found = _laid_type(bundle_type)._make(parts)
    found.words = words
    found._as_parameter_ = words.buffer_info()[0]
    return found


@cache
def _laid_type(kind: Any) -> Any:
    """Return the same type with room for its words."""
    return type(f"Laid{kind.__name__}", (kind,), {})


@cache
def _kinds(kind: Any) -> tuple[Any, ...]:
    """Return what each field of a bundle is."""
    hints = get_type_hints(kind)
    return tuple(hints[name] for name in kind._fields)
