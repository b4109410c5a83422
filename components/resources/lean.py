"""Spares a program what it would do again for each of a thousand resources, and what nobody sees the result of.

Both are measured in ``docs/decisions/0006-few-values-few-waits.md``: a quarter of the garbage collector's passes look at
what lives as long as the program anyway, and the SDK writes the place of every frame of every constructor's call as a URI,
nearly always the same dozen.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from components.providers.collector import collect_seldom

_SDK = "pulumi.runtime.resource"
_POSITION = "_get_source_position_for_frame"


def make_lean() -> None:
    """Do it, once for this process; what the SDK does not have (any more) is left alone."""
    collect_seldom()
    module = importlib.import_module(_SDK)
    of_frame = getattr(module, _POSITION, None)
    if of_frame is not None and not isinstance(of_frame, _Remembered):
        setattr(module, _POSITION, _Remembered(of_frame))


class _Remembered:
    """The SDK's function from a frame of the stack to its place, asked once for each line of code."""

    def __init__(self, of_frame: Callable[[Any], Any]) -> None:
        self._of_frame = of_frame
        self._known: dict[tuple[Any, Any], Any] = {}

    def __call__(self, frame: Any) -> Any:
        """Return the place: a message that the SDK only ever copies."""
        key = (frame.filename, frame.lineno)
        if key not in self._known:
            self._known[key] = self._of_frame(frame)
        return self._known[key]
