"""The plan that a reviewer saw, handed to ``check``: binding an apply to its preview, down to the card.

``EAS_BOUND_PLAN`` names a file that ``eas`` wrote from the engine's own preview events. ``check`` answers with the previewed
plan where it still holds against the ledger of now, or refuses with what differs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from components.providers.work.inputs import spelled_out
from components.spec.claim import Wanted

VARIABLE = "EAS_BOUND_PLAN"
FORMAT = 1
COMPARED = ("pools", "services", "options")
"""The declared inputs that must be the previewed ones: nodes, claims, revisions, labels, token hashes, options."""
SHORT = 80


class BoundPlanError(Exception):
    """The bound plan cannot be used; the message says why and what to do."""


def bound_inputs(owner: str, environment: Mapping[str, str] = os.environ) -> dict[str, Any] | None:
    """Return the previewed checked inputs of this owner's Placement, or None where no plan is bound.

    Raises :class:`BoundPlanError` for a file that is missing, broken, of another format or of another stack.
    """
    name = environment.get(VARIABLE)
    if not name:
        return None
    again = "save it again with `eas preview --save-plan FILE`"
    try:
        document = json.loads(Path(name).read_text())
    except (OSError, ValueError) as error:
        raise BoundPlanError(f"bound plan {name} cannot be read ({error}); {again}") from error
    placements = document.get("placements") if isinstance(document, dict) else None
    if not isinstance(placements, dict) or document.get("format") != FORMAT:
        raise BoundPlanError(f"bound plan {name} has not format {FORMAT}; {again}")
    found = [
        entry for entry in placements.values() if isinstance(entry, dict) and entry.get("owner") == owner
    ]
    if len(found) != 1:
        raise BoundPlanError(
            f"bound plan {name} holds {len(found)} placements of {owner}, not 1: it was saved for another stack; {again} "
            "for this one"
        )
    if not {"assignments", "change"} <= found[0].keys():
        raise BoundPlanError(
            f"bound plan {name} holds no plan, since something was not known in its preview; {again}"
        )
    return dict(found[0])


def differences(previewed: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
    """Return one sentence for each declared field that is no longer the previewed one."""
    return [
        f"{path} was {_short(was)} in the preview and is {_short(now)} now"
        for name in COMPARED
        for path, was, now in _leaves(_spelled_out(name, previewed), _spelled_out(name, news), name)
    ]


_ABSENT = object()


def _spelled_out(name: str, props: Mapping[str, Any]) -> Any:
    """Return an input with its defaults, so that a field which is left out has a value to speak of."""
    value = spelled_out(props).get(name)
    if name != "services" or not isinstance(value, Mapping):
        return value
    return {service: _full(Wanted.from_dict(wanted)) for service, wanted in value.items()}


def _full(wanted: Wanted) -> dict[str, Any]:
    told = {each: getattr(wanted, each) for each in wanted.__dataclass_fields__}
    return {
        **told,
        "claim": {each: getattr(wanted.claim, each) for each in wanted.claim.__dataclass_fields__},
    }


def _leaves(was: Any, now: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for key in sorted({*was, *now}):
            yield from _leaves(was.get(key, _ABSENT), now.get(key, _ABSENT), f"{path}.{key}")
    elif was != now and not (was in (None, _ABSENT) and now in (None, _ABSENT)):
        yield path, was, now


def _short(value: Any) -> str:
    if value is _ABSENT:
        return "not declared"
    if isinstance(value, Mapping):
        return "declared"
    rendered = json.dumps(value, sort_keys=True, default=str)
    return rendered if len(rendered) <= SHORT else rendered[: SHORT - 3] + "..."
