"""JSON Schemas of the files that people write, so that an editor completes and underlines them.

``python -m components.rules.schemas`` writes ``docs/schema``; a test compares. Made from the models that read the files,
so that both know the same fields and types. What the rules add (docs/rules.md) is for `eas check`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from components.rules.configured import schema as policy_properties
from components.rules.table import RULES
from components.spec.keys import EXACT
from components.spec.pool_file import PoolEntry
from components.spec.service import Service
from components.spec.waivers import Waiver

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FOLDER = Path("docs/schema")


def schemas() -> dict[str, dict[str, Any]]:
    """Return file kind -> its schema: ``service``, ``pool``, ``waivers``, ``policies``."""
    return {"service": _service(), "pool": _pool(), "waivers": _waivers(), "policies": _policies()}


def rendered(schema: Mapping[str, Any]) -> str:
    """Return a schema as its file holds it."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _service() -> dict[str, Any]:
    schema = _plain(Service.model_json_schema(by_alias=True))
    schema["properties"]["name"] = {"type": "string", "description": "as metadata.name"}
    return _headed("A service of EAS, as an eascmd JSON file", schema)


def _pool() -> dict[str, Any]:
    one = _plain(PoolEntry.model_json_schema(by_alias=True))
    shared = one.pop("$defs", {})
    pool = {"$ref": "#/$defs/PoolEntry"}
    several = {"type": "array", "items": pool}
    under = {"type": "object", "properties": {"pools": several}, "required": ["pools"]}
    whole = {
        "$defs": {**shared, "PoolEntry": {**one, "not": {"required": ["pools"]}}},
        "anyOf": [pool, several, under],
    }
    return _headed("One pool of nodes, or several", whole)


def _waivers() -> dict[str, Any]:
    return _headed("Waivers of rules", _plain(TypeAdapter(list[Waiver]).json_schema()))


def _policies() -> dict[str, Any]:
    level = {"type": "string", "enum": ["advisory", "mandatory", "disabled"]}
    rules = {"type": "object", "properties": {"enforcementLevel": level, **policy_properties(RULES)}}
    return _headed("Configuration of the policy pack", {"type": "object", "properties": {"eas-rules": rules}})


def _headed(title: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"$schema": DIALECT, "title": title, **{key: schema[key] for key in schema if key != "title"}}


def _plain(schema: Any) -> Any:
    """Return a schema as an editor is to have it.

    Without titles that repeat a field's name, without defaults, which editors would write out, and without null, which no
    file may hold: a field is left out instead.
    """
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("properties", "$defs"):
            made[key] = {name: _plain(each) for name, each in value.items()}
        elif key == "anyOf":
            kinds = [_plain(each) for each in value if each != {"type": "null"}]
            made |= kinds[0] if len(kinds) == 1 else {key: kinds}
        elif key in _BOUNDS:
            made |= {_BOUNDS[key]: value} if value != EXACT else {}
        elif key not in ("title", "default"):
            made[key] = _plain(value)
    return made


_BOUNDS = {"ge": "minimum", "le": "maximum", "minimum": "minimum", "maximum": "maximum"}
"""How pydantic says the bounds of a number that may be left out, and of one that is there."""


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, made in schemas().items():
        (FOLDER / f"{name}.schema.json").write_text(rendered(made), encoding="utf-8")
