"""Addresses and observations as places, in the sizes that a claim has on a node. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from components.placement.address import card_indexes
from components.placement.capacity import Grid
from components.placement.feasible import Ask
from components.placement.snapshot import NodeView, Place
from components.runtimes.port import Observation
from components.spec.claim import Wanted
from components.spec.node import Node


class Places:
    """The nodes of some pools, and where on them something is."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        """Take every node of the pools in question."""
        self._nodes = {(node.pool, node.name): node for node in nodes}
        self.indexes = card_indexes(nodes)

    def assigned(self, want: Wanted, text: str) -> Place | None:
        """Return the place that ``gpu-a/0`` or ``gpu-a/0+1`` names; None where nothing declared has that name."""
        # What a refresh found wrong reads as `dead (was gpu-a/0)`.
        text = text.partition(" (was ")[2].removesuffix(")") or text
        if node := self._nodes.get((want.pool, text)):
            return self._place(want, node, ())
        name, _, cards = text.rpartition("/")
        if node := self._nodes.get((want.pool, name)):
            by_word = {str(card.index): card.uuid for card in node.cards} | {
                card.uuid: card.uuid for card in node.cards
            }
            return self._place(want, node, [by_word.get(word, "") for word in cards.split("+")])
        return None

    def seen(self, want: Wanted, observation: Observation) -> Place | None:
        """Return the place that the runtime reports; None where it says nothing, or nothing that is declared."""
        node = self._nodes.get((want.pool, observation.node))
        if node is None or (want.claim.kind != "cpu" and not observation.cards):
            return None
        return self._place(want, node, observation.cards)

    def unsized(self, observation: Observation) -> Place | None:
        """Return where something is of which nobody says how much it takes: nothing is counted. None for nowhere."""
        for pool, name in sorted(self._nodes):
            owned = {card.uuid for card in self._nodes[pool, name].cards}
            if name == observation.node and owned.issuperset(observation.cards):
                return Place(pool, name, observation.cards)
        return None

    def _place(self, want: Wanted, node: Node, cards: Iterable[str]) -> Place | None:
        grid = Grid([NodeView(node)])
        chosen = sorted(grid.card_of.get(uuid, -1) for uuid in cards)
        if -1 in chosen or (want.claim.kind != "cpu") != bool(chosen):
            return None
        return Ask(want, None, separate=False).place(grid, 0, chosen)
