"""``docs/rules.md``, written from the rule table and the field tables, so that it cannot say something else.

``python -m components.rules.document > docs/rules.md``; a test compares the two.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from components.rules.rule import Rule, Subject
from components.rules.table import RULES
from components.spec.keys import EXACT
from components.spec.pool_file import PoolEntry
from components.spec.positions import join
from components.spec.service import Service
from components.spec.typed import Block, fields_of, inner_of

_HEAD = """\
# Rules and fields

Written by `python -m components.rules.document`; do not edit by hand.

`pulumi preview`, `eas check` and the policy pack judge by the same rules and say the same words. Levels:

* **invalid**: refused before anything is registered, whatever the pack says.
* **ineffective**: EAS would silently ignore it. A warning in `up`, a violation with the pack.
* **notice**: worth a line, never a reason to stop.

The column *pack* is what the policy pack does by default: `mandatory` stops the preview, `advisory` reports, `off` says
nothing. Each rule is set by ordinary policy configuration, to a level, or to an object with its level and parameters:

```sh
pulumi preview --policy-pack policies --policy-pack-config policies.json
```
```json
{
  "eas-rules": {
    "enforcementLevel": "mandatory",
    "slice-percentage-needs-memory": "advisory",
    "limit-per-process": "mandatory",
    "headroom-at-least": { "level": "mandatory", "cards": 2 },
    "instances-apart": { "level": "advisory", "on": "zone" }
  }
}
```

A rule or a parameter that does not exist stops the preview as `configuration`, and so does a wrong waiver.

**Waivers** excuse one service (or pool) from one rule until a day, with a reason. They stand in `waivers.yaml` beside the
pack's folder, or in the file that `"waivers"` of the configuration names, from there:

```yaml
- rule: whole-card-ignores-slice
  service: llm
  until: 2027-03-31 # the last day; from the next on the waiver itself is a violation, waiver-expired
  reason: becomes two slices with the next release
```

What a preview cannot know yet (an output of another resource in a spec) is reported as `known-at-preview`, advisory by
default, and judged in the update.
"""

_ABOUT: dict[Subject, str] = {
    "reading": "Single fields, files, names across files. Found while reading: nothing that breaks an invalid one goes on.",
    "slicing": "What the GPU slicing page says of `gpu`, `gpu_memory` and `gpu_core_percentage`, and what follows.",
    "metadata": "Names, the update strategy, other metadata.",
    "containers": "What an instance runs.",
    "autoscaler": "Scaling.",
    "pool fit": "Whether the pool, when empty, can hold an instance. What is taken is for placement to judge.",
    "pools": "One pool file.",
    "project": "All pools and services of one stack together. Judged by `eas check` and `up`; the pack sees one resource.",
    "limits": "What a team sets for its slices. Judged by the pack alone, where it is configured to.",
    "outcome": "What a plan would do. Judged by the pack alone, on the checked inputs of `Placement`.",
}

_SERVICE = """\
## Fields of a service file

An ordinary eascmd JSON file. Dotted and nested keys are the same key. Unknown keys are kept, handed on and reported. A
field that is left out has EAS's default; `null` is refused. `name` may stand at the top level or in `metadata`; without
one it is the file's name with `-` and `.` as `_`. `instance` is 1 without one.

A label `eas-slices/card-model: "A10,L20"` allows those card models only; `eas-slices/tolerates-downtime: "true"` lets a
plan stop the service's instances before their replacements are ready; `eas-slices/evictable: "false"` leaves them where they
are when others drain their node ([sharing.md](sharing.md)). `eas-slices/secret: "MODE,REGION"` lists keys and
environment variables that are secret, and `eas-slices/not-secret: "CACHE_KEY"` those that are not, whatever they look like
([security.md](security.md)). EAS itself gives these labels no meaning.

A stack can choose its files and change fields of a service, so that dev and prod share files (`Pulumi.STACK.yaml`):

```yaml
config:
  eas:pools: [pool.yaml]
  eas:services: services
  eas:overrides:
    llm: { image: "registry.example.com/llm/chat:1.5", instance: 1, resource: gpus, metadata.gpu_memory: 40 }
```
"""

_POOL = """\
## Fields of a pool file

One pool, a list of pools, or `pools:` with a list. A node needs no more than an `instance_type` of the catalogue
(`components/spec/data/catalogue.yaml`); what stands in the file counts before the catalogue. Card capacity is what is
reported (`memory_mib`), else what is usable, else nominal. One core of each node is kept for the system.
"""


def document() -> str:
    """Return the whole of ``docs/rules.md``."""
    parts = [_HEAD]
    for subject, about in _ABOUT.items():
        rules = [rule for rule in RULES if rule.subject == subject]
        parts.append(f"## {subject.capitalize()}\n\n{about}\n\n{_rules(rules)}{_parameters(rules)}")
    parts.append(f"{_SERVICE}\n{_fields(Service)}")
    parts.append(f"{_POOL}\n{_fields(PoolEntry)}")
    return "\n".join(parts)


def _rules(rules: list[Rule[Any]]) -> str:
    rows = [
        f"| `{rule.id}` | {rule.level} | {rule.enforcement} | {_cell(rule.statement)} | {_cell(rule.fix)} |"
        for rule in rules
    ]
    return "\n".join(
        ["| rule | level | pack | what holds | what to do |", "|---|---|---|---|---|", *rows, ""]
    )


def _parameters(rules: list[Rule[Any]]) -> str:
    """Return the table of what can be set beside the level; empty where no rule has anything."""
    rows = [
        f"| `{rule.id}` | `{name}` | {_kind(info)} | {_default(info)} | {_cell(info.description or '')} |"
        for rule in rules
        if rule.parameters is not None
        for name, info in rule.parameters.model_fields.items()
    ]
    if not rows:
        return ""
    head = ["| rule | parameter | type | default | meaning |", "|---|---|---|---|---|"]
    return "\n".join(["\nParameters:\n", *head, *rows, ""])


def _default(info: FieldInfo) -> str:
    """Return a parameter's default as JSON; nothing where it has to be given or means no limit."""
    value = info.get_default(call_default_factory=True)
    return "" if info.is_required() or value is None else f"`{json.dumps(value)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _fields(model: type[Block]) -> str:
    rows = [f"| `{path}` | {kind} | {_cell(about)} |" for path, kind, about in sorted(_rows(model, ""))]
    return "\n".join(["| field | type | meaning |", "|---|---|---|", *rows, ""])


def _rows(model: type[Block], path: str) -> Iterator[tuple[str, str, str]]:
    for name, info in fields_of(model).items():
        inside = join(path, name)
        inner = inner_of(info)
        if inner is None:
            yield inside, _kind(info), _about(info)
        elif inner.by_name:
            yield from _rows(inner.block, f"{inside}.NAME")
        elif _is_list(info.annotation):
            yield from _rows(inner.block, f"{inside}[]")
        else:
            yield from _rows(inner.block, inside)


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is tuple or any(_is_list(argument) for argument in get_args(annotation))


def _about(info: FieldInfo) -> str:
    before, _, unit = (info.description or "").partition("unit: ")
    return "; ".join(part for part in (unit, before.strip("; ")) if part)


def _kind(info: FieldInfo) -> str:
    kind = _type(info.annotation)
    low = next((mark.ge for mark in info.metadata if isinstance(mark, Ge)), None)
    high = next((mark.le for mark in info.metadata if isinstance(mark, Le) and mark.le != EXACT), None)
    if high is not None:
        return f"{kind}, {low or 0} to {high}"
    return f"{kind}, {low} or more" if low else kind


_NAMES: dict[Any, str] = {str: "text", int: "whole number", bool: "true or false", float: "number"}


def _type(annotation: Any) -> str:
    arguments = get_args(annotation)
    origin = get_origin(annotation)
    if origin is Literal:
        return " or ".join(f"`{value}`" if value else "empty" for value in arguments)
    if origin in (Union, UnionType):
        return " or ".join(
            dict.fromkeys(_type(argument) for argument in arguments if argument is not NoneType)
        )
    if origin is tuple:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return f"object of {_type(arguments[1])}"
    if origin is not None:
        return _type(arguments[0])
    return _NAMES.get(annotation, "any value")


if __name__ == "__main__":
    sys.stdout.write(document())
