"""``scheduling.spread.policy``: even and hard.

No host (zone) takes more than ``ceil(n / eligible)`` instances of a service, where *n* is how many instances it shall
have and *eligible* is the number of hosts (zones of hosts) of its pool that are ready (not cordoned, draining or lost)
and could take one instance if they were empty. It holds for new places; an instance that stays where it is stays, even
where earlier plans put more. Surge instances are exempt, since they are temporary.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from components.placement.capacity import Grid
from components.spec.claim import Wanted


class SpreadGuard:
    """Counts one service's instances per host or zone and says where one more may go."""

    __slots__ = ("_by_zone", "_grid", "counts", "limit")

    def __init__(self, wanted: Wanted, instances: int, grid: Grid) -> None:
        """``instances``: how many the service shall have."""
        self._grid = grid
        self._by_zone = wanted.spread == "zone"
        eligible = {
            self.key(node) for node in grid.pools.get(wanted.pool, ()) if could_host(wanted, grid, node)
        }
        self.limit = -(-instances // len(eligible)) if eligible else 0
        self.counts: Counter[str | int] = Counter()

    def key(self, node: int) -> str | int:
        """Return the host or zone that a node counts for."""
        return self._grid.nodes[node].zone if self._by_zone else node

    def allows(self, node: int) -> bool:
        """Return whether one more may go to this node."""
        return self.counts[self.key(node)] < self.limit

    def count(self, node: int, sign: int = 1) -> None:
        """Count an instance on this node."""
        self.counts[self.key(node)] += sign

    def reset(self, nodes: Iterable[int]) -> None:
        """Count anew from the nodes of all instances."""
        self.counts = Counter(self.key(node) for node in nodes)


def could_host(wanted: Wanted, grid: Grid, node: int) -> bool:
    """Return whether a ready node could take one instance if it were empty."""
    view, claim = grid.views[node], wanted.claim
    if view.state != "ready":
        return False
    if claim.instance_types and view.node.instance_type not in claim.instance_types:
        return False
    if claim.memory_mib > view.node.memory_mib:
        return False
    if not claim.best_effort and claim.cpu_milli > view.node.cpu_milli:
        return False
    if claim.kind == "cpu":
        return True
    need = claim.slice_mib(view.node.unit) if claim.kind == "slice" else 0
    good = sum(
        grid.card_ready[card]
        and (not claim.models or grid.card_model[card] in claim.models)
        and grid.caps[2 * card] >= need
        for card in grid.cards_of[node]
    )
    return good >= max(claim.gpu, 1)
