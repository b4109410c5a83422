"""Can moves be made one after another, each new instance beside its old one until that may stop?

What the rest of the plan stops counts as gone here, except the claims' own old instances: these serve until the new ones are
ready, or are replaced where they are. The order of all steps is decided and judged later (``order.py``).
"""

from __future__ import annotations

from collections.abc import Sequence

from components.placement.jobs import Stop
from components.placement.room.field import Field, Landing

MOST = 12
"""With more moves than this at once, an order is looked for without going back."""


def passage(field: Field, landings: Sequence[Landing]) -> list[Landing] | None:
    """Return the landings of the moved in an order in which each finds its place free; None if there is no such order.

    All landings are set down in ``field``, those of claims among them: these come last, once every move is made.
    """
    moves = [landing for landing in landings if landing.item.row is not None]
    claims = [landing for landing in landings if landing.item.row is None]
    then = _Then(field, landings)
    olds = [stop for claim in claims for stop in claim.item.slot.olds if stop.serves]
    for stop in olds:
        then.serve(stop, 1)
    dead: set[frozenset[int]] = set()

    def go(left: frozenset[int]) -> list[Landing] | None:
        if not left:
            return [] if _claims_fit(field, then, claims, olds) else None
        if left in dead:
            return None
        for index in sorted(left):
            move = moves[index]
            if then.fits(move):
                then.make(move, 1)
                later = go(left - {index})
                if later is not None:
                    return [move, *later]
                then.make(move, -1)
                if len(moves) > MOST:
                    return None
        dead.add(left)
        return None

    return go(frozenset(range(len(moves))))


def _claims_fit(field: Field, then: _Then, claims: Sequence[Landing], olds: Sequence[Stop]) -> bool:
    """Return whether all claims find their places free, each beside its old instance or in place of it."""
    for claim in claims:
        if _in_place(field, claim):
            for stop in claim.item.slot.olds:
                if stop in olds:
                    then.serve(stop, -1)
        if not then.fits(claim):
            return False
        then.make(claim, 1)
    return True


def _in_place(field: Field, claim: Landing) -> bool:
    """Return whether a claim replaces its old instance on the same cards."""
    uuids = {field.grid.uuids[card] for card in claim.cards}
    return not claim.item.slot.moved and any(
        stop.node == claim.node and stop.row is not None and uuids <= set(stop.row.place.cards)
        for stop in claim.item.slot.olds
    )


class _Then:
    """What is taken of the slots in question, and which kinds are on the nodes, before and between the moves."""

    def __init__(self, field: Field, landings: Sequence[Landing]) -> None:
        """Begin with everybody where they are now."""
        self._caps = field.grid.caps
        self._base = field.view.level
        self._change: dict[int, int] = {}
        self._kinds: dict[int, list[int]] = {}
        for landing in landings:
            for node in (landing.node, landing.item.node):
                if node >= 0:
                    self._kinds.setdefault(node, list(field.view.kinds[node]))
        for landing in landings:
            self.make(landing, -1)

    def _add(self, slot: int, amount: int) -> None:
        self._change[slot] = self._change.get(slot, 0) + amount

    def serve(self, stop: Stop, sign: int) -> None:
        """Count an old instance as there, or with ``sign`` -1 as gone."""
        for slot, amount in stop.uses:
            self._add(slot, sign * amount)

    def fits(self, landing: Landing) -> bool:
        """Return whether there is room for a landing now."""
        other = landing.item.plain.other_kind
        if other and self._kinds[landing.node][other]:
            return False
        return all(
            self._base[slot] + self._change.get(slot, 0) + amount <= self._caps[slot]
            for slot, amount in landing.uses
        )

    def make(self, landing: Landing, sign: int) -> None:
        """Count a landing as made, or with ``sign`` -1 as not made."""
        item = landing.item
        for slot, amount in landing.uses:
            self._add(slot, sign * amount)
        for slot, amount in item.uses:
            self._add(slot, -sign * amount)
        if item.plain.own_kind:
            self._kinds[landing.node][item.plain.own_kind] += sign
            if item.row is not None:
                self._kinds[item.node][item.plain.own_kind] -= sign
