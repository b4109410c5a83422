"""The base of all typed blocks, and how their type errors become sentences.

Models are strict: text is never taken for a number, true never for 1. Unknown keys are kept (and reported),
because EAS learns new ones faster than this table does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, Strict, WithJsonSchema
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from components.spec.keys import EXACT
from components.spec.nearest import nearest
from components.spec.positions import join
from components.spec.shown import shown


class Block(BaseModel):
    """One JSON object of a file, frozen; the keys that the model does not know are in ``model_extra``."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, protected_namespaces=())


def _no_null(value: Any) -> Any:
    if value is None:
        raise PydanticCustomError("null", "null")
    return value


Whole = Annotated[int, Field(ge=0, le=EXACT)]
"""A whole number, 0 or more."""

MaybeWhole = Annotated[int | None, BeforeValidator(_no_null), Field(ge=0, le=EXACT)]
"""A whole number that may be left out (None), but not written as null."""

List = Strict(False)
"""Marks ``tuple[X, ...]`` fields: JSON has lists, frozen models hold tuples."""


def _share(value: Any) -> int | str:
    if type(value) is int and 0 <= value <= EXACT:
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{1,3}%", value) and int(value[:-1]) <= 100:
        return value
    raise PydanticCustomError("share", "share")


Share = Annotated[
    int | str,
    PlainValidator(_share),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^([0-9]{1,2}|100)%$"}]}
    ),
]
"""A whole number, or a percentage such as ``"2%"``."""


def _size(value: Any) -> int | str:
    if type(value) is int and 0 <= value <= EXACT:
        return value
    if isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)?(Ki|Mi|Gi|Ti|K|M|G|T)?", value):
        return value
    raise PydanticCustomError("size", "size")


Size = Annotated[
    int | str,
    PlainValidator(_size),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|K|M|G|T)?$"},
            ]
        }
    ),
]
"""A whole number of GiB, or a quantity such as ``"30Gi"``."""


def _words(value: Any) -> str | tuple[str, ...]:
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)) and all(isinstance(word, str) for word in value):
        return tuple(value)
    raise PydanticCustomError("words", "words")


Words = Annotated[
    str | tuple[str, ...],
    PlainValidator(_words),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
"""A command: one text for the shell, or a list of words."""


@dataclass(frozen=True, slots=True)
class TypeFault:
    """One field of the wrong type: the rule it breaks, where, what stands there, and the sentence."""

    rule: str
    field: str
    value: Any
    message: str
    fix: str


def path_of(loc: tuple[int | str, ...]) -> str:
    """Return a pydantic location as a dotted path."""
    path = ""
    for part in loc:
        path = f"{path}[{part}]" if isinstance(part, int) else join(path, part)
    return path


def explain(model: type[Block], error: ErrorDetails) -> TypeFault:
    """Return the sentence for one pydantic error of ``model``."""
    path = path_of(error["loc"])
    value = error["input"]
    unit = unit_at(model, error["loc"])
    kind = error["type"]
    if kind in _NUMBER:
        return _not_whole(path, value, unit)
    if kind in ("greater_than_equal", "less_than_equal"):
        return _out_of_range(path, value, unit, error)
    if kind == "literal_error":
        return _not_listed(path, value, error)
    if kind == "missing":
        return TypeFault("field-missing", path, None, f"{path} is missing.", "Write it.")
    return _wrong_type(path, value, kind)


_NUMBER = frozenset({"int_type", "int_from_float", "int_parsing", "int_parsing_size"})

_EXPECTED = {
    "string_type": ("text", "Write text in double quotes."),
    "bool_type": ("true or false", "Write true or false, without quotes."),
    "tuple_type": ("a list", "Write a list: [ ... ]."),
    "list_type": ("a list", "Write a list: [ ... ]."),
    "model_type": ("an object", "Write an object: { ... }."),
    "dict_type": ("an object", "Write an object: { ... }."),
    "mapping_type": ("an object", "Write an object: { ... }."),
    "float_type": ("a number", "Write a number, without quotes."),
    "share": (
        'a whole number or a percentage such as "2%"',
        'Write a number, or a percentage in quotes: "2%".',
    ),
    "size": ('a whole number of GiB or a quantity such as "30Gi"', 'Write "30Gi" for 30 GiB.'),
    "words": ("text or a list of texts", 'Write one text, or a list such as ["python", "app.py"].'),
    "null": ("a value", "Leave the field out to have EAS's default."),
}


def _wrong_type(path: str, value: Any, kind: str) -> TypeFault:
    expected, fix = _EXPECTED.get(kind, ("of another type", "docs/rules.md has its type."))
    if value is None:
        fix = "Leave the field out to have the default."
    return TypeFault("field-type", path, value, f"{path} is {shown(value, path)}, not {expected}.", fix)


def _not_whole(path: str, value: Any, unit: str) -> TypeFault:
    message = f"{path} is {shown(value, path)}; it is a whole number{f' of {unit}' if unit else ''}."
    return TypeFault("whole-number", path, value, message, _number_fix(value, unit))


_WITH_UNIT = re.compile(r"\s*(\d+(?:\.0+)?)\s*([A-Za-z%]*)\s*")


def _number_fix(value: Any, unit: str) -> str:
    if isinstance(value, bool):
        return "Write a number, not true or false."
    if isinstance(value, float) and -1 < value < EXACT:
        return f"Write {int(value)} or {int(value) + 1}."
    if isinstance(value, str) and (match := _WITH_UNIT.fullmatch(value)):
        number, suffix = int(float(match[1])), match[2]
        said = f" (the field counts {unit})" if suffix and unit else ""
        return f"Write {number} without quotes{' or unit' if suffix else ''}{said}."
    return "Write a whole number, or leave the field out."


def _out_of_range(path: str, value: Any, unit: str, error: ErrorDetails) -> TypeFault:
    is_now = f"{path} is {shown(value, path)}"
    if path.endswith("gpu_core_percentage"):
        message = f"{is_now}; a share of one card's compute is 1 to 100 percent."
        fix = "Write 1 to 100, or leave the field out to ask for no share."
        return TypeFault("percentage-1-100", path, value, message, fix)
    limits = error.get("ctx", {})
    counted = f" (counted in {unit})" if unit else ""
    if "ge" in limits:
        message, fix = (
            f"{is_now}; it cannot be below {limits['ge']}.",
            f"Write {limits['ge']} or more{counted}.",
        )
    elif limits.get("le") == EXACT:
        message, fix = f"{is_now}; nothing in EAS counts that far.", f"Write a smaller number{counted}."
    else:
        message, fix = (
            f"{is_now}; it cannot be above {limits['le']}.",
            f"Write {limits['le']} or less{counted}.",
        )
    return TypeFault("in-range", path, value, message, fix)


def _not_listed(path: str, value: Any, error: ErrorDetails) -> TypeFault:
    expected = str(error.get("ctx", {}).get("expected", ""))
    known = re.findall(r"'([^']*)'", expected)
    near = nearest(value, known, 1) if isinstance(value, str) else []
    message = f"{path} is {shown(value, path)}; it is one of {', '.join(repr(name) for name in known)}."
    return TypeFault(
        "known-value", path, value, message, f"Write {near[0]!r}." if near else "Write one of these."
    )


def unit_at(model: type[Block], loc: tuple[int | str, ...]) -> str:
    """Return the unit of the field at ``loc``, as its description says after ``unit: ``, else empty."""
    info = _field_at(model, loc)
    description = (info.description if info else None) or ""
    return description.partition("unit: ")[2]


def _field_at(model: type[Block], loc: tuple[int | str, ...]) -> FieldInfo | None:
    info: FieldInfo | None = None
    inner: Inner | None = Inner(model)
    for part in loc:
        if isinstance(part, int):
            continue
        if inner is None:
            return None
        if inner.by_name:
            inner = Inner(inner.block)
            continue
        info = fields_of(inner.block).get(part)
        inner = inner_of(info) if info else None
    return info


def fields_of(model: type[Block]) -> dict[str, FieldInfo]:
    """Return the fields of a block by the name they have in the file."""
    cached = _FIELDS.get(model)
    if cached is None:
        cached = {info.alias or name: info for name, info in model.model_fields.items()}
        _FIELDS[model] = cached
    return cached


_FIELDS: dict[type[Block], dict[str, FieldInfo]] = {}


@dataclass(frozen=True, slots=True)
class Inner:
    """The block that a field holds, alone or in a list; ``by_name``: in an object with keys of the user."""

    block: type[Block]
    by_name: bool = False


def inner_of(info: FieldInfo) -> Inner | None:
    """Return the block that a field holds; None where it holds plain values."""
    waiting: list[tuple[Any, bool]] = [(info.annotation, False)]
    while waiting:
        kind, by_name = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, Block):
            return Inner(kind, by_name)
        arguments = cast("tuple[Any, ...]", getattr(kind, "__args__", ()))
        waiting.extend(
            (argument, by_name or getattr(kind, "__origin__", None) is dict) for argument in arguments
        )
    return None


def unknown_keys(
    model: type[Block], data: Any, path: str = ""
) -> Iterator[tuple[str, str, Any, type[Block]]]:
    """Yield (path, key, value, block) of each key of canonical ``data`` that no model knows, at any depth."""
    if isinstance(data, list):
        for index, item in enumerate(data):
            yield from unknown_keys(model, item, f"{path}[{index}]")
    elif isinstance(data, dict):
        known = _inner_of(model)
        for key, value in data.items():
            if key not in known:
                yield path, key, value, model
            elif (inner := known[key]) is not None:
                yield from _unknown_inside(inner, value, join(path, key))


def _unknown_inside(inner: Inner, data: Any, path: str) -> Iterator[tuple[str, str, Any, type[Block]]]:
    if not inner.by_name:
        yield from unknown_keys(inner.block, data, path)
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from unknown_keys(inner.block, value, join(path, key))


def _inner_of(model: type[Block]) -> dict[str, Inner | None]:
    cached = _INNER.get(model)
    if cached is None:
        cached = {key: inner_of(info) for key, info in fields_of(model).items()}
        _INNER[model] = cached
    return cached


_INNER: dict[type[Block], dict[str, Inner | None]] = {}
