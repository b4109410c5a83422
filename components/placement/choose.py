"""Where instances without a place go: first into the place of what they replace, then by the value rule, largest first.

A place that is free at once is preferred to one that the plan itself frees. Where the greedy order leaves somebody out, a
few other orders are tried before anybody is refused; all of them are fixed, so the answer does not depend on chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from components.placement.board import Board, Group
from components.placement.capacity import kind_of
from components.placement.feasible import Ask, final_choices
from components.placement.jobs import Slot, Start, Stop
from components.placement.keep import cards_of

FEW = 200
"""Up to how many new places are looked at once more only to save cards."""
EFFORT = 8000
"""How many placements all orders together may try, so that a hopeless large pool is refused in time."""


@dataclass(slots=True, eq=False)
class Need:
    """One ordinal without a place."""

    group: Group
    slot: Slot

    @property
    def name(self) -> tuple[str, int]:
        """Service and ordinal, which break every tie."""
        return (self.group.wanted.service, self.slot.ordinal)


def place_all(board: Board, without: Collection[tuple[str, int]] = ()) -> list[Need]:
    """Give every slot without a place one, but for ``without``; return those that have none."""
    _keep_in_place(board, without)
    needs = homeless(board)
    if not without:
        return _place(board, needs) if needs else []
    some = [need for need in needs if need.name not in without]
    return [*(_place(board, some) if some else []), *(need for need in needs if need.name in without)]


def homeless(board: Board) -> list[Need]:
    """Return the slots that have no place."""
    return [
        Need(group, slot)
        for group in board.groups
        for slot in group.slots
        if slot.kept is None and slot.start is None
    ]


def _keep_in_place(board: Board, without: Collection[tuple[str, int]]) -> None:
    """A new revision, or one told to stop, takes its own place again once the old instance is gone.

    Where kinds of slices are kept apart, those that keep their kind come first: they may stay on a node in any case.
    """
    late: list[tuple[Group, Slot, list[Stop]]] = []
    for group in board.groups:
        for slot in group.slots:
            if slot.kept is None and slot.start is None and slot.olds and not slot.moved:
                if without and (group.wanted.service, slot.ordinal) in without:
                    continue
                olds = sorted(slot.olds, key=lambda old: (not old.serves, old.key))
                first = olds[0].row
                if group.ask.other_kind and first is not None and kind_of(first.place) != group.ask.own_kind:
                    late.append((group, slot, olds))
                else:
                    _take_over(board, group, slot, olds)
    for group, slot, olds in late:
        _take_over(board, group, slot, olds)


def _take_over(board: Board, group: Group, slot: Slot, olds: Sequence[Stop]) -> None:
    for old in olds:
        start = same_place(board, group, slot, old)
        if start is not None:
            slot.start = start
            board.put(start)
            if group.ask.spread is not None:
                group.ask.spread.count(start.node)
            return


def same_place(board: Board, group: Group, slot: Slot, old: Stop) -> Start | None:
    ask, grid = group.ask, board.grid
    if old.row is None or old.node < 0 or not board.takes_it(old.row.place):
        return None
    held = cards_of(board, old.row)
    count = {"cpu": 0, "slice": 1, "exclusive": ask.claim.gpu}[ask.kind]
    cards = held[:count]
    if len(cards) < count or not ask.allows(grid, old.node, cards):
        return None
    place = ask.place(grid, old.node, cards)
    other_kind = ask.other_kind if kind_of(place) != kind_of(old.row.place) else 0
    if other_kind and board.books.final_kinds[old.node][other_kind]:
        return None
    uses = grid.uses(place)
    if not board.books.fits_finally(uses):
        return None
    start = Start(group.wanted, slot.ordinal, place, old.node, uses, revision=ask.wanted.revision)
    finishing = old.row.state == "stopping" and old.row.revision == ask.wanted.revision
    start.how = "start" if finishing else "roll"
    start.reason, start.in_place, start.settled, start.other_kind = old.reason, [old], False, other_kind
    return start


def _size(need: Need) -> tuple[int, ...]:
    claim = need.group.wanted.claim
    kind = {"exclusive": 0, "slice": 1, "cpu": 2}[claim.kind]
    memory = claim.gpu_memory if kind == 1 else 0
    return (kind, -claim.gpu, -memory, -need.group.ask.compute, -need.group.ask.cpu, -claim.memory_mib)


_ORDERS: tuple[Callable[[Need], tuple[int, ...]], ...] = (
    _size,
    lambda need: (-need.group.ask.cpu, *_size(need)),
    lambda need: (-need.group.ask.compute, *_size(need)),
    lambda need: (-need.group.wanted.claim.memory_mib, *_size(need)),
    lambda need: (-len(need.group.ask.models or need.group.ask.types), *_size(need)),
)


def _place(board: Board, needs: list[Need]) -> list[Need]:
    """Place in the usual order; where somebody is left out who could fit, try the other orders and keep the best."""
    order = sorted(needs, key=lambda need: (_size(need), need.name))
    done, left = _attempt(board, order)
    if not left:
        return _together(board, done, left)
    _undo(board, done)
    if any(_alone(board, need) for need in left):
        best, fewest = order, len(left)
        for other in _other_orders(order, left):
            done, missing = _attempt(board, other, fewest)
            _undo(board, done)
            if len(missing) < fewest:
                best, fewest = other, len(missing)
            if not missing:
                break
        order = best
    done, left = _attempt(board, order)
    return _together(board, done, left)


def _together(board: Board, done: list[Need], left: list[Need]) -> list[Need]:
    """Let the exhaustive search improve on the order, where there may be something to gain; return who is left out."""
    if len(done) < (1 if left else 2) or (not left and len(done) > FEW):
        return left
    from components.placement.solver.repair import UNDECIDED, Wish, better, too_large

    if too_large(board.grid, [need.group.ask for need in [*done, *left]]):
        board.doubts = {need.name: UNDECIDED for need in left}
        return left
    chosen = {need.name: _chosen(board, need) for need in done}
    _undo(board, done)
    wishes = [Wish(need.name, need.group.ask, chosen.get(need.name)) for need in [*done, *left]]
    found = better(board.grid, board.books.in_the_end, wishes)
    board.doubts = found.doubts
    places = found.places
    for need in [*done, *left]:
        if need.name in places:
            node, cards = places[need.name]
            need.slot.start = begin(
                board, need, node, cards, _free_at_once(board, need.group.ask, node, cards)
            )
    _whole_again(board, [need for need in [*done, *left] if places.get(need.name) != chosen.get(need.name)])
    return [need for need in [*done, *left] if need.name not in places]


def _whole_again(board: Board, moved: Sequence[Need]) -> None:
    """Give whole cards that the search chose up for smaller ones: it counts cards, and any that are free are as many."""
    caps = board.grid.caps
    whole = [need for need in moved if need.slot.start is not None and need.group.ask.kind == "exclusive"]
    for need in sorted(whole, key=lambda need: (_size(need), need.name)):
        node, cards = _chosen(board, need)
        _undo(board, [need])
        found = find(board, need.group.ask)
        if found is None or sum(caps[2 * card] for card in found[1]) >= sum(caps[2 * card] for card in cards):
            found = node, cards, _free_at_once(board, need.group.ask, node, cards)
        need.slot.start = begin(board, need, *found)


def _chosen(board: Board, need: Need) -> tuple[int, tuple[int, ...]]:
    """Return the node and the cards of what was placed."""
    start = need.slot.start
    assert start is not None, "what was placed has a start"
    return (start.node, tuple(sorted(board.grid.card_of[uuid] for uuid in start.place.cards)))


def _free_at_once(board: Board, ask: Ask, node: int, cards: tuple[int, ...]) -> bool:
    """Return whether a place waits for nothing."""
    if ask.other_kind and board.books.peak_kinds[node][ask.other_kind]:
        return False
    return board.books.fits(ask.uses(board.grid, node, cards))


def _other_orders(order: list[Need], left: list[Need]) -> list[list[Need]]:
    orders = [_these_first(order, left)]
    orders += [sorted(order, key=lambda need, by=by: (by(need), need.name)) for by in _ORDERS[1:]]  # type: ignore[misc]
    return orders[: max(1, EFFORT // len(order))]


def _these_first(order: list[Need], left: list[Need]) -> list[Need]:
    """Put as many of each service first as are left out of it: its lowest ordinals, as the highest are to go without."""
    missing = Counter(need.group.wanted.service for need in left)
    first = []
    for need in sorted(order, key=lambda need: need.slot.ordinal):
        if missing[need.group.wanted.service] > 0:
            missing[need.group.wanted.service] -= 1
            first.append(need)
    names = {need.name for need in first}
    return [
        *(need for need in order if need.name in names),
        *(need for need in order if need.name not in names),
    ]


def _alone(board: Board, need: Need) -> bool:
    """Return whether it fits as long as nobody else is placed."""
    return find(board, need.group.ask) is not None


def _attempt(board: Board, order: Sequence[Need], most: int | None = None) -> tuple[list[Need], list[Need]]:
    """Place one after the other; return who has a place and who has none. It ends where ``most`` have none."""
    done: list[Need] = []
    left: list[Need] = []
    hopeless: set[object] = set()
    for need in order:
        ask = need.group.ask
        # Books only fill up during one attempt, so what did not fit once does not fit later.
        same: object = (ask.claim, ask.pool) if ask.spread is None else need.group.wanted.service
        found = None if same in hopeless else find(board, ask)
        if found is None:
            hopeless.add(same)
            left.append(need)
            if len(left) == most:
                break
        else:
            need.slot.start = begin(board, need, *found)
            done.append(need)
    return done, left


def _undo(board: Board, done: Sequence[Need]) -> None:
    for need in done:
        start = need.slot.start
        assert start is not None, "what was placed has a start"
        board.take_back(start)
        if need.group.ask.spread is not None:
            need.group.ask.spread.count(start.node, -1)
        need.slot.start = None


def find(board: Board, ask: Ask) -> tuple[int, tuple[int, ...], bool] | None:
    """Return (node, cards, free at once) of the best place, or None."""
    found = board.chooser.best(ask)
    if found is not None:
        return (*found, True)
    best = None
    for node in sorted(board.stops_on):
        for cards in final_choices(ask, board.grid, board.books.in_the_end, node):
            rank = (_waits(board, ask, node, cards), *board.chooser.final_rank(node, cards, ask))
            if best is None or rank < best[0]:
                best = (rank, node, cards)
    return None if best is None else (best[1], best[2], False)


def _waits(board: Board, ask: Ask, node: int, cards: tuple[int, ...]) -> int:
    """Return 0 where stops that wait for nothing free the place, 1 where it hangs on replacements."""
    uses = ask.uses(board.grid, node, cards)
    soon = [stop.credit for stop in board.stops_on[node] if stop.credit is not None and not stop.replaced]
    return int(bool(board.books.missing(uses, soon)))


def begin(board: Board, need: Need, node: int, cards: tuple[int, ...], free: bool) -> Start:
    ask, slot = need.group.ask, need.slot
    place = ask.place(board.grid, node, cards)
    uses = ask.uses(board.grid, node, cards)
    start = Start(need.group.wanted, slot.ordinal, place, node, uses, revision=ask.wanted.revision)
    if slot.moved:
        start.how = "move"
    elif slot.olds:
        start.how = "roll"
    start.reason = slot.why
    start.settled = free
    start.other_kind = ask.other_kind
    board.put(start)
    if ask.spread is not None:
        ask.spread.count(node)
    return start
