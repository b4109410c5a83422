"""What would make room for those that are left: the smallest number of moves, and which. Nothing is changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from components.placement.address import address_of
from components.placement.choose import Need
from components.placement.room.field import Field, Item, Landing
from components.placement.room.maker import Name, Room
from components.placement.room.search import DEEPEST, Found

TOLD = 8
"""For how many claims moves are looked for, one on top of the other."""
SHOWN = 4
"""How many moves a sentence names."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What would help one claim: with ``max_moves`` it gets a place; 0 where no moves that were looked for make room."""

    max_moves: int
    sentence: str


LATER = "Room cannot be made for it together with what else is replaced here: apply this without it first."
"""What is said to one for whom moves make room that no order of all steps leads to."""


def hints(room: Room, homeless: Sequence[Need], barred: Collection[Name] = ()) -> dict[Name, Hint]:
    """Return a hint for each of those that are left: what helps all of them, else what helps one after the other.

    Whoever the effort did not reach is not in the answer, nor is one that nobody's leaving would help. ``barred``: those for
    whom room was made in vain.
    """
    if not homeless:
        return {}
    return {
        name: Hint(hint.max_moves, LATER) if name in barred and hint.max_moves else hint
        for name, hint in _looked_for(room, homeless).items()
    }


def _looked_for(room: Room, homeless: Sequence[Need]) -> dict[Name, Hint]:
    field, _ = room.tools()
    if not field.anybody:
        return {}
    if room.together:
        hint = _hint(field, room.together[0], room.together[-1], 0)
        return {need.name: hint for need in homeless}
    return _one_by_one(room, homeless)


def _one_by_one(room: Room, homeless: Sequence[Need]) -> dict[Name, Hint]:
    """Look for room for each on top of the moves of those before it."""
    field, search = room.tools()
    told: dict[Name, Hint] = {}
    hopeless: dict[tuple[int, str], Hint | None] = {}
    applied: list[tuple[list[Item], list[Landing]]] = []
    moves = room.moves
    for need in homeless:
        item = room.item(need)
        same = (item.kind, item.spread)
        if same in hopeless:
            hint = hopeless[same]
        elif applied and (spot := _spot(field, item)) is not None:
            applied.append(([], [field.land(item, *spot)]))
            hint = Hint(moves, f"It fits as well with {counted(moves)} (set max_moves to {moves}).")
        elif room.effort.left < 1 or len(applied) >= TOLD:
            break
        elif (found := search.fewest((item,), DEEPEST)) is None:
            hint = hopeless[same] = _none(search.spent, search.tried)
        else:
            hint = _hint(field, found, search.loose, moves)
            moves += len(found.moves)
            applied.append(_apply(field, found))
        if hint is not None:
            told[need.name] = hint
    _undo(field, applied)
    return told


def _apply(field: Field, found: Found) -> tuple[list[Item], list[Landing]]:
    lifted = [landing.item for landing in found.moves]
    for item in lifted:
        field.lift(item)
    return lifted, [field.land(one.item, one.node, one.cards) for one in (*found.moves, *found.places)]


def _undo(field: Field, applied: Sequence[tuple[list[Item], list[Landing]]]) -> None:
    for lifted, landed in reversed(applied):
        for landing in reversed(landed):
            field.take_off(landing)
        for item in reversed(lifted):
            field.put_back(item)


def _spot(field: Field, item: Item) -> tuple[int, tuple[int, ...]] | None:
    """Return where an item fits now that others are thought away."""
    spots = ((node, cards) for node in sorted(field.touched) for cards in field.choices(item, node))
    return next(spots, None)


def counted(moves: int) -> str:
    """Return ``1 move``, ``2 moves``."""
    return f"{moves} move{'' if moves == 1 else 's'}"


def _hint(field: Field, found: Found, loose: Found | None, before: int) -> Hint:
    """Say with how many moves it fits, and with how many nobody is interrupted where that takes more."""
    least = found if loose is None else loose
    total = before + len(least.moves)
    ways = [_way(field, landing) for landing in least.moves[:SHOWN]]
    more = f" and {len(least.moves) - SHOWN} more" if len(least.moves) > SHOWN else ""
    how = ", break-before-make" if least.breaks else ""
    who = "It fits" if len(found.places) == 1 else f"All {len(found.places)} without a place fit"
    sentence = (
        f"{who} with {counted(len(least.moves))}{how}: {', '.join(ways)}{more} (set max_moves to {total})"
    )
    if least is not found:
        gentle = before + len(found.moves)
        sentence += f", or with {counted(len(found.moves))} that interrupt nobody (set max_moves to {gentle})"
    return Hint(total, sentence + ".")


def _way(field: Field, landing: Landing) -> str:
    """Return ``llama/2 from gpu-a/0 to gpu-b/1``."""
    grid, row = field.grid, landing.item.row
    assert row is not None, "only what sits somewhere is moved"
    indexes = dict(zip(grid.uuids, grid.card_index, strict=True))
    target = landing.item.plain.place(grid, landing.node, landing.cards)
    return f"{landing.item.label} from {address_of(row.place, indexes)} to {address_of(target, indexes)}"


def _none(spent: bool, tried: bool) -> Hint | None:
    """Say that nothing was found, and how far it was looked for; nothing where nobody's leaving would help."""
    if not tried:
        return None
    if spent:
        return Hint(0, f"No up to {DEEPEST} moves that make room were found within the effort of one plan.")
    return Hint(0, f"Moving up to {DEEPEST} other instances would make no room.")
