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

VARIABLE = "EAS_BOUND_PLAN"
FORMAT = 1
COMPARED = ("pools", "services", "options")
"""The declared inputs that must be the previewed ones: nodes, claims, revisions, labels, token hashes, options."""


class BoundPlanError(Exception):
    """The bound plan cannot be used; the message says why and what to do."""


def bound_inputs(owner: str, environment: Mapping[str, str] = os.environ) -> dict[str, Any] | None:
    """Return the previewed checked inputs of this owner's Placement, or None where no plan is bound.

    Raises :class:`BoundPlanError` for a file that is missing, broken, of another format or of another stack.
    """
    name = environment.get(VARIABLE)
    if not name:
        return None
    try:
        document = json.loads(Path(name).read_text())
    except (OSError, ValueError) as error:
        raise BoundPlanError(
            f"bound plan {name} cannot be read ({error}); save it again with `eas preview --save-plan`"
        ) from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise BoundPlanError(
            f"bound plan {name} has not format {FORMAT}; save it again with `eas preview --save-plan`"
        )
    placements = [entry for entry in document.get("placements", {}).values() if entry.get("owner") == owner]
    if len(placements) != 1:
        raise BoundPlanError(
            f"bound plan {name} holds {len(placements)} placements of {owner}, not 1: it was saved for another stack. "
            "Save one for this stack with `eas preview --save-plan`"
        )
    return dict(placements[0])


def differences(previewed: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
    """Return one sentence for each declared field that is no longer the previewed one."""
    return [
        f"{path} was {_short(was)} in the preview and is {_short(now)} now"
        for name in COMPARED
        for path, was, now in _leaves(previewed.get(name), news.get(name), name)
    ]


_ABSENT = object()


def _leaves(was: Any, now: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for key in sorted({*was, *now}):
            yield from _leaves(was.get(key, _ABSENT), now.get(key, _ABSENT), f"{path}.{key}")
    elif was != now and not (was in (None, _ABSENT) and now in (None, _ABSENT)):
        yield path, was, now


def _short(value: Any) -> str:
    if value is _ABSENT:
        return "absent"
    rendered = json.dumps(value, sort_keys=True, default=str)
    return rendered if len(rendered) <= 80 else rendered[:77] + "..."
