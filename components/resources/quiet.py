"""Keeps the SDK's own debug lines from the engine: four calls for each resource, which only ``pulumi --debug`` would show.

They wait for their answer one by one on the program's only thread: a quarter of what 1,000 services cost a program
(``docs/decisions/0006-few-values-few-waits.md``). A program's own ``pulumi.log.debug`` is not touched.
"""

from __future__ import annotations

import importlib
import os
from types import ModuleType
from typing import Any

import pulumi.log

DEBUG = "EAS_DEBUG"
"""Set to anything, the lines are sent; the providers read it too."""
TALKERS = ("pulumi.runtime.resource", "pulumi.runtime.rpc_manager")
"""The modules of the SDK that say something of every resource."""


class _WithoutDebug:
    """``pulumi.log`` as those modules see it."""

    def __getattr__(self, name: str) -> Any:
        """Return everything else as it is."""
        return getattr(pulumi.log, name)

    def debug(self, *_: object, **__: object) -> None:
        """Say nothing."""


def quieten() -> None:
    """Do it, once for this process; nothing where the SDK has changed or :data:`DEBUG` is set."""
    if os.environ.get(DEBUG):
        return
    for name in TALKERS:
        module = importlib.import_module(name)
        if isinstance(getattr(module, "log", None), ModuleType):
            setattr(module, "log", _WithoutDebug())  # noqa: B010 - an assignment would be typed as the module
