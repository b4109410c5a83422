"""Reading one JSON or YAML file into plain data, with the place of every field at hand for messages."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import yaml

from components.spec.fault import Fault, SpecError
from components.spec.positions import Position, Positions, json_positions, yaml_positions

YAML_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class Document:
    """One file as read: plain data, and where its fields stand.

    ``source`` is the file as the user named it. ``faults`` are those that do not keep the file from being
    read: keys that are written twice.
    """

    source: str
    data: Any
    text: str = field(default="", repr=False)
    kind: Literal["json", "yaml"] = "json"
    faults: tuple[Fault, ...] = ()

    @cached_property
    def positions(self) -> Positions:
        """The places of all fields; worked out when first asked for."""
        return json_positions(self.text) if self.kind == "json" else yaml_positions(self.text)

    def locate(self, dotted_field: str) -> Position | tuple[None, None]:
        """Return line and column (from 1) of a field, or of the nearest block around it that is there."""
        path = dotted_field
        while path:
            if (at := self.positions.of.get(path)) is not None:
                return at
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return None, None


def read_document(path: Path, source: str | None = None) -> Document:
    """Read one file, by its suffix as YAML (``.yaml``, ``.yml``) or else as JSON.

    Raises :class:`SpecError` with the one fault that keeps it from being read.
    """
    name = source if source is not None else str(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _unreadable(
            name, f"cannot be read: {reason}.", "Check the name and its permissions."
        ) from error
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 text (byte {error.start})."
        raise _unreadable(name, message, "Save the file as UTF-8.") from error
    return parse_document(text, name)


def parse_document(text: str, source: str) -> Document:
    """Read a text as the file ``source``; as :func:`read_document` without touching the disk."""
    try:
        if source.lower().endswith(YAML_SUFFIXES):
            return _yaml(text, source)
        return _json(text, source)
    except RecursionError as error:
        raise _unreadable(source, "is nested too deeply.", "Write it flatter.") from error


def _unreadable(
    source: str, message: str, fix: str, at: Position | tuple[None, None] = (None, None)
) -> SpecError:
    return SpecError([Fault("readable", "invalid", source, "", "", f"the file {message}", fix, *at)])


class _NotFinite(ValueError):
    """A number that JSON does not know, or that is too large to be one."""


def _not_finite(token: str) -> Any:
    raise _NotFinite(token)


def _finite(token: str) -> float:
    value = float(token)
    if not math.isfinite(value):
        raise _NotFinite(token)
    return value


def _json(text: str, source: str) -> Document:
    repeated = False

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeated
        made = dict(items)
        repeated = repeated or len(made) != len(items)
        return made

    try:
        data = json.loads(text, object_pairs_hook=pairs, parse_constant=_not_finite, parse_float=_finite)
    except json.JSONDecodeError as error:
        message = f"is not JSON: {_lowered(error.msg)} in line {error.lineno}, column {error.colno}."
        fix = (
            "An empty file declares nothing: delete it or write a service." if not text.strip() else _JSON_FIX
        )
        raise _unreadable(source, message, fix, (error.lineno, error.colno)) from error
    except _NotFinite as error:
        raise _bad_number(text, source, str(error)) from error
    except ValueError as error:
        # Python refuses to read integers of more than 4,300 digits.
        raise _unreadable(
            source, f"holds a number that is too long: {error}.", "Write a smaller number."
        ) from error
    document = Document(source, data, text, "json")
    return _with_repeated(document) if repeated else document


_JSON_FIX = "Mend the syntax there or just before."


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]


def _bad_number(text: str, source: str, token: str) -> SpecError:
    found = json_positions(text).non_finite
    field_name, at = found[0] if found else ("", (None, None))
    where = f"{field_name} is {token}" if field_name else f"a number is {token}"
    message = f"{where}, which is not a number that JSON or EAS knows."
    return SpecError(
        [Fault("finite-number", "invalid", source, field_name, token, message, "Write a number.", *at)]
    )


class _Loader(yaml.CSafeLoader):
    """YAML as it is meant in pool files: dates stay text, and only plain data can be built."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def _yaml(text: str, source: str) -> Document:
    try:
        # The loader can build plain data only: it derives from the safe one.
        data = yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at: Position | tuple[None, None] = (mark.line + 1, mark.column + 1) if mark else (None, None)
        where = f" in line {at[0]}, column {at[1]}" if mark else ""
        message = f"is not YAML: {error.problem or error.context or 'broken syntax'}{where}."
        raise _unreadable(source, message, "Mend the syntax there or just before.", at) from error
    except (yaml.YAMLError, ValueError) as error:
        message = f"is not YAML: {str(error).splitlines()[0] if str(error) else 'broken syntax'}."
        raise _unreadable(source, message, "Mend the syntax.") from error
    return _with_repeated(Document(source, data, text, "yaml"))


def _with_repeated(document: Document) -> Document:
    repeated = document.positions.repeated
    if not repeated:
        return document
    faults = tuple(
        Fault(
            "key-once",
            "invalid",
            document.source,
            name,
            "",
            f"{name} is written twice; only one of the two would count.",
            "Delete one of them.",
            *at,
        )
        for name, at in repeated
    )
    return Document(document.source, document.data, document.text, document.kind, faults)
