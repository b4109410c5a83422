"""Keeps a plan within the owner's quotas: who has to do without, so that all others are planned without them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from components.placement.board import Board
from components.placement.choose import Need, homeless
from components.placement.jobs import Slot
from components.placement.quota import (
    NOTHING,
    Name,
    Sizes,
    Use,
    exceeded,
    held_of,
    left_out,
    sentence,
    sizes_of,
    use_of,
)
from components.placement.snapshot import Place, Snapshot


class Allowance:
    """What the quotas of one snapshot leave to one plan.

    ``over``: who may get no place, with the sentence why. ``barred``: for whom no room may be made, since that makes others
    move to where they take more. ``calm``: nothing may move to empty cards, for the same reason.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        """Nobody is over a quota yet; what is held is looked at once."""
        self.over: dict[Name, str] = {}
        self.barred: frozenset[Name] = frozenset()
        self.calm = False
        self._owner = snapshot.owner
        self._quotas = snapshot.quotas
        self._sizes: Sizes = sizes_of(view.node for view in snapshot.nodes) if snapshot.quotas else {}
        self._held: list[Mapping[Name, Use]] = [
            held_of(snapshot.held, snapshot.owner, quota.pool, self._sizes) for quota in snapshot.quotas
        ]
        self._open: frozenset[Name] = frozenset()

    def begin(self, board: Board) -> None:
        """Note who has no place before any is given."""
        if self._quotas:
            self._open = frozenset(need.name for need in homeless(board))

    def within(self, needs: Sequence[Need]) -> Sequence[Need]:
        """Return those who are not over a quota."""
        return [need for need in needs if need.name not in self.over] if self.over else needs

    def again(self, board: Board, made_for: Collection[Name]) -> bool:
        """Note who takes what a quota does not leave; return whether all is to be planned again without that.

        ``made_for``: for whom room was made by moves.
        """
        out: dict[Name, str] = {}
        for quota, held in zip(self._quotas, self._held, strict=True):
            wish = _wish(board, quota.pool, self._sizes)
            if exceeded(quota, held, wish):
                said = sentence(quota, self._owner, held, wish)
                out |= {name: said for name in left_out(quota, held, wish) if name not in out}
        fresh = {name: said for name, said in out.items() if name in self._open and name not in self.over}
        if fresh:
            self.over |= fresh
            return True
        if out and not self.barred.issuperset(made_for):
            self.barred = self.barred.union(made_for)
            return True
        if out and board.options.rebalance and not self.calm:
            self.calm = True
            return True
        return False


def _wish(board: Board, pool: str, sizes: Sizes) -> dict[Name, Use]:
    """Return what each instance is to take of a pool, as it stands on the board."""
    wish: dict[Name, Use] = {}
    for group in board.groups:
        for slot in group.slots:
            for place in _ends(slot):
                if place.pool == pool:
                    name = (group.wanted.service, slot.ordinal)
                    wish[name] = Use(*map(max, wish.get(name, NOTHING), use_of(place, sizes)))
    return wish


def _ends(slot: Slot) -> Iterator[Place]:
    """Yield where an instance is in the end: where it finds no place, where it is now, as it then may run on there."""
    if slot.kept is not None:
        yield slot.kept.place
    elif slot.start is not None:
        yield slot.start.place
    else:
        yield from (old.row.place for old in slot.olds if old.row is not None and old.row.state != "stopping")
