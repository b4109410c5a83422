"""Rebalance on request: own slices move so that fewer cards are in use, and the plan says how far from the least that is.

Only what stays where it is of its own accord moves; nothing moves that does not empty a card.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from components.placement.board import Board, Group
from components.placement.choose import Need, begin
from components.placement.feasible import Ask
from components.placement.jobs import Slot
from components.placement.keep import cards_of
from components.placement.picture import counted
from components.placement.room.maker import lift
from components.placement.snapshot import Held
from components.placement.solver.cp_sat import installed
from components.spec.units import FULL_COMPUTE

if TYPE_CHECKING:
    from components.placement.solver.moves_lp import Stock
    from components.placement.solver.pattern import Pattern

REASON = "empties "
"""How the reason of such a move begins; the card that is emptied follows."""
MISSING = "rebalance: nothing is moved, since the exhaustive search is not installed: pip install 'eas-slices[solver]'."


@dataclass(frozen=True, slots=True)
class _Tenant:
    """One slice that may move."""

    group: Group
    slot: Slot
    row: Held
    card: int
    kind: int


@dataclass(slots=True)
class _Pool:
    """One pool before its moves: who may move, what they ask for, and which cards hold something in the end."""

    name: str
    tenants: list[_Tenant] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)
    in_use: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Bound:
    """At least so many cards are in use whoever moves where.

    ``content``: what is on each card that can be emptied; ``kinds``: the least size of each kind of slice; ``stock``: all
    cards, alike ones together; ``fixed``: how many are in use whatever moves.
    """

    cards: int
    content: dict[int, Counter[int]]
    kinds: list[tuple[int, int]]
    stock: list[Stock]
    in_use: int
    fixed: int
    known: dict[int, int] = field(default_factory=dict)

    def fewest_moves(self, cards: int) -> int:
        """Return how many moves it takes at least to empty so many cards, of these or others, in whatever order."""
        from components.placement.solver.moves_lp import least_moves

        if cards not in self.known:
            alone = sum(sorted(sum(on.values()) for on in self.content.values())[:cards])
            left = self.in_use - self.fixed - cards
            self.known[cards] = max(alone, least_moves(self.kinds, self.stock, left))
        return self.known[cards]

    def most_emptied(self, moves: int) -> int:
        """Return how many cards can be emptied at most."""
        most = min(self.in_use - self.cards, len(self.content))
        return bisect_right(range(1, most + 1), moves, key=self.fewest_moves)


def rebalance(board: Board) -> list[str]:
    """Move on the board what empties cards, at most ``rebalance`` slices; return a sentence per pool."""
    left = board.options.rebalance
    if not left:
        return []
    if not installed():
        return [MISSING]
    said = []
    for pool in _pools(board):
        moves, sentence = _rebalanced(board, pool, left)
        left -= moves
        said.append(sentence)
    return said


def _pools(board: Board) -> Iterator[_Pool]:
    pools: dict[str, _Pool] = {}
    kinds: dict[object, int] = {}
    for group, slot, row in _movable(board):
        ask = group.ask
        pool = pools.setdefault(ask.pool, _Pool(ask.pool))
        same: object = (ask.pool, ask.claim, ask.other_kind) if ask.spread is None else ask.wanted.service
        if same not in kinds:
            kinds[same] = len(pool.asks)
            pool.asks.append(ask)
        pool.tenants.append(_Tenant(group, slot, row, cards_of(board, row)[0], kinds[same]))
    final = board.books.final
    for name in sorted(pools):
        for node in board.grid.pools[name]:
            pools[name].in_use += [
                card for card in board.grid.cards_of[node] if final[2 * card] or final[2 * card + 1]
            ]
        yield pools[name]


def _movable(board: Board) -> Iterator[tuple[Group, Slot, Held]]:
    """Yield the slices that run and stay, by name."""
    for group in board.groups:
        for slot in group.slots:
            row = slot.kept
            if row is None or row.state != "ready" or slot.pinned or slot.olds or group.ask.kind != "slice":
                continue
            if board.node(row.place) in board.grid.pools.get(group.ask.pool, ()):
                yield group, slot, row


def _rebalanced(board: Board, pool: _Pool, moves: int) -> tuple[int, str]:
    """Make the moves of one pool; return how many, and what to say."""
    bound = _bound(board, pool)
    most = bound.most_emptied(moves)
    emptied, arrivals = _found(board, pool, bound, most, moves) if most else ([], [])
    _move(board, pool, emptied, arrivals)
    return len(arrivals), _sentence(pool, bound, len(emptied), len(arrivals))


def _bound(board: Board, pool: _Pool) -> _Bound:
    """Bound the cards in use, all slices that may move being free to go to any card of a model that they accept."""
    from components.placement.solver.config_lp import Bin, Item
    from components.placement.solver.fewest import fewest_cards
    from components.placement.solver.moves_lp import Stock

    grid, final = board.grid, board.books.final
    held: dict[int, list[int]] = {}
    content: dict[int, Counter[int]] = {}
    for tenant in pool.tenants:
        amounts = held.setdefault(tenant.card, [0, 0])
        amounts[0] += tenant.row.place.memory_mib
        amounts[1] += tenant.row.place.compute
        content.setdefault(tenant.card, Counter())[tenant.kind] += 1
    shapes: Counter[tuple[int, int, bool, frozenset[int]]] = Counter()
    alike: Counter[tuple[tuple[int, int, bool, frozenset[int]], Pattern]] = Counter()
    emptiable: dict[int, Counter[int]] = {}
    for node in grid.pools[pool.name]:
        for card in grid.cards_of[node]:
            mine = held.get(card, [0, 0])
            others = (final[2 * card] - mine[0], final[2 * card + 1] - mine[1])
            takers = frozenset(k for k, ask in enumerate(pool.asks) if ask.allows(grid, node, [card]))
            free = (max(0, grid.caps[2 * card] - others[0]), max(0, FULL_COMPUTE - others[1]))
            shape = (*free, others == (0, 0), takers)
            shapes[shape] += 1
            alike[shape, tuple(sorted(content.get(card, Counter()).items()))] += 1
            if others == (0, 0) and card in content:
                emptiable[card] = content[card]
    ordered = sorted(shapes.items(), key=lambda item: (*item[0][:3], sorted(item[0][3])))
    bins = [Bin(count, shape[:2], cost=int(shape[2])) for shape, count in ordered]
    total = sum(content.values(), Counter[int]())
    items = [
        Item(
            total[kind],
            (min(ask.sizes.values()), ask.compute),
            bins=frozenset(index for index, (shape, _) in enumerate(ordered) if kind in shape[3]),
        )
        for kind, ask in enumerate(pool.asks)
    ]
    stock = [
        Stock(count, shape[:2], shape[3], there, emptiable=shape[2])
        for shape, _ in ordered
        for (other, there), count in sorted(alike.items(), key=lambda item: item[0][1])
        if other == shape
    ]
    kinds = [(min(ask.sizes.values()), ask.compute) for ask in pool.asks]
    fixed = sum(count for (shape, _), count in alike.items() if not shape[2])
    return _Bound(fewest_cards(items, bins).best, emptiable, kinds, stock, len(pool.in_use), fixed)


def _found(
    board: Board, pool: _Pool, bound: _Bound, most: int, moves: int
) -> tuple[list[int], list[tuple[int, int]]]:
    """Look for moves that empty as many cards as the bounds allow, then for as many as possible."""
    from components.placement.solver.fold import Fold

    for exactly in (True, False):
        fold = Fold(board.grid, board.books.at_most, pool.asks, bound.content, pool.in_use)
        fold.build(moves)
        answer = fold.empty(most, bound.fewest_moves(most)) if exactly else fold.empty_most()
        if answer.good:
            return fold.read(answer)
    return [], []


def _move(board: Board, pool: _Pool, emptied: list[int], arrivals: list[tuple[int, int]]) -> None:
    """Let all on the emptied cards go, and begin where there is room."""
    gone = set(emptied)
    to: dict[int, list[int]] = {}
    for kind, card in arrivals:
        to.setdefault(kind, []).append(card)
    leaving = [tenant for tenant in pool.tenants if tenant.card in gone]
    for tenant in leaving:
        lift(board, tenant.group, tenant.slot, tenant.row, REASON + board.grid.slot_name(2 * tenant.card)[0])
    for tenant in leaving:
        card = to[tenant.kind].pop(0)
        need = Need(tenant.group, tenant.slot)
        need.slot.start = begin(board, need, board.grid.card_node[card], (card,), True)


def _sentence(pool: _Pool, bound: _Bound, emptied: int, moves: int) -> str:
    """Say what was moved, whether that was the fewest, and how far from the bound the pool is then."""
    before, after = len(pool.in_use), len(pool.in_use) - emptied
    least = f"no packing of these slices uses fewer than {bound.cards}"
    gap = f"{least}: the gap is {after - bound.cards}"
    if not emptied:
        return f"rebalance: pool {pool.name} keeps its {before} cards in use; {gap}."
    fewest = bound.fewest_moves(emptied)
    how = "which is the fewest" if fewest == moves else f"at least {fewest} are needed"
    done = f"goes from {before} to {after} cards in use with {counted(moves, 'move')}, {how}"
    return f"rebalance: pool {pool.name} {done}; {gap}."
