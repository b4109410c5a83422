"""Why an instance got no place, in numbers, and what would make it fit; and whether that fails the check.

Check failures are kept for what this change adds or enlarges. What lost its place, and what an operator drains, never
blocks anybody's change: it waits, or runs on where it is, and the plan says so.
"""

from __future__ import annotations

from collections.abc import Mapping

from components.placement import words
from components.placement.board import Board, Standing
from components.placement.capacity import View
from components.placement.choose import Need
from components.placement.feasible import Ask
from components.placement.jobs import Start
from components.placement.plan_types import Refusal
from components.placement.rolling import Roll
from components.placement.room.hints import Hint
from components.placement.survey import Survey

DETAILED = 3
"""For so many services that run on where they are each card is looked at; a drained rack strands hundreds for one reason."""


class Explainer:
    """Explains refusals on one board; instances of one service that are refused alike are looked at once."""

    def __init__(
        self,
        board: Board,
        hints: Mapping[tuple[str, int], Hint],
        over: Mapping[tuple[str, int], str] | None = None,
    ) -> None:
        """Nothing has been looked at yet but which moves would help whom, and who is ``over`` a quota."""
        self._board = board
        self._over = over or {}
        self._hints = hints
        self._seen: dict[tuple[str, str], tuple[dict[str, int], str, str]] = {}

    def _look(self, ask: Ask, view: View, name: str) -> tuple[dict[str, int], str, str]:
        key = (ask.wanted.service, name)
        if key not in self._seen:
            survey = Survey(self._board, ask, view)
            self._seen[key] = (survey.counts, words.nearest(survey), words.remedy(survey))
        return self._seen[key]

    def runs_on(self, need: Need) -> str:
        """Say that an instance runs on where it is although it should not, and why."""
        service, ordinal = need.name
        if need.name in self._over:
            return f"{service}/{ordinal} runs on where it is ({need.slot.why}). {self._over[need.name]}"
        sentence = f"{service}/{ordinal} runs on where it is, since it fits nowhere else ({need.slot.why})"
        if len(self._seen) >= DETAILED and (service, "final") not in self._seen:
            return f"{sentence}; `eas why {service}/{ordinal}` says what is short."
        counts, nearest, _ = self._look(need.group.ask, self._board.books.in_the_end, "final")
        says = ", ".join(f"{count} {reason}" for reason, count in counts.items())
        hint = self._hints.get(need.name)
        return " ".join(
            part for part in (f"{sentence}: {says}.", nearest, hint.sentence if hint else "") if part
        )

    def refusal(self, need: Need) -> Refusal:
        """Explain why an instance has no place."""
        service, ordinal = need.name
        ask = need.group.ask
        if need.name in self._over:
            return Refusal(
                service,
                ordinal,
                words.asks(ask, self._board.grid),
                {},
                self._over[need.name],
                "",
                blocks(self._board, need),
                prefix=_prefix(self._board, need),
                verdict="exceeds a quota",
            )
        counts, nearest, remedy = self._look(ask, self._board.books.in_the_end, "final")
        hint = self._hints.get(need.name)
        return Refusal(
            service,
            ordinal,
            words.asks(ask, self._board.grid),
            counts,
            nearest,
            " ".join(part for part in (remedy, self._board.doubts.get(need.name, "")) if part),
            blocks(self._board, need),
            prefix=_prefix(self._board, need),
            of="node" if ask.kind == "cpu" else "card",
            verdict="fits nowhere else" if need.slot.olds else "fits nowhere",
            moves=hint.sentence if hint else "",
            max_moves=hint.max_moves if hint else 0,
        )

    def no_way_to_roll(self, roll: Roll) -> Refusal:
        """Explain that a roll has neither a surge place nor ``max_unavailable``, naming both ways out."""
        wanted = roll.group.wanted
        ask = Ask(wanted, None, separate=self._board.options.memory_only == "separate")
        counts: dict[str, int] = {}
        nearest, room = "", "set rolling_strategy.max_surge to 1"
        verdict, why = "may have no surge instance", "max_unavailable and max_surge are 0"
        if wanted.max_surge != 0:
            counts, nearest, _ = self._look(ask, self._board.books.at_most, "surge")
            room = words.freed(Survey(self._board, ask, self._board.books.at_most))
            verdict, why = (
                "finds no place for a surge instance",
                "max_unavailable is 0 and no place is free for a surge instance",
            )
        return Refusal(
            wanted.service,
            min(slot.ordinal for slot in roll.in_place),
            words.asks(ask, self._board.grid),
            counts,
            nearest,
            f"Either {room}, or set rolling_strategy.max_unavailable to 1, which rolls one at a time in place.",
            prefix=f"{wanted.service} cannot be rolled, since {why}: ",
            of="node" if ask.kind == "cpu" else "card",
            verdict=verdict,
        )

    def stuck(self, start: Start) -> Refusal:
        """Explain that rolls wait for one another."""
        return Refusal(
            start.service,
            start.ordinal,
            "a place that others leave",
            {},
            "What leaves it waits for this very instance, through the waves of a roll.",
            "Roll or resize these services in two changes, or free room on "
            f"{self._board.grid.nodes[start.node].name} for the time of the roll.",
            verdict="cannot be put in any order",
        )


def _alive(board: Board, need: Need) -> list[Standing]:
    """Return how things stand with the instances of this ordinal that run."""
    rows = [old.row for old in need.slot.olds if old.row is not None and old.row.state != "stopping"]
    return [board.standing(row.place) for row in rows]


def may_run_on(board: Board, need: Need) -> bool:
    """Return whether an instance that fits nowhere else stays where it is instead of failing the check."""
    standings = _alive(board, need)
    if not standings or any(_drained_here(standing) for standing in standings):
        return False
    return board.options.on_insufficient == "wait" or any(
        standing.state == "draining" for standing in standings
    )


def _drained_here(standing: Standing) -> bool:
    return standing.state == "draining" and standing.cause == "program"


def blocks(board: Board, need: Need) -> bool:
    """Return whether a refusal fails the check."""
    standings = _alive(board, need)
    if any(_drained_here(standing) for standing in standings):
        return True
    if need.slot.lost and not standings:
        return False
    finishing = [old.row for old in need.slot.olds if old.row is not None and not standings]
    if finishing and all(row.revision == need.group.wanted.revision for row in finishing):
        return False
    return board.options.on_insufficient == "refuse"


def _prefix(board: Board, need: Need) -> str:
    for standing in _alive(board, need):
        if _drained_here(standing):
            gone = "no longer declared" in standing.reason or "left the program" in standing.reason
            return f"{standing.subject} cannot be {'removed' if gone else 'drained'}: "
    return ""
