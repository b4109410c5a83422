"""Records instances that were seen to run and that the ledger does not know: after it was lost, or lost some of them.

Inside one write transaction; nothing is started or stopped.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from components.ledger import rows as held_rows
from components.ledger import schema, transitions
from components.ledger.declarations import know, nodes_of
from components.ledger.errors import Refused
from components.ledger.events import Story
from components.placement.bound import overfull
from components.placement.snapshot import Held

_instance = schema.instance
_plan = schema.plan


@dataclass(frozen=True, slots=True)
class Found:
    """One instance that runs (or ran and died), in the state that it was seen in; ``held.after`` is empty."""

    held: Held
    endpoint: str = ""
    detail: str = ""


def record_found(
    connection: sa.Connection,
    owner: str,
    found: Sequence[Found],
    gone: Collection[str],
    story: Story,
    now: datetime,
) -> None:
    """Write rows of ``owner``; those that are there by now stay as they are. Raises :class:`Refused` where there is no room.

    ``gone``: its settled rows that were seen gone, and whose place in the program one of ``found`` has.
    """
    know(connection, owner, story, now)
    there = held_rows.load(connection, _instance.c.owner == owner)
    left = [row for row in there if row.held.id in gone and row.held.state in ("ready", "failed")]
    transitions.forced_gone(connection, left, story, now, what="gone")
    known = {row.held.id for row in there}
    newest = sa.select(sa.func.coalesce(sa.func.max(_plan.c.id), 0)).where(_plan.c.owner == owner)
    fresh = [each for each in found if each.held.id not in known]
    write_found(connection, fresh, (), connection.scalar(newest) or 0, story, now)


def write_found(
    connection: sa.Connection,
    found: Sequence[Found],
    pools: Collection[str],
    plan_id: int,
    story: Story,
    now: datetime,
) -> None:
    """Write rows for what was found, judged beside all that stands recorded on these pools and theirs."""
    names = sorted({*pools, *(each.held.place.pool for each in found)})
    nodes = [node for node, _ in nodes_of(connection, names)]
    there = [row.held for row in held_rows.load(connection, _instance.c.pool.in_(names))]
    fresh = [each.held for each in found]
    # What runs on a node that is drained or cordoned runs there: only room is judged, not whether more may come.
    for excess in overfull(nodes, [*there, *fresh], {held.id for held in fresh}):
        raise Refused(
            f"what runs does not fit what is declared and recorded, so nothing was written: {excess}. "
            "Stop what is too much there, or, where what another stack holds there is older than what runs, run "
            "`eas ledger rebuild` for that stack first (--stack NAME); then run this again"
        )
    capacities = {card.uuid: card.memory_mib for node in nodes for card in node.cards}
    held_rows.insert(connection, fresh, capacities, plan_id, now)
    for each in found:
        connection.execute(
            _instance.update()
            .where(_instance.c.id == each.held.id)
            .values(endpoint=each.endpoint, detail=each.detail)
        )
        story.tell(
            each.held.id,
            f"found {each.held.state}",
            f"on {each.held.place.node_key}" + (f" at {each.endpoint}" if each.endpoint else ""),
            plan_id=plan_id,
            where=each.held.place.where,
        )
