"""``eas pool``: every card with what is on it, and every node with its state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer

from components.cli.base import declared
from components.cli.base.command import command
from components.cli.base.session import Session

if TYPE_CHECKING:
    from components.ledger import NodeStateRow
    from components.placement.snapshot import NodeView, Snapshot

HEADINGS = ("NODE", "POOL", "STATE", "FREE CARDS", "CPU", "MEMORY", "WHO AND WHY")


def register(app: typer.Typer) -> None:
    """Add ``pool``."""

    @command(
        app, "pool", brief="every card with what is on it, every node", examples="eas pool\neas pool --json"
    )
    def pool(session: Session) -> None:
        """Show every card with what is on it and what is free, and every node with its state, who set it and when.

        Shows what the ledger holds; before the first `up`, what pool.yaml declares.
        """
        snapshot = snapshot_now(session)
        usage = _usage(snapshot)
        states = [row for name in _pools(snapshot) for row in session.ledger.node_states(name)]
        session.show(
            {**usage, "states": [_state(row) for row in states]}, _text(session, snapshot, usage, states)
        )


def usage_now(session: Session) -> dict[str, Any]:
    """Return how full every card and node is now."""
    return _usage(snapshot_now(session))


def snapshot_now(session: Session) -> Snapshot:
    """Return all that the ledger holds; before the first `up`, the declared nodes with nothing on them."""
    recorded = session.ledger.pools()
    if recorded:
        return session.ledger.snapshot(session.owner, None, [pool.name for pool in recorded])
    return declared.snapshot_of(session, declared.load(session))


def _usage(snapshot: Snapshot) -> dict[str, Any]:
    from components.placement.plan_types import Plan
    from components.placement.usage import usage

    return usage(snapshot, Plan(assignments={}))


def _pools(snapshot: Snapshot) -> list[str]:
    """Return the names of the pools in a snapshot."""
    return sorted({view.node.pool for view in snapshot.nodes})


def _state(row: NodeStateRow) -> dict[str, Any]:
    """Return what is said of a node or card as plain data."""
    return {
        "pool": row.pool,
        "node": row.node,
        "card": row.card or None,
        "state": row.state,
        "cause": row.cause,
        "reason": row.reason,
        "who": row.who,
        "since": row.since.isoformat(timespec="seconds"),
    }


def _text(session: Session, snapshot: Snapshot, usage: dict[str, Any], states: list[NodeStateRow]) -> str:
    from components.placement.address import card_indexes
    from components.placement.picture import card_lines, columns, natural

    indexes = card_indexes(view.node for view in snapshot.nodes)
    views = sorted(snapshot.nodes, key=lambda view: natural(view.node.key))
    by_name = {(node["pool"], name.rpartition("/")[2]): node for name, node in usage["nodes"].items()}
    rows = [_row(view, by_name[view.node.pool, view.node.name]) for view in views]
    lines = [*card_lines(usage), "", columns(HEADINGS, rows)]
    lines += [_card_state(row, indexes) for row in states if row.card]
    lines += [said for view in views for said in _overruled(view, states)]
    if not session.ledger.pools():
        lines.append("nothing is recorded yet: this is what pool.yaml declares")
    return "\n".join(lines)


def _row(view: NodeView, used: dict[str, Any]) -> tuple[str, ...]:
    """Return one node as a row."""
    node = view.node
    why = " ".join(part for part in (_cause(view), view.reason) if part)
    return (
        node.name,
        node.pool,
        view.state,
        f"{used['free_cards']}/{used['cards']}",
        f"{used['used_cpu_milli'] / 1000:g}/{node.cpu_milli / 1000:g}",
        f"{used['used_memory_mib'] / 1024:.0f}/{node.memory_mib / 1024:.0f} GiB",
        why or "-",
    )


def _cause(view: NodeView) -> str:
    """Return who says that a node is not ready."""
    if view.state == "ready":
        return ""
    return {"program": "pool.yaml:", "operator": "", "observed": "observed:"}[view.cause]


def _overruled(view: NodeView, states: list[NodeStateRow]) -> Iterator[str]:
    """Say what else is said of a node than what counts, which is the strictest."""
    node = view.node
    if node.state != "ready" and view.cause != "program":
        yield f"{node.name} is also {node.state} (pool.yaml)" + (f": {node.reason}" if node.reason else "")
    for row in states:
        if (row.pool, row.node, row.card) == (node.pool, node.name, "") and row.cause != view.cause:
            reason = f": {row.reason}" if row.reason else ""
            yield f"{node.name} is also {row.state} ({row.who}, {row.since:%Y-%m-%d %H:%M} UTC){reason}"


def _card_state(row: NodeStateRow, indexes: dict[str, int]) -> str:
    """Return what is said of one card."""
    reason = f": {row.reason}" if row.reason else ""
    return f"{row.node}/{indexes.get(row.card, row.card)} is {row.state} ({row.who}, {row.since:%Y-%m-%d %H:%M} UTC){reason}"
