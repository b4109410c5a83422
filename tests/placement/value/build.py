"""Small clusters for the engine: a few kinds of cards and nodes, and claims on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from components.placement.value.claims import Book, Claimed
from components.placement.value.engine import Engine, Free


@dataclass(frozen=True)
class Cluster:
    """``sizes``: MiB per kind of card. ``nodes``: (kind of its cards, how many, CPU, memory). ``often`` per claim."""

    sizes: tuple[int, ...]
    nodes: tuple[tuple[int, int, int, int], ...]
    claims: tuple[Claimed, ...]
    often: tuple[int, ...]

    def frees(self) -> list[Free]:
        """Return the nodes when empty; the kind of a node is that of its cards."""
        return [
            Free(kind, cpu, memory, ((kind, self.sizes[kind], 100),) * count)
            for kind, count, cpu, memory in self.nodes
        ]

    def engine(self, *, interpreted: bool = True, steps: Sequence[float] = (0.1,) * 6) -> Engine:
        """Return the engine, priced for four times what is wanted."""
        counts = [sum(count for kind, count, _, _ in self.nodes if kind == k) for k in range(len(self.sizes))]
        cards = max(count for _, count, _, _ in self.nodes)
        book = Book(self.sizes, counts, self.claims, self.often, cards)
        sizes = [[self.sizes[kind]] * count for kind, count, _, _ in self.nodes]
        engine = Engine(book, len(self.sizes), self.frees(), sizes, interpreted=interpreted)
        engine.price([4.0 * often for often in self.often], steps)
        return engine


SIZES = (8192, 20_480)


@st.composite
def claims(draw: st.DrawFn, *, compute: bool = True, round_sizes: bool = True) -> Claimed:
    """A slice, whole cards, or neither."""
    kind = draw(st.sampled_from(["slice", "slice", "slice", "whole", "none"]))
    allowed = draw(st.sampled_from([(True, True), (True, True), (True, False), (False, True)]))
    cpu = 500 * draw(st.integers(0, 12))
    memory = 1024 * draw(st.integers(0, 8))
    if kind == "none":
        return Claimed(0, (-1, -1), 0, cpu, memory, allowed)
    if kind == "whole":
        rooms = tuple(0 if may else -1 for may in allowed)
        return Claimed(draw(st.integers(1, 3)), rooms, 0, cpu, memory, (True, True))
    size = 1024 * draw(st.integers(1, 10)) if round_sizes else draw(st.integers(500, 9000))
    percent = 5 * draw(st.integers(0, 12)) if compute else 0
    return Claimed(0, tuple(size if may else -1 for may in allowed), percent, cpu, memory, (True, True))


@st.composite
def clusters(draw: st.DrawFn, *, compute: bool = True, round_sizes: bool = True) -> Cluster:
    """A handful of nodes and claims."""
    nodes = draw(
        st.lists(
            st.tuples(st.integers(0, 1), st.integers(1, 3), st.sampled_from([4000, 16_000]), st.just(32_768)),
            min_size=1,
            max_size=4,
        )
    )
    asked = draw(
        st.lists(claims(compute=compute, round_sizes=round_sizes), min_size=1, max_size=4, unique=True)
    )
    often = draw(st.lists(st.integers(1, 9), min_size=len(asked), max_size=len(asked)))
    return Cluster(SIZES, tuple(nodes), tuple(asked), tuple(often))
