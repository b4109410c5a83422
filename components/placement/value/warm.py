"""Compile all kernels ahead of the first plan that needs them: ``python -m components.placement.value.warm``.

Setup runs it, as compiling takes a quarter of a minute that nobody should wait for in a preview. Code of other versions
that lies beside this one's goes; what is in the user's cache stays, since other copies of the repository may use it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from components.placement.value.compiled import FOLDERS, compiled, folder


def clear(kept: Path) -> None:
    """Remove the folders of other versions beside this one."""
    for other in kept.parent.glob(FOLDERS):
        if other != kept:
            shutil.rmtree(other, ignore_errors=True)


if __name__ == "__main__":
    compiled()
    place = folder()
    if place is not None and place.parent.parent == Path(__file__).parent:
        clear(place)
