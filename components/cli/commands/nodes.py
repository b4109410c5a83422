"""``eas drain``, ``cordon``, ``uncordon`` and ``forget``: what operators say of nodes and cards."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from components.cli.base.command import command
from components.cli.base.ending import CommandError
from components.cli.base.session import Session, now
from components.cli.base.targets import card_or_node, label_of, node_named

if TYPE_CHECKING:
    from components.ledger import InstanceRow
    from components.placement.snapshot import NodeState
    from components.spec.node import Node

TargetArgument = Annotated[
    str,
    typer.Argument(
        metavar="NODE|CARD", help="gpu-a, POOL/gpu-a, gpu-a/0 or a card's UUID.", show_default=False
    ),
]
NodeArgument = Annotated[str, typer.Argument(metavar="NODE", help="gpu-a or POOL/gpu-a.", show_default=False)]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
ReasonOption = Annotated[
    str, typer.Option("--reason", "-r", metavar="TEXT", help="Why; everybody who asks reads it.")
]


def register(app: typer.Typer) -> None:
    """Add the four commands."""

    @command(
        app,
        "drain",
        brief="take nothing new, move away what is there",
        examples='eas drain a100-0 --reason "new driver"\neas drain a100-0/2',
    )
    def drain(session: Session, target: TargetArgument, reason: ReasonOption = "") -> None:
        """Take nothing new on a node or card, and let what is there move away with the next `up` or `eas reconcile`.

        Instances run on where they are until they can move. Those of a service with the label eas-slices/evictable "false"
        are moved by nothing but the next `up` of their own stack.
        """
        _set(session, target, "draining", reason)

    @command(
        app,
        "cordon",
        brief="take nothing new, keep what is there",
        examples='eas cordon a100-0 --reason "noisy fan"',
    )
    def cordon(session: Session, target: TargetArgument, reason: ReasonOption = "") -> None:
        """Take nothing new on a node or card; what is there stays."""
        _set(session, target, "cordoned", reason)

    @command(app, "uncordon", brief="take back `drain` or `cordon`", examples="eas uncordon a100-0")
    def uncordon(session: Session, target: TargetArgument, reason: ReasonOption = "") -> None:
        """Take back what `drain` or `cordon` said of a node or card."""
        _set(session, target, "ready", reason)

    @command(
        app,
        "forget",
        brief="give up a node that will never return",
        examples='eas forget a100-0 --reason "sold"\neas forget a100-0 --yes',
    )
    def forget(
        session: Session, target: NodeArgument, reason: ReasonOption = "", yes: YesOption = False
    ) -> None:
        """Give up a node that will never return: what it held counts as gone, and may start elsewhere.

        What still runs there is not stopped. The next `up` starts elsewhere what is still wanted.
        """
        _forget(session, target, reason, yes)


def recorded_nodes(session: Session) -> list[Node]:
    """Return every node that the ledger has; commands on nodes need them recorded."""
    nodes = [node for pool in session.ledger.pools() for node in pool.nodes]
    if not nodes:
        place = session.ledger_place
        raise CommandError(
            f"ledger {place.shown} ({place.source}) has no nodes; `eas up` records those of pool.yaml"
        )
    return nodes


def sitting_on(session: Session, node: Node, card: str | None) -> list[InstanceRow]:
    """Return the instances of every owner on a node or card."""
    rows = session.ledger.instances(pool=node.pool)
    return [
        row
        for row in rows
        if row.held.place.node == node.name and (card is None or card in row.held.place.cards)
    ]


def _set(session: Session, target: str, state: NodeState, reason: str) -> None:
    """Record what the operator says, and say what it means."""
    node, card = card_or_node(target, recorded_nodes(session))
    session.writable_ledger.set_node_state(
        node.pool, node.name, card, state, "operator", reason, session.who, now()
    )
    rows = sitting_on(session, node, card)
    labels = [label_of(row) for row in rows]
    staying = _not_evictable(session, rows) if state == "draining" else []
    session.show(
        {
            "pool": node.pool,
            "node": node.name,
            "card": card,
            "state": state,
            "reason": reason,
            "instances": labels,
            "not_evictable": staying,
        },
        "\n".join([_said(target, state, labels), *map(_stays, staying)]),
    )


def _not_evictable(session: Session, rows: list[InstanceRow]) -> list[dict[str, str]]:
    """Return those that only their own stack moves, each with its owner."""
    found = []
    for owner in sorted({row.held.owner for row in rows}):
        committed = session.ledger.committed(owner)
        held = {want.service for want in committed.wanted if not want.evictable} if committed else set()
        found += [
            {"owner": owner, "instance": label_of(row)}
            for row in rows
            if row.held.owner == owner and row.held.service in held
        ]
    return found


def _stays(one: dict[str, str]) -> str:
    return f"{one['instance']} is not evictable: it stays until the next `up` of {one['owner']} moves it; ask there"


def _forget(session: Session, name: str, reason: str, yes: bool) -> None:
    """Mark the node lost, on the operator's word, and give its places up."""
    node = node_named(name, recorded_nodes(session))
    labels = [label_of(row) for row in sitting_on(session, node, None)]
    if not yes:
        question = f"Give up {node.key} and what it holds ({', '.join(labels) or 'nothing'})?"
        if session.json_output or not sys.stdin.isatty():
            raise CommandError(
                f"there is no terminal to ask on; `eas forget {name} --yes` gives up {node.key} and {len(labels)} instances"
            )
        if not typer.confirm(question):
            raise CommandError("nothing was changed")
    ledger = session.writable_ledger
    said = reason or "given up with eas forget"
    ledger.set_node_state(node.pool, node.name, None, "lost", "operator", said, session.who, now())
    gone = ledger.forget_node(node.pool, node.name, now=now(), because=f"eas forget by {session.who}: {said}")
    text = f"{node.key} is given up; {len(gone)} instances count as gone; `eas up` starts elsewhere what is still wanted"
    session.show({"pool": node.pool, "node": node.name, "gone": list(gone), "reason": said}, text)


def _said(target: str, state: NodeState, labels: list[str]) -> str:
    """Return what the reader should know and do next."""
    there = f"{len(labels)} there: {', '.join(labels)}" if labels else "nothing is there"
    if state == "draining":
        following = (
            "`eas plan` shows where it would go, `eas up` moves it" if labels else "it can be taken away"
        )
        return f"{target} is draining: nothing new goes there; {there}; {following}"
    if state == "cordoned":
        return (
            f"{target} is cordoned: nothing new goes there; {there} and stays"
            if labels
            else (f"{target} is cordoned: nothing new goes there; {there}")
        )
    return f"{target} takes instances again, unless pool.yaml or observation says otherwise; {there}"
