"""Compile all kernels ahead of the first plan that needs them: ``python -m components.placement.value.warm``.

Setup runs it, as compiling takes a quarter of a minute that nobody should wait for in a preview.
"""

from __future__ import annotations

from components.placement.value.claims import Book, Claimed
from components.placement.value.compiled import folder
from components.placement.value.engine import Engine, Free

COMPLETE = "complete"
"""The file that stands beside compiled code once all of it is there."""


def warm() -> None:
    """Call every kernel once, on the smallest engine that there is."""
    claims = [
        Claimed(0, (4096,), 10, 1000, 1024, (True,)),
        Claimed(2, (0,), 0, 1000, 1024, (True,)),
        Claimed(0, (-1,), 0, 1000, 1024, (True,)),
    ]
    free = Free(0, 8000, 65_536, ((0, 8192, 100), (0, 8192, 100)))
    engine = Engine(
        Book([8192], [4], claims, [1, 1, 1], 2), 1, [free, free], [[8192] * 2] * 2, interpreted=False
    )
    engine.price([2.0, 1.0, 1.0], (0.1,))
    engine.rank()
    engine.best(0, [True, False])
    engine.loss(0, 0)
    engine.loss(0, 0, 1)
    engine.place_all([0, 1, 2])
    engine.set_node(0, free)
    place = folder()
    if place is not None:
        (place / COMPLETE).touch()


if __name__ == "__main__":
    warm()
