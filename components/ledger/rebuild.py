"""Records anew what a lost ledger held of one owner: declarations, wanted services, and instances that were seen to run.

One write transaction, judged as a commit is; nothing is started or stopped. What stands recorded is replaced only where the
ledger is older than what is known from elsewhere, as one that was restored from a backup is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from components.ledger import rows as held_rows
from components.ledger import schema
from components.ledger.committing import commit as committing
from components.ledger.database.keys import Vault
from components.ledger.declarations import PoolDeclaration, declare_pool, nodes_of
from components.ledger.declaring import declare_services
from components.ledger.errors import Refused
from components.ledger.events import Story
from components.ledger.found import Found, write_found
from components.ledger.generations import knows, newest_plan
from components.ledger.records import Commit, ServiceRecord
from components.ledger.states import states, views
from components.spec.claim import Wanted
from components.spec.node import Node

_instance = schema.instance


@dataclass(frozen=True, slots=True)
class Past:
    """All that is known of one owner from elsewhere. ``holder``: physical id of its Placement, empty where it has none.

    ``nodes``, ``pools``, ``wanted`` and ``waiting`` are those of its Placement, so that they count as committed.
    ``generation``: the mark of the plan that Pulumi's state was last applied with.
    """

    owner: str
    holder: str
    declared_pools: Sequence[PoolDeclaration]
    services: Sequence[ServiceRecord]
    nodes: Sequence[Node]
    pools: Sequence[str]
    wanted: Sequence[Wanted]
    waiting: Sequence[tuple[str, int]] = ()
    found: Sequence[Found] = ()
    generation: str = ""


def rebuild(connection: sa.Connection, past: Past, vault: Vault, story: Story, now: datetime) -> Commit:
    """Write ``past``, instead of what is recorded of this owner where the ledger is older than ``past``.

    Raises :class:`Refused` where it is not older and holds anything of this owner, or what was found has no room.
    """
    if is_older(connection, past):
        _drop_older(connection, past, story)
    else:
        _refuse_over_something(connection, past.owner)
    for pool in past.declared_pools:
        declare_pool(connection, past.owner, pool, story, now)
    wanted = {each.service for each in past.wanted}
    kept = [service for service in past.services if service.service in wanted]
    declare_services(connection, past.owner, kept, vault, story)
    made = committing.commit(connection, _without_rows(past), str, story, now)
    # A commit forgets declarations that it does not want; these wait for the next plan.
    others = [service for service in past.services if service.service not in wanted]
    declare_services(connection, past.owner, others, vault, story)
    write_found(connection, past.found, past.pools, made.plan_id, story, now)
    return replace(made, ids=dict(enumerate((each.held.id for each in past.found), 1)))


def counts(connection: sa.Connection, owner: str) -> Mapping[str, int]:
    """Return how much of each kind is recorded of this owner; without what there is nothing of."""
    tables = {
        "pools": schema.pool,
        "services": schema.service,
        "instances": schema.instance,
        "wanted services": schema.wanted,
    }
    found = {
        name: connection.scalar(sa.select(sa.func.count()).select_from(table).where(table.c.owner == owner))
        or 0
        for name, table in tables.items()
    }
    return {name: count for name, count in found.items() if count}


def is_older(connection: sa.Connection, past: Past) -> bool:
    """Return whether the ledger holds something of this owner and is older than what is known of it from elsewhere.

    So it is where Pulumi's state was applied with a plan that it never had, or where something runs that it never had.
    """
    owned = held_rows.load(connection, _instance.c.owner == past.owner)
    if not owned and not newest_plan(connection, past.owner):
        return False
    if past.generation and not knows(connection, past.owner, past.generation):
        return True
    return not {each.held.id for each in past.found} <= {row.held.id for row in owned}


def _drop_older(connection: sa.Connection, past: Past, story: Story) -> None:
    """Forget the rows of this owner, except on lost nodes, where nobody can see what runs."""
    owned = held_rows.load(connection, _instance.c.owner == past.owner)
    pools = sorted({row.held.place.pool for row in owned})
    lost = {
        view.node.key
        for view in views(nodes_of(connection, pools), states(connection, pools))
        if view.state == "lost"
    }
    gone = [row.held for row in owned if row.held.place.node_key not in lost]
    held_rows.delete(connection, [held.id for held in gone])
    for held in gone:
        story.tell(
            held.id, "forgotten", "the ledger is older than what is known of it", where=held.place.where
        )


def _refuse_over_something(connection: sa.Connection, owner: str) -> None:
    if there := counts(connection, owner):
        told = ", ".join(f"{count} {name if count > 1 else name[:-1]}" for name, count in there.items())
        raise Refused(
            f"this ledger is not lost: it holds {told} of {owner}, and a rebuild never replaces what is recorded. "
            "`pulumi preview` plans from it. If it is the wrong file, name the right one with --ledger, EAS_LEDGER or "
            "eas:ledger; if it is to be made anew, move the file away first"
        )


def _without_rows(past: Past) -> committing.Proposal:
    """The plan that has nothing to do: it takes up nodes, specs and wishes, and says who waits."""
    waiting: dict[str, dict[int, None]] = {}
    for service, ordinal in past.waiting:
        waiting.setdefault(service, {})[ordinal] = None
    return committing.Proposal(
        past.owner,
        past.nodes,
        past.pools,
        past.wanted,
        waiting,
        (),
        holder=past.holder,
        generation=past.generation,
    )
