"""Parameters of a rule: what its user sets beside its level, validated and documented from one model each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from components.spec.whole import whole


class Parameters(BaseModel):
    """Base of every rule's parameters. Each field has a description, which the schema and ``docs/rules.md`` show."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """Read what stands in the configuration (whole floats as whole numbers).

        Raises ValueError with one sentence per wrong parameter.
        """
        try:
            return cls.model_validate(whole(data))
        except ValidationError as error:
            raise ValueError("; ".join(_said(found) for found in error.errors())) from None

    @classmethod
    def properties(cls) -> dict[str, Any]:
        """Return the JSON schema of each parameter."""
        schema = cls.model_json_schema()
        return {
            name: _spelled_out(each, schema.get("$defs", {}))
            for name, each in schema.get("properties", {}).items()
        }


def _spelled_out(schema: Any, shared: Mapping[str, Any]) -> Any:
    """Return a schema without references, as each parameter stands alone, and without titles that repeat its name."""
    if isinstance(schema, list):
        return [_spelled_out(each, shared) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if name := schema.get("$ref"):
        return _spelled_out(shared[name.rpartition("/")[2]], shared)
    return {
        key: _spelled_out(value, shared)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
    }


def _said(found: Any) -> str:
    where = ".".join(str(part) for part in found["loc"])
    if found["type"] == "extra_forbidden":
        return f"{where} is no parameter of it"
    text = str(found["msg"]).removeprefix("Value error, ")
    return f"{where}: {text}" if where else text
