"""``eas pool``: every card with what is on it, and every node with its state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from components.cli.base import declared
from components.cli.base.command import command
from components.cli.base.session import Session

if TYPE_CHECKING:
    from components.ledger import NodeStateRow
    from components.placement.snapshot import NodeState, NodeView, Snapshot, StateCause

QUOTA_HEADINGS = ("OWNER", "POOL", "CARDS", "MEMORY MiB", "COMPUTE %", "QUOTA")
HEADINGS = ("NODE", "POOL", "STATE", "FREE CARDS", "CPU", "MEMORY", "WHO AND WHY")


def register(app: typer.Typer) -> None:
    """Add ``pool``."""

    @command(
        app, "pool", brief="every card with what is on it, every node", examples="eas pool\neas pool --json"
    )
    def pool(session: Session) -> None:
        """Show every card with what is on it and what is free, every node with its state, and what each owner may take.

        Shows what the ledger holds; before the first `up`, what pool.yaml declares.
        """
        session.note_absence()
        snapshot = snapshot_now(session)
        usage = _usage(snapshot)
        recorded = (row for name in _pools(snapshot) for row in session.ledger.node_states(name))
        said = _sayings(snapshot, recorded)
        quotas = _quotas(session, snapshot)
        idle = _quotas_for_nobody(session, snapshot)
        text = "\n".join(
            [_text(session, snapshot, usage, said), *_quota_lines(quotas), *map(_for_nobody, idle)]
        )
        facts = {"states": [one.to_dict() for one in said], "quotas": quotas, "quotas_for_nobody": idle}
        session.show({**usage, **facts}, text)


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


def _quotas(session: Session, snapshot: Snapshot) -> list[dict[str, Any]]:
    """Return what each owner with a quota takes and may take; of this stack, and of those that hold something."""
    from components.placement.quota import held_of, numbers, sizes_of, total
    from components.spec.quotas import quota_of

    sizes = sizes_of(view.node for view in snapshot.nodes)
    found = []
    for pool in session.ledger.pools():
        owners = {row.owner for row in snapshot.held if row.place.pool == pool.name} | {session.owner}
        for owner in sorted(owners) if pool.quotas else ():
            quota = quota_of(pool.name, pool.quotas, owner)
            used = total(held_of(snapshot.held, owner, pool.name, sizes))
            if quota is not None:
                found.append(
                    {"owner": owner, "pool": pool.name, "entry": quota.entry, **numbers(quota, used)}
                )
    return found


def _quotas_for_nobody(session: Session, snapshot: Snapshot) -> list[dict[str, str]]:
    """Return the entries that are for no owner that the ledger knows, each with the owner that is perhaps meant."""
    from components.spec.nearest import nearest
    from components.spec.owners import without_suffix
    from components.spec.quotas import entries_for_nobody

    pools = session.ledger.pools()
    if not any(pool.quotas for pool in pools):
        return []
    owners = {session.owner, *(pool.owner for pool in pools), *(row.owner for row in snapshot.held)}
    owners |= {service.owner for service in session.ledger.services()}
    plain = {without_suffix(owner) for owner in owners}
    return [
        {"pool": pool.name, "entry": entry, "perhaps": "".join(nearest(entry, plain, 1))}
        for pool in pools
        for entry in entries_for_nobody(pool.quotas, owners)
    ]


def _for_nobody(found: dict[str, str]) -> str:
    meant = f"; did you mean {found['perhaps']!r}?" if found["perhaps"] else ""
    return f"quota {found['entry']!r} of pool {found['pool']} is for no stack that the ledger knows{meant}"


def _quota_lines(quotas: Iterable[dict[str, Any]]) -> Iterator[str]:
    from components.placement.picture import columns

    rows = [
        (
            found["owner"],
            found["pool"],
            *(_of(found[name]) for name in ("cards", "memory_mib", "compute")),
            found["entry"],
        )
        for found in quotas
    ]
    if rows:
        yield ""
        yield columns(QUOTA_HEADINGS, rows)


def _of(figure: dict[str, Any]) -> str:
    """Return ``1.5/4``; ``1.5`` where there is no limit."""
    used, most = figure["used"], figure["quota"]
    return f"{used:g}" if most is None else f"{used:g}/{most:g}"


@dataclass(frozen=True, slots=True)
class Saying:
    """What the program, an operator or observation says of a node (``card`` None) or card that is not ready."""

    pool: str
    node: str
    card: str | None
    state: NodeState
    cause: StateCause
    reason: str
    who: str
    since: datetime | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        since = self.since.isoformat(timespec="seconds") if self.since else None
        return asdict(self) | {"since": since}

    def told(self, name: str, *, also: bool) -> str:
        """Return the sentence: who says so, since when and why."""
        when = f", {self.since:%Y-%m-%d %H:%M} UTC" if self.since else ""
        reason = f": {self.reason}" if self.reason else ""
        return f"{name} is {'also ' if also else ''}{self.state} ({self.who}{when}){reason}"


def _sayings(snapshot: Snapshot, recorded: Iterable[NodeStateRow]) -> list[Saying]:
    """Return all that is said of nodes and cards; of one node or card the strictest, which counts, comes first."""
    from components.placement.picture import natural
    from components.placement.snapshot import STRICTNESS

    said = []
    for view in snapshot.nodes:
        node = view.node
        things = [
            (None, node.state, node.reason),
            *((card.uuid, card.state, card.reason) for card in node.cards),
        ]
        said += [
            Saying(node.pool, node.name, card, state, "program", reason, "pool.yaml")
            for card, state, reason in things
            if state != "ready"
        ]
    said += [
        Saying(row.pool, row.node, row.card or None, row.state, row.cause, row.reason, row.who, row.since)
        for row in recorded
    ]
    at = {card.uuid: card.index for view in snapshot.nodes for card in view.node.cards}
    return sorted(
        said,
        key=lambda one: (
            natural(f"{one.pool}/{one.node}"),
            at.get(one.card or "", -1),
            one.card or "",
            -STRICTNESS[one.state],
        ),
    )


def _text(session: Session, snapshot: Snapshot, usage: dict[str, Any], said: list[Saying]) -> str:
    from components.placement.address import card_indexes
    from components.placement.picture import card_lines, columns, natural

    indexes = card_indexes(view.node for view in snapshot.nodes)
    views = sorted(snapshot.nodes, key=lambda view: natural(view.node.key))
    by_name = {(node["pool"], name.rpartition("/")[2]): node for name, node in usage["nodes"].items()}
    rows = [_row(view, by_name[view.node.pool, view.node.name]) for view in views]
    lines = [*card_lines(usage), "", columns(HEADINGS, rows)]
    lines += _beside_the_table(said, indexes)
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


def _beside_the_table(said: Iterable[Saying], indexes: dict[str, int]) -> Iterator[str]:
    """Say what counts of each card, and what else is said of a node or card than what counts, which is the strictest."""
    before = None
    for one in said:
        first, before = before != (one.pool, one.node, one.card), (one.pool, one.node, one.card)
        if one.card is not None:
            yield one.told(f"{one.node}/{indexes.get(one.card, one.card)}", also=not first)
        elif not first:
            yield one.told(one.node, also=True)
