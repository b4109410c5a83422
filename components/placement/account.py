"""Why an instance sits where the plan has it: how many places could take it, and on what the others fail.

The same look at every card as for a refusal, with the instance itself thought away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from components.placement import words
from components.placement.board import Board, Group
from components.placement.capacity import kind_of
from components.placement.jobs import Slot
from components.placement.plan import decide
from components.placement.plan_types import PlanOptions
from components.placement.snapshot import Place, Snapshot
from components.placement.survey import Survey
from components.spec.claim import Wanted


@dataclass(frozen=True, slots=True)
class Account:
    """``able``: how many cards (``of``: or nodes) could take the instance. ``counts``: how many could not, by reason."""

    able: int
    counts: dict[str, int]
    of: str
    sentence: str


class Accounts:
    """Accounts of the instances of one plan."""

    def __init__(self, snapshot: Snapshot, wanted: Sequence[Wanted], options: PlanOptions) -> None:
        """Decide who goes where, as ``plan`` does."""
        self._board = decide(snapshot, wanted, options).board
        self._slots = {
            (group.wanted.service, slot.ordinal): (group, slot)
            for group in self._board.groups
            for slot in group.slots
        }

    def of(self, service: str, ordinal: int) -> Account | None:
        """Return the account of an instance that has a place; None without one, since its refusal has the numbers."""
        group, slot = self._slots.get((service, ordinal), (None, None))
        if group is None or slot is None:
            return None
        place = slot.kept.place if slot.kept else slot.start.place if slot.start else None
        return None if place is None else _account(self._board, group, slot, place)


def _account(board: Board, group: Group, slot: Slot, place: Place) -> Account:
    _count(board, group, place, -1)
    survey = Survey(board, group.ask, board.books.in_the_end)
    _count(board, group, place, 1)
    of = "node" if group.ask.kind == "cpu" else "card"
    return Account(survey.able, survey.counts, of, _sentence(survey, of, slot))


def _count(board: Board, group: Group, place: Place, sign: int) -> None:
    """Think an instance away, or with ``sign`` 1 back."""
    node = board.node(place)
    board.books.stay(board.grid.uses(place), node, kind_of(place), sign)
    if group.ask.spread is not None and node >= 0:
        group.ask.spread.count(node, sign)


def _sentence(survey: Survey, of: str, slot: Slot) -> str:
    total = survey.able + sum(survey.counts.values())
    things = of if total == 1 else f"{of}s"
    said = f"{survey.able} of {total} {things} could take it"
    if survey.counts:
        said += ": " + ", ".join(f"{count} {reason}" for reason, count in survey.counts.items())
    if not slot.pinned:
        return f"{said}."
    return " ".join(
        part
        for part in (f"It should leave, and {said}.", words.nearest(survey), words.remedy(survey))
        if part
    )
