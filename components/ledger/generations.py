"""Which plans Pulumi's state was told of: to tell a ledger that is older than the state, as a restored backup is.

A plan that Placement commits carries a mark that stands in Pulumi's state as well. Pruning keeps the events of
commits, so a ledger that has never heard of the state's mark has lost what came after its own end.
"""

from __future__ import annotations

import sqlalchemy as sa

from components.ledger import schema
from components.ledger.errors import LedgerOlder
from components.ledger.exported import not_applied_by, picture_in

_KNOWN = ", known to Pulumi as "
_event, _plan = schema.event, schema.plan


def told(generation: str) -> str:
    """Return what the event of a committed plan says of its mark."""
    return f"{_KNOWN}{generation}" if generation else ""


def newest_plan(connection: sa.Connection, owner: str) -> int:
    """Return the number of this owner's newest plan, 0 before its first."""
    return connection.scalar(sa.select(sa.func.max(_plan.c.id)).where(_plan.c.owner == owner)) or 0


def knows(connection: sa.Connection, owner: str, generation: str) -> bool:
    """Return whether a plan with this mark was ever committed here."""
    marked = (
        _event.c.owner == owner,
        _event.c.what == "committed",
        _event.c.detail.endswith(told(generation)),
    )
    # The newest first: it is nearly always that.
    query = sa.select(_event.c.id).where(*marked).order_by(_event.c.id.desc()).limit(1)
    return connection.scalar(query) is not None


def require(connection: sa.Connection, owner: str, generation: str, name: str) -> None:
    """Raise :class:`LedgerOlder` where Pulumi's state has a mark that ledger ``name`` does not know; empty is none."""
    if not generation or knows(connection, owner, generation):
        return
    if picture := picture_in(connection):
        # It has no events, and is no older ledger for that.
        raise not_applied_by(name, picture)
    query = sa.select(sa.func.max(_plan.c.committed)).where(_plan.c.owner == owner)
    newest = connection.scalar(query)
    last = (
        f"its last plan of this stack is of {newest:%Y-%m-%d %H:%M:%S} UTC"
        if newest
        else "it has no plan of this stack"
    )
    raise LedgerOlder(
        f"ledger {name} does not know the plan that Pulumi's state of {owner} was last applied with ({generation}); {last}. "
        "It is older than the state, as one that was restored from a backup is, or it is another ledger: planning "
        "from it would start again what runs. Point --ledger, EAS_LEDGER or eas:ledger at the right one, or run `eas ledger "
        "rebuild`, which replaces what it holds of this stack by what Pulumi's state and the runtime show"
    )
