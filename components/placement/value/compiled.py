"""The kernels, compiled. Nothing else here imports numba, which takes a while to import and is not always needed.

The kernels are ordinary functions, which also run interpreted and then give the same answers, only slower. Compiled code is
kept on disk, in a folder named for the digest of this package's source, so that code of another version is never
run: beside the source where that can be written to, else in the user's cache, else nowhere. What lies there changes how
soon an answer comes, never the answer.
"""

from __future__ import annotations

import hashlib
import types
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from components.placement.value import energy, gangs, node, numeric, prices, ranks, solve, tables

_PARTS = (numeric, energy, gangs, solve, tables, node, prices, ranks)
"""In the order in which they call one another."""


class Kernels(NamedTuple):
    """The functions that are called from outside, compiled or not."""

    price: Callable[..., None]
    change: Callable[..., None]
    weigh: Callable[..., tuple[int, int]]
    weigh_card: Callable[..., int]
    best: Callable[..., int]
    best_among: Callable[..., int]
    place_all: Callable[..., None]


PLAIN = Kernels(
    prices.price, node.change, node.weigh, node.weigh_card, ranks.best, ranks.best_among, ranks.place_all
)
"""The same functions, interpreted."""


def loaded() -> bool:
    """Return whether this process has the compiled kernels already: then nothing is quicker."""
    return compiled.cache_info().currsize > 0


@cache
def compiled() -> Kernels:
    """Return the kernels compiled; each is compiled when first called, or read from disk."""
    import numba
    from numba.extending import register_jitable

    for part in _PARTS:
        for function in vars(part).values():
            if isinstance(function, types.FunctionType) and function.__module__ == part.__name__:
                register_jitable(forceinline=True)(function)
    settings = vars(numba.config)
    before, place = settings["CACHE_DIR"], folder()
    settings["CACHE_DIR"] = str(place or "")
    try:
        # Kernels allocate nothing, and counting references to the arrays of bundles would take most of their time.
        options: dict[str, Any] = {"cache": place is not None, "_nrt": False}
        return Kernels(*(numba.njit(function, **options) for function in PLAIN))
    finally:
        settings["CACHE_DIR"] = before


def folder() -> Path | None:
    """Return the folder for compiled code of this version, or None where there is none to write to."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for source in sorted(here.glob("*.py")):
        digest.update(source.read_bytes())
    name = f"compiled-{digest.hexdigest()[:16]}"
    for parent in (here / "__pycache__", Path.home() / ".cache" / "eas-slices"):
        try:
            (parent / name).mkdir(parents=True, exist_ok=True)
            probe = parent / name / "writable"
            probe.touch()
        except OSError:
            continue
        return parent / name
    return None
