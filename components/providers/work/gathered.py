"""Services declared at the same time, recorded in one transaction: Pulumi creates from four threads at once.

A call returns when its declaration is durable, as if it had a transaction of its own. Where declarations come one after
the other while others are recorded, the next is kept for a moment until some are together: a transaction costs far more
than what is in it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from components.ledger import ServiceRecord

TOGETHER = 3
"""So many are waited for: of the SDK's four threads the last answers the checks, without which no other would come."""
PAUSE_S = 0.02
"""How long for: a few times what Pulumi takes from one service to the next."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """One service of one owner, and why it is recorded (for the audit)."""

    owner: str
    record: ServiceRecord
    because: str


@dataclass(slots=True, eq=False)
class _Ticket:
    declaration: Declaration
    done: bool = False
    error: BaseException | None = None


class Gathered:
    """Hands what has gathered while the last transaction ran to the next one."""

    def __init__(self, commit: Callable[[Sequence[Declaration]], None]) -> None:
        """``commit`` records all it is given, or none and raises."""
        self._commit = commit
        self._changed = threading.Condition()
        self._waiting: list[_Ticket] = []
        self._led = False
        self._crowded = False

    def declare(self, declaration: Declaration) -> None:
        """Record it; raises what ``commit`` raises of it, whatever becomes of the others."""
        mine = _Ticket(declaration)
        with self._changed:
            self._waiting.append(mine)
            # One that comes alone is recorded at once: a change of one service, or `--parallel 1`.
            self._crowded = self._crowded or self._led
            self._changed.notify_all()
            self._changed.wait_for(lambda: mine.done or not self._led)
            batch = [] if mine.done else self._gather()
        if batch:
            self._record(batch)
            with self._changed:
                self._led = False
                self._changed.notify_all()
        if mine.error is not None:
            raise mine.error

    def _gather(self) -> list[_Ticket]:
        """Lead: take all that wait by now, or in a moment where others have been coming."""
        self._led = True
        if self._crowded:
            self._changed.wait_for(lambda: len(self._waiting) >= TOGETHER, PAUSE_S)
            self._crowded = len(self._waiting) > 1
        batch, self._waiting = self._waiting, []
        return batch

    def _record(self, batch: Sequence[_Ticket]) -> None:
        try:
            self._commit([ticket.declaration for ticket in batch])
        except BaseException as error:  # noqa: BLE001 - whatever it is, the waiting callers must hear of it
            if len(batch) > 1 and isinstance(error, Exception):
                # One that cannot be recorded must not fail its neighbours: each on its own.
                for ticket in batch:
                    self._record([ticket])
            else:
                # Whatever it was, nobody may take it for recorded.
                for ticket in batch:
                    ticket.error = error
        finally:
            for ticket in batch:
                ticket.done = True
