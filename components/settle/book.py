"""Writing down what happened: leases, and one ledger transaction for all transitions of a tick.

Every effect comes after a write (or a renewal) of the same tick that proved the lease, so that a process whose lease was
taken over does nothing any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from components.ledger import LeaseHolder, LeaseLost, Ledger, Recorded, Transition
from components.settle.task import short

TTL = timedelta(seconds=60)
"""How long a lease outlives a process on another host; on this host a dead process is seen at once."""


class Book:
    """The ledger as one run writes it; ``fault`` is called with ``record STATE:before:INSTANCE`` and ``…:after:…``."""

    def __init__(
        self,
        ledger: Ledger,
        owner: str,
        holder: LeaseHolder,
        *,
        because: str,
        fault: Callable[[str], None],
    ) -> None:
        """Write for ``owner`` as ``holder``; nothing is written yet."""
        self._ledger = ledger
        self._owner = owner
        self._holder = holder
        self._because = because
        self._fault = fault
        self._fences: Mapping[str, int] = {}
        self._renewed: datetime | None = None

    def open(self, services: Iterable[str], now: datetime) -> None:
        """Take the leases of these services; raises ``LeaseHeld`` naming the live process that has one."""
        self._fault("lease:before")
        self._fences = self._ledger.lease(
            self._owner, sorted(set(services)), holder=self._holder, now=now, because=self._because, ttl=TTL
        )
        self._renewed = now
        self._fault("lease:after")

    def fence(self, service: str) -> int:
        """Return the fencing number of a service that was opened."""
        return self._fences[service]

    def keep(self, now: datetime, *, prove: bool = False) -> None:
        """Renew the leases when a third of their time is over, or now (``prove``); raises ``LeaseLost``."""
        if not prove and self._renewed is not None and now - self._renewed <= TTL / 3:
            return
        if lost := self._ledger.renew(self._owner, self._fences, now=now, ttl=TTL):
            raise LeaseLost(
                f"{', '.join(lost)} of {self._owner}: another process carries out now, so nothing more is done here",
                services=lost,
            )
        self._renewed = now

    def write(self, transitions: Sequence[Transition], now: datetime) -> Recorded:
        """Record all of them in one transaction; those that are refused say why, except that a lost lease raises.

        Raises ``LeaseLost``: then stop at once.
        """
        names = [f"{move.to}:{{}}:{self._short(move)}" for move in transitions]
        for name in names:
            self._fault("record " + name.format("before"))
        recorded = self._ledger.record(transitions, now=now, because=self._because)
        for name in names:
            self._fault("record " + name.format("after"))
        for refusal in recorded.refused.values():
            if isinstance(refusal, LeaseLost):
                raise refusal
        return recorded

    def close(self, now: datetime) -> None:
        """Give the leases back, those that are still ours."""
        if not self._fences:
            return
        self._fault("release:before")
        self._ledger.release(self._owner, self._fences, now=now, because=self._because)
        self._fault("release:after")

    def _short(self, move: Transition) -> str:
        return short(move.instance, self._owner)
