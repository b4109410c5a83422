"""What the reader sees while a plan is carried out: one short line per event, and a sign of life when nothing happens."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Event = Literal["starting", "ready", "stopping", "stopped", "failed", "skipped", "waiting", "note"]
QUIET_S = 5.0
"""After this long without a line, and then again after each such time, one line says what is waited for."""
NAMED = 5
"""How many instances the waiting line names."""


@dataclass(frozen=True, slots=True)
class Progress:
    """One line: what happened, to which instance (``service/ordinal``, empty for several), and the words."""

    event: Event
    label: str
    text: str

    def __str__(self) -> str:
        """The line, without an end."""
        return self.text


class Narrator:
    """Says each event once, and after some quiet what is waited for. Times are handed in."""

    def __init__(self, report: Callable[[Progress], None], now: datetime) -> None:
        """Say everything through ``report``; the quiet begins now."""
        self._report = report
        self._spoke = now

    def say(self, event: Event, label: str, text: str, now: datetime) -> None:
        """Say one line now; of a text with several lines only the first, the rest comes in the outcome."""
        first, _, more = text.partition("\n")
        self._report(Progress(event, label, f"{first} …" if more else first))
        self._spoke = now

    def idle(self, waiting: Iterable[tuple[str, datetime]], now: datetime) -> None:
        """Say what is waited for, as (label, since when), the longest first, if nothing was said for a while."""
        if (now - self._spoke).total_seconds() < QUIET_S:
            return
        rows = sorted(waiting, key=lambda row: (row[1], row[0]))
        if not rows:
            return
        names = ", ".join(label for label, _ in rows[:NAMED])
        more = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
        longest = (now - rows[0][1]).total_seconds()
        self.say(
            "waiting", "", f"waiting for {len(rows)}: {names}{more} (the longest for {longest:.0f} s)", now
        )
