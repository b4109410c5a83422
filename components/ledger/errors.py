"""What can go wrong with the ledger, as sentences that name the thing, its value and the next step.

::

    LedgerError
      Unusable              the ledger cannot be opened or written: file, lock, version, key
        NotALedger · LedgerMissing · LedgerReadOnly · LedgerTooNew · LedgerExposed · BadLocation · KeyFault
        LedgerLocked · LedgerUnreachable · LedgerDisturbed (these are retriable)
      Refused               it can, but this change is not made; nothing was written
        StalePlan · PlanIncomplete · PoolInUse · ForeignHolder · IllegalMove · LeaseHeld · LeaseLost
      Unknown               it has no such thing
        UnknownOwner · LedgerOlder · UnknownInstance · UnknownRevision · UnknownNode

Exceptions of SQLAlchemy, sqlite3, psycopg and cryptography stop here and are chained.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal


class LedgerError(Exception):
    """Base of all; catch it where a sentence for the user is enough."""

    retriable = False
    """Whether asking again a little later can help, without anybody doing anything."""


class Unusable(LedgerError):
    """The ledger cannot be opened, read or written."""


class NotALedger(Unusable):
    """The file or database is something else, or damaged."""


class LedgerMissing(Unusable):
    """A write was asked of a ledger that does not exist and was opened without leave to create it."""


class LedgerLocked(Unusable):
    """Another process kept the ledger locked for longer than the limit."""

    retriable = True


class LedgerUnreachable(Unusable):
    """The database's server does not answer, or the connection to it is gone."""

    retriable = True


class LedgerDisturbed(Unusable):
    """The database undid a transaction again and again for another program's sake: deadlock, serialization failure."""

    retriable = True


class LedgerReadOnly(Unusable):
    """The file or its folder, or the database, may not be written."""


class LedgerExposed(Unusable):
    """Every user of the machine may read or write the file."""


class LedgerTooNew(Unusable):
    """Its schema was written by a newer version of this program."""


class BadLocation(Unusable):
    """The ledger's URL or path cannot be understood."""


class KeyFault(Unusable):
    """The key that decrypts specs is missing, malformed, readable by others, or another ledger's."""


class Refused(LedgerError):
    """The change was judged and not made; nothing was written."""


Conflict = Literal["taken", "closed", "gone", "elsewhere", "changed", "quota"]
"""Why a plan is stale. ``taken``: others hold what it wants. ``closed``: the node or card takes nothing new. ``gone``: the
ledger no longer has it. ``elsewhere``: another pool has the card. ``changed``: this owner's own rows are other ones.
``quota``: its quota leaves less than it wants."""


class StalePlan(Refused):
    """What the plan was made from is no longer so.

    ``reason``: of which kind this is. ``card``: the card's UUID, or ``pool/node`` where the node's CPU, memory or state
    decided, or empty. ``wish``: the instances that this plan wants there, with their sizes. ``service``: the first of them,
    or empty. ``who``: who has it now, each with owner, size and since when.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: Conflict = "changed",
        card: str = "",
        wish: str = "",
        service: str = "",
        who: Sequence[str] = (),
    ) -> None:
        """Keep the parts beside the sentence."""
        super().__init__(message)
        self.reason: Conflict = reason
        self.card = card
        self.wish = wish
        self.service = service
        self.who = tuple(who)


class PlanIncomplete(Refused):
    """The plan contradicts itself or says nothing about a row that it must carry on or stop: a fault of the planner."""


class PoolInUse(Refused):
    """The pool holds instances; ``instances`` has their ids."""

    def __init__(self, message: str, *, instances: Sequence[str]) -> None:
        """Keep the ids beside the sentence."""
        super().__init__(message)
        self.instances = tuple(instances)


class ForeignHolder(Refused):
    """Another owner declares this pool."""


class IllegalMove(Refused):
    """An instance cannot go from its state to the one asked for; the message has its story."""


class LeaseHeld(Refused):
    """Another process is carrying out; ``services`` are those it holds."""

    def __init__(self, message: str, *, services: Sequence[str] = ()) -> None:
        """Keep the services beside the sentence."""
        super().__init__(message)
        self.services = tuple(services)


class LeaseLost(Refused):
    """The fencing number is no longer the service's: somebody else carries out now. Stop at once."""

    def __init__(self, message: str, *, services: Sequence[str] = ()) -> None:
        """Keep the services beside the sentence."""
        super().__init__(message)
        self.services = tuple(services)


class Unknown(LedgerError):
    """The ledger has no such thing."""


class UnknownOwner(Unknown):
    """Pulumi knows assignments of an owner that this ledger has never held."""


class LedgerOlder(Unknown):
    """Pulumi's state was applied with a plan that this ledger has never heard of: it was restored, or is another one."""


class UnknownInstance(Unknown):
    """No row with this id: never committed, or already seen gone."""


class UnknownRevision(Unknown):
    """No spec is recorded for this revision of the service."""


class UnknownNode(Unknown):
    """No such node in this pool."""
