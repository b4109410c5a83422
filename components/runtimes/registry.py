"""Opening a runtime by the name that the pool gives it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from components.runtimes.port import Runtime, RuntimeFault

_PLANNED = ("kubernetes", "pai_eas")


def open_runtime(name: str, home: Path, *, tell: Callable[[str], None] | None = None) -> Runtime:
    """Return the runtime of that name, which keeps its files under ``home`` (the project's ``.eas``).

    ``tell`` hears, once each, what the reader must know (an image that is not pulled); by default the log does.
    Nothing is created or started before a verb needs it. Raises :class:`RuntimeFault` for a name it does not know.
    """
    if name == "local":
        from components.runtimes.local.runtime import LocalRuntime

        return LocalRuntime(home, tell=tell)
    if name == "simulated":
        from components.runtimes.simulated import SimulatedRuntime

        return SimulatedRuntime(home)
    from components.spec.pool_file import RUNTIMES

    known = " or ".join(repr(runtime) for runtime in RUNTIMES)
    if name.replace("-", "_") in _PLANNED:
        raise RuntimeFault(f"runtime {name!r} is not in this version yet; write {known} in pool.yaml.")
    raise RuntimeFault(f"there is no runtime {name!r}; write {known} in pool.yaml.")
