"""Services declared at the same time, recorded in one transaction: Pulumi creates from four threads at once.

A call returns when its declaration is durable, as if it had a transaction of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from components.ledger import ServiceRecord


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
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._waiting: list[_Ticket] = []

    def declare(self, declaration: Declaration) -> None:
        """Record it; raises what ``commit`` raises of it, whatever becomes of the others."""
        mine = _Ticket(declaration)
        with self._lock:
            self._waiting.append(mine)
        with self._turn:
            if not mine.done:
                with self._lock:
                    batch, self._waiting = self._waiting, []
                self._record(batch)
        if mine.error is not None:
            raise mine.error

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
