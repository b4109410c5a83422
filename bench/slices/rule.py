"""The engine that the product places with, as a policy: it is told the mix, and how much of it is still to come."""

from __future__ import annotations

from collections.abc import Sequence

from bench.slices.arena import Arena
from components.placement.snapshot import NodeView
from components.placement.value.claims import Book, Claimed
from components.placement.value.engine import ADJUST, SOLVE, Engine, Free
from components.spec.claim import Claim
from components.spec.units import FULL_COMPUTE

EVERY = 100
"""After how many arrivals prices are adjusted."""
LEAST = 0.1
"""Of all that was expected, the part that is expected still, however much has arrived."""


class Rule:
    """Prices and node values."""

    name = "the rule"

    def __init__(
        self, arena: Arena, nodes: Sequence[NodeView], claims: Sequence[tuple[float, Claim]], expected: int
    ) -> None:
        """``expected``: how many arrivals to expect in all, drawn by the weights of the claims."""
        self._arena = arena
        self._expected = expected
        self._arrived = [0] * len(claims)
        self._turn = 0
        kinds = sorted({view.node.instance_type for view in nodes})
        cards = {view.node.instance_type: view.node.cards for view in nodes}
        self._kind = [kinds.index(view.node.instance_type) for view in nodes]
        book = Book(
            [cards[kind][0].memory_mib for kind in kinds],
            [
                sum(len(view.node.cards) for view in nodes if view.node.instance_type == kind)
                for kind in kinds
            ],
            [self._claimed(claim, len(kinds)) for _, claim in claims],
            list(arena.weights),
            max(len(view.node.cards) for view in nodes),
        )
        free = [self._free(node) for node in range(len(nodes))]
        sizes = [[card.memory_mib for card in view.node.cards] for view in nodes]
        self.engine = Engine(book, len(kinds), free, sizes, interpreted=False)
        self._price(SOLVE)

    @staticmethod
    def _claimed(claim: Claim, kinds: int) -> Claimed:
        return Claimed(
            claim.gpu,
            tuple(0 if claim.gpu else claim.slice_mib("GiB") for _ in range(kinds)),
            claim.gpu_core_percentage,
            claim.cpu_milli,
            claim.memory_mib,
            (True,) * kinds,
        )

    def _free(self, node: int) -> Free:
        arena = self._arena
        of_node = range(int(arena.first[node]), int(arena.first[node + 1]))
        cards = tuple(
            (self._kind[node], int(arena.memory[card]), int(arena.compute[card])) for card in of_node
        )
        return Free(self._kind[node], int(arena.cpu[node]), int(arena.node_memory[node]), cards)

    def _price(self, schedule: Sequence[float]) -> None:
        """Move the prices towards what is still to come."""
        shares = self._arena.weights
        wanted = [
            max(self._expected * share - arrived, LEAST * self._expected * share)
            for share, arrived in zip(shares.tolist(), self._arrived, strict=True)
        ]
        self.engine.price(wanted, schedule)

    def choose(self, claim: int) -> tuple[int, ...] | None:
        """Return the cards of the place, or None."""
        arena = self._arena
        if self._turn and self._turn % EVERY == 0:
            self._price(ADJUST)
        self._turn += 1
        self._arrived[claim] += 1
        found = self.engine.best(claim)
        if found is None:
            return None
        node, place = found
        first, whole = int(arena.first[node]), int(arena.claims[claim, 0])
        of_node = range(first, int(arena.first[node + 1]))
        if not whole:
            cards: tuple[int, ...] = (first + place,)
        else:
            free = [
                c
                for c in of_node
                if arena.memory[c] == arena.capacity[c] and arena.compute[c] == FULL_COMPUTE
            ]
            cards = tuple(free[:whole])
        return cards

    def settled(self, cards: Sequence[int]) -> None:
        """Take over what the replay has booked or given back on these cards."""
        node = self._arena.node_of(cards[0])
        self.engine.set_node(node, self._free(node))

    def departed(self, claim: int) -> None:
        """What departs is expected to be replaced by its like."""
        self._arrived[claim] -= 1
