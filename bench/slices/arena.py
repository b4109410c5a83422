"""Fleet and claims as arrays of integers, and what every policy shares: who fits where, taking and giving back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.placement.snapshot import NodeView
from components.spec.claim import Claim
from components.spec.units import FULL_COMPUTE

Ints = npt.NDArray[np.int64]


@dataclass(slots=True)
class Arena:
    """Cards (``first[n]`` to ``first[n + 1]`` are those of node ``n``) and nodes, with what is free of each.

    Memory in MiB, compute in percent, CPU in thousandths of a core. ``claims`` has a row per claim of the mix: whole
    cards (0 for a slice), card memory, percent, CPU, node memory.
    """

    first: Ints
    capacity: Ints
    memory: Ints
    compute: Ints
    cpu: Ints
    node_memory: Ints
    claims: Ints
    weights: npt.NDArray[np.float64]

    @classmethod
    def of(cls, nodes: Sequence[NodeView], claims: Sequence[tuple[float, Claim]]) -> Arena:
        """Return an empty fleet."""
        counts = [0, *(len(view.node.cards) for view in nodes)]
        capacity = np.array([card.memory_mib for view in nodes for card in view.node.cards], dtype=np.int64)
        rows = [
            (
                claim.gpu,
                0 if claim.gpu else claim.slice_mib("GiB"),
                0 if claim.gpu else claim.gpu_core_percentage,
                claim.cpu_milli,
                claim.memory_mib,
            )
            for _, claim in claims
        ]
        shares = np.array([weight for weight, _ in claims])
        return cls(
            np.cumsum(np.array(counts, dtype=np.int64)),
            capacity,
            capacity.copy(),
            np.full(len(capacity), FULL_COMPUTE, dtype=np.int64),
            np.array([view.node.cpu_milli for view in nodes], dtype=np.int64),
            np.array([view.node.memory_mib for view in nodes], dtype=np.int64),
            np.array(rows, dtype=np.int64),
            shares / shares.sum(),
        )

    def node_of(self, card: int) -> int:
        """Return the node of a card."""
        return int(np.searchsorted(self.first, card, side="right")) - 1

    def book(self, claim: int, cards: Sequence[int], sign: int = 1) -> None:
        """Take (or with ``sign`` -1 give back) what a claim takes on these cards and their node."""
        whole, memory, percent, cpu, node_memory = (int(value) for value in self.claims[claim])
        for card in cards:
            self.memory[card] -= sign * (int(self.capacity[card]) if whole else memory)
            self.compute[card] -= sign * (FULL_COMPUTE if whole else percent)
        node = self.node_of(cards[0])
        self.cpu[node] -= sign * cpu
        self.node_memory[node] -= sign * node_memory

    def takers(self, claim: int) -> int:
        """Return how many nodes could take a claim now; this is the judge's own account, used by no policy."""
        whole, memory, percent, cpu, node_memory = (int(value) for value in self.claims[claim])
        if whole:
            good = (self.memory == self.capacity) & (self.compute == FULL_COMPUTE)
        else:
            good = (self.memory >= memory) & (self.compute >= percent)
        cards = np.add.reduceat(good.astype(np.int64), self.first[:-1])
        return int(
            np.count_nonzero((cards >= max(whole, 1)) & (self.cpu >= cpu) & (self.node_memory >= node_memory))
        )

    def sound(self) -> bool:
        """Return whether nothing is taken twice: no free amount is negative."""
        return all(int(free.min()) >= 0 for free in (self.memory, self.compute, self.cpu, self.node_memory))
