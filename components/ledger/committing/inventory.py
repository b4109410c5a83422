"""The nodes and cards that committed plans take up, and their leaving once nothing is held there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from components.ledger import schema
from components.ledger.committing.judge import AGAIN
from components.ledger.committing.standing import Standing, same_document
from components.ledger.database.asking import ask
from components.ledger.declarations import nodes_of, quotas_for, spelled
from components.ledger.differences import node_differences
from components.ledger.errors import StalePlan
from components.ledger.events import Story
from components.ledger.removal import removal_refusal
from components.ledger.rows import load
from components.ledger.states import forget_states
from components.spec.node import Node
from components.spec.quotas import Quota, Quotas

_card = schema.card
_instance = schema.instance
_node = schema.node
_pool = schema.pool
_HOLDS = sa.exists().where(_instance.c.pool == _node.c.pool, _instance.c.node == _node.c.name)
DEPARTED = sa.select(_node.c.pool, _node.c.name).where(_node.c.departed, sa.not_(_HOLDS))
"""Nodes that left the program and hold nothing any more."""


def take_up(
    connection: sa.Connection, owner: str, there: Standing, nodes: Sequence[Node], story: Story, now: datetime
) -> tuple[tuple[Node, bool], ...]:
    """Make ``nodes`` what this owner's pools have; return what counts, with whether each has left the program.

    Pools of another owner stay as that owner declared and committed them, and of those only the nodes that ``there`` has
    are returned. Raises :class:`StalePlan` for a card that another pool has.
    """
    mine = [name for name in there.asked if there.pools.get(name, (owner, True))[0] == owner]
    before = {f"{row.pool}/{row.name}": row for row in there.nodes}
    _refuse_removal(connection, owner, mine, nodes, there)
    changed = _write_nodes(connection, mine, nodes, before, story, now)
    uncommitted = [name for name, (_, committed) in there.pools.items() if not committed]
    if fresh := [name for name in mine if name in uncommitted]:
        connection.execute(_pool.update().where(_pool.c.name.in_(fresh)).values(committed=True))
    if changed or uncommitted:
        # Cards follow from nodes: where these are as they were, so are those.
        counted = nodes_of(connection, there.asked)
        _write_cards(connection, there.asked, counted)
        return counted
    as_given = {node.key: node for node in nodes if node.pool in mine}
    return tuple(
        (as_given.get(key) or Node.from_dict(row.document), bool(row.departed)) for key, row in before.items()
    )


def take_up_quotas(
    connection: sa.Connection, owner: str, there: Standing, quotas: Mapping[str, Quotas], story: Story
) -> tuple[Quota, ...]:
    """Make ``quotas`` what this owner's pools let each take; return what they and all others let ``owner`` take."""
    counting = dict(there.quotas)
    for name in sorted(quotas):
        before, now = counting.get(name, {}), quotas[name]
        if there.pools.get(name, ("", False))[0] != owner or spelled(now) == spelled(before):
            continue
        connection.execute(_pool.update().where(_pool.c.name == name).values(quotas=spelled(now)))
        changed = [entry for entry in sorted({*before, *now}) if before.get(entry) != now.get(entry)]
        story.tell(f"pool/{name}", "quotas taken up", "; ".join(_quota(entry, now) for entry in changed))
        counting[name] = now
    return quotas_for(owner, {name: (there.pools[name][0], said) for name, said in counting.items()})


def _quota(entry: str, quotas: Quotas) -> str:
    figures = quotas.get(entry)
    said = "none any more" if figures is None else ", ".join(f"{name} {figures[name]}" for name in figures)
    return f"{entry}: {said or 'no limit'}"


def release_departed(connection: sa.Connection, story: Story) -> None:
    """Remove nodes that left the program and hold nothing any more."""
    (departed,) = ask(connection, (DEPARTED, {}))
    remove_nodes(connection, departed, story)


def remove_nodes(connection: sa.Connection, departed: Iterable[Any], story: Story) -> None:
    """Remove the nodes that :data:`DEPARTED` answers."""
    for row in departed:
        _remove(connection, row.pool, row.name)
        story.tell(f"pool/{row.pool}/{row.name}", "removed", "it left the program and holds nothing any more")


def _refuse_removal(
    connection: sa.Connection, owner: str, pools: Sequence[str], nodes: Sequence[Node], there: Standing
) -> None:
    """Raise :class:`StalePlan` where what leaves the program holds other owners' instances by now."""
    given = {node.key: {card.uuid for card in node.cards} for node in nodes}
    mine = [row for row in there.nodes if row.pool in pools and not row.departed]
    less = [row for row in mine if not _uuids(row) <= given.get(f"{row.pool}/{row.name}", frozenset())]
    less += [row for row in mine if f"{row.pool}/{row.name}" not in given and not _uuids(row)]
    if not less:
        return
    on = _instance.c.pool.in_(pools), _instance.c.node.in_([row.name for row in less])
    held = [row.held for row in load(connection, *on, _instance.c.owner != owner)]
    before = [Node.from_dict(row.document) for row in less]
    if said := removal_refusal(owner, held, before, nodes):
        raise StalePlan(f"{said}. {AGAIN}", reason="taken", who=tuple(row.id for row in held))


def _uuids(row: Any) -> set[str]:
    return {card["uuid"] for card in row.document["cards"]}


def _write_nodes(
    connection: sa.Connection,
    pools: Sequence[str],
    nodes: Sequence[Node],
    before: Mapping[str, Any],
    story: Story,
    now: datetime,
) -> bool:
    """Write what differs from before; return whether anything did."""
    changed = False
    given = {node.key: node for node in nodes if node.pool in pools}
    fresh = []
    for key, node in given.items():
        found = before.get(key)
        document = node.to_dict()
        if found is None:
            fresh.append(
                {"pool": node.pool, "name": node.name, "document": document, "departed": False, "since": now}
            )
            story.tell(f"pool/{key}", "taken up", f"{node.instance_type}, {len(node.cards)} cards")
            changed = True
        elif found.departed or not same_document(found.document, document):
            change = {"document": document, "departed": False, "since": now}
            connection.execute(
                _node.update().where(_node.c.pool == node.pool, _node.c.name == node.name).values(**change)
            )
            story.tell(
                f"pool/{key}",
                "taken up anew",
                "it returned to the program"
                if found.departed
                else node_differences(found.document, document),
            )
            changed = True
    if fresh:
        connection.execute(_node.insert(), fresh)
    for key, found in before.items():
        if found.pool in pools and key not in given and not found.departed:
            here = sa.and_(_node.c.pool == found.pool, _node.c.name == found.name)
            connection.execute(_node.update().where(here).values(departed=True, since=now))
            story.tell(f"pool/{key}", "left the program")
            changed = True
    return changed


def _write_cards(connection: sa.Connection, pools: Sequence[str], nodes: Iterable[tuple[Node, bool]]) -> None:
    wanted: dict[str, dict[str, object]] = {}
    # A card that went to another node of the pool counts there: nodes that left come first and are overwritten.
    for node, _ in sorted(nodes, key=lambda pair: not pair[1]):
        for card in node.cards:
            wanted[card.uuid] = {
                "uuid": card.uuid,
                "pool": node.pool,
                "node": node.name,
                "position": card.index,
                "model": card.model,
                "memory_mib": card.memory_mib,
            }
    query = sa.select(_card).where(_card.c.pool.in_(pools))
    before = {row.uuid: dict(row._mapping) for row in connection.execute(query)}
    old = [uuid for uuid, row in before.items() if wanted.get(uuid) != row]
    new = [row for uuid, row in wanted.items() if before.get(uuid) != row]
    if old:
        connection.execute(
            _card.delete().where(_card.c.uuid == sa.bindparam("b_uuid")), [{"b_uuid": uuid} for uuid in old]
        )
    if new:
        _refuse_cards_elsewhere(connection, pools, [str(row["uuid"]) for row in new])
        connection.execute(_card.insert(), new)


def _refuse_cards_elsewhere(connection: sa.Connection, pools: Sequence[str], uuids: Sequence[str]) -> None:
    query = sa.select(_card.c.uuid, _card.c.pool, _card.c.node).where(_card.c.pool.not_in(pools))
    elsewhere = {row.uuid: row for row in connection.execute(query)}
    for uuid in uuids:
        if row := elsewhere.get(uuid):
            raise StalePlan(
                f"card {uuid} belongs to node {row.pool}/{row.node}; one physical card is declared in one pool only. "
                f"Take it out of one of the two, or reference pool {row.pool!r}. {AGAIN}",
                reason="elsewhere",
                card=uuid,
                who=(f"pool {row.pool}",),
            )


def _remove(connection: sa.Connection, pool: str, name: str) -> None:
    connection.execute(_node.delete().where(_node.c.pool == pool, _node.c.name == name))
    connection.execute(_card.delete().where(_card.c.pool == pool, _card.c.node == name))
    forget_states(connection, pool, name)
