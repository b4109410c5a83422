"""What operators and observation say of nodes and cards, beside what the program declares."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime

import sqlalchemy as sa

from components.ledger import schema
from components.ledger.events import Story
from components.ledger.records import NodeStateRow
from components.placement.snapshot import STRICTNESS, NodeState, NodeView, StateCause
from components.spec.node import Node

_table = schema.node_state
_about = schema.about
STATES = sa.select(*(_table.c[each.name] for each in fields(NodeStateRow))).order_by(
    _table.c.pool, _table.c.node, _table.c.card, _table.c.cause
)
"""Rows with the fields of :class:`NodeStateRow`."""
STATES_IN = STATES.where(_table.c.pool.in_(sa.bindparam("pools", expanding=True)))
"""Those of some ``pools``."""
_CONFIRMED = "losses confirmed of pool "
_PASSED = "last pass over pool "


@dataclass(frozen=True, slots=True)
class Verdict:
    """A state with who says so, on the way to the strictest."""

    state: NodeState
    cause: StateCause
    reason: str


def set_state(connection: sa.Connection, row: NodeStateRow, story: Story) -> None:
    """Record what ``row.cause`` says of the node or card; ``ready`` takes back what it said before."""
    key = [_table.c[name] == getattr(row, name) for name in ("pool", "node", "card", "cause")]
    found = connection.execute(sa.select(_table.c.state, _table.c.reason, _table.c.who).where(*key)).first()
    before: NodeState = found.state if found else "ready"
    if before == row.state and (found is None or (found.reason, found.who) == (row.reason, row.who)):
        return
    connection.execute(_table.delete().where(*key))
    if row.state != "ready":
        names = [column.name for column in _table.columns]
        connection.execute(_table.insert().values({name: getattr(row, name) for name in names}))
    subject = f"pool/{row.pool}/{row.node}" + (f"/{row.card}" if row.card else "")
    story.tell(subject, f"{before} -> {row.state}", f"{row.cause} {row.who}: {row.reason}".rstrip(": "))


def confirmed(connection: sa.Connection, pool: str) -> datetime | None:
    """Return until when the losses of this pool's nodes are confirmed."""
    said = connection.scalar(sa.select(_about.c.value).where(_about.c.name == f"{_CONFIRMED}{pool}"))
    return datetime.fromisoformat(said) if said else None


def confirm(connection: sa.Connection, pool: str, who: str, story: Story, now: datetime) -> None:
    """Record that what is lost by now is lost indeed."""
    name = f"{_CONFIRMED}{pool}"
    connection.execute(_about.delete().where(_about.c.name == name))
    connection.execute(_about.insert().values(name=name, value=now.isoformat()))
    story.tell(f"pool/{pool}", "losses confirmed", f"by {who}")


def passed(connection: sa.Connection, pools: Iterable[str], now: datetime) -> None:
    """Record that a reconciler has come through a pass over these pools."""
    names = [f"{_PASSED}{pool}" for pool in pools]
    connection.execute(_about.delete().where(_about.c.name.in_(names)))
    if names:
        connection.execute(_about.insert(), [{"name": name, "value": now.isoformat()} for name in names])


def passes(connection: sa.Connection) -> dict[str, datetime]:
    """Return pool -> when a reconciler last came through a pass over it."""
    rows = connection.execute(sa.select(_about).where(_about.c.name.startswith(_PASSED)))
    return {row.name.removeprefix(_PASSED): datetime.fromisoformat(row.value) for row in rows}


def states(connection: sa.Connection, pools: Iterable[str]) -> tuple[NodeStateRow, ...]:
    """Return what stands recorded for these pools, by node, card and cause."""
    found = connection.execute(STATES_IN, {"pools": sorted(set(pools))})
    return tuple(NodeStateRow(*row) for row in found)


def views(nodes: Iterable[tuple[Node, bool]], recorded: Iterable[NodeStateRow]) -> tuple[NodeView, ...]:
    """Return each node with the strictest of what is declared and recorded; ``True`` marks one that left the program."""
    by_node: dict[tuple[str, str], list[NodeStateRow]] = {}
    for row in recorded:
        by_node.setdefault((row.pool, row.node), []).append(row)
    return tuple(_view(node, departed, by_node.get((node.pool, node.name), [])) for node, departed in nodes)


def _view(node: Node, departed: bool, recorded: list[NodeStateRow]) -> NodeView:
    verdict = Verdict(node.state, "program", node.reason)
    if departed and STRICTNESS[node.state] < STRICTNESS["draining"]:
        verdict = Verdict("draining", "program", "the node left the program")
    cards = {
        card.uuid: Verdict(card.state, "program", card.reason) for card in node.cards if card.state != "ready"
    }
    known = {card.uuid for card in node.cards} if recorded else set()
    for row in recorded:
        said = Verdict(row.state, row.cause, _reason(row))
        if not row.card:
            verdict = _stricter(verdict, said)
        elif row.card in known:
            cards[row.card] = _stricter(cards.get(row.card, said), said)
    return NodeView(
        node=node,
        state=verdict.state,
        cause=verdict.cause,
        reason=verdict.reason,
        card_states={uuid: card.state for uuid, card in cards.items()},
        card_reasons={uuid: card.reason for uuid, card in cards.items()},
        card_causes={uuid: card.cause for uuid, card in cards.items()},
    )


def as_others_say(view: NodeView, declared_by: str) -> NodeView:
    """Return how a stack sees a node of another one's pool: what that declares is an operator's, not its own change."""
    cards: dict[str, StateCause] = {
        uuid: "operator" if cause == "program" else cause for uuid, cause in view.card_causes.items()
    }
    if view.cause == "program" and view.state != "ready":
        said = f"{view.reason} ({declared_by})" if view.reason else f"by {declared_by}"
        return replace(view, cause="operator", reason=said, card_causes=cards)
    return replace(view, card_causes=cards) if cards != view.card_causes else view


def _stricter(before: Verdict, said: Verdict) -> Verdict:
    return said if STRICTNESS[said.state] > STRICTNESS[before.state] else before


def _reason(row: NodeStateRow) -> str:
    who = f"{row.who}, {row.since:%Y-%m-%d %H:%M} UTC"
    return f"{row.reason} ({who})" if row.reason else who


def forget_states(connection: sa.Connection, pool: str, node: str) -> None:
    """Forget what was said of a node that is no longer there."""
    connection.execute(_table.delete().where(_table.c.pool == pool, _table.c.node == node))
