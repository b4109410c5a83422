"""``eas ledger rebuild``: a ledger that was lost, recorded anew from Pulumi's state and what the runtimes keep."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Any

from components.cli.base.ending import CommandError
from components.cli.base.session import Session, now

if TYPE_CHECKING:
    from components.cli.base.found import Findings
    from components.cli.base.state import State
    from components.spec.node import Node

SHOWN = 40
NEXT = "run `pulumi preview` next: it shows what differs from the program"


def rebuild(session: Session) -> None:
    """Read the state, look at the runtimes, and write both down in one transaction."""
    from components.cli.base.found import look, runtimes_of
    from components.cli.base.state import state_of

    workspace = session.workspace
    with session.busy("reading Pulumi's state"):
        state = state_of(workspace)
    if not state.owner:
        raise CommandError(
            f"the state of stack '{workspace.stack}' has no pool, service or placement, so there is nothing to rebuild "
            "from; `eas up` makes what is declared"
        )
    borrowed = _borrowed(session, state)
    recorded = {record.name: record.runtime for record in session.ledger.pools()}
    with session.busy("asking the runtimes"):
        nodes = [node for pool in state.pools for node in pool.nodes]
        others = [row.held for row in session.ledger.instances() if row.held.owner != state.owner]
        findings = look(state, [*nodes, *borrowed], runtimes_of(state, recorded, session.runtime), others)
    _write(session, state, findings)
    facts = _facts(session, state, findings)
    session.show(facts, _text(facts))


def _borrowed(session: Session, state: State) -> list[Node]:
    """Return the nodes of pools that other stacks declare; their ledger entries must be there first."""
    nodes: list[Node] = []
    for pool in state.pools:
        if pool.reference:
            record = session.ledger.pool(pool.name)
            if record is None:
                raise CommandError(
                    f"pool {pool.name} is declared by another stack, and the ledger does not have it; "
                    "run `eas ledger rebuild` for that stack first (--stack NAME)"
                )
            nodes += record.nodes
    return nodes


def _write(session: Session, state: State, findings: Findings) -> None:
    from components.ledger.rebuild import Past
    from components.placement.address import WAITING

    past = Past(
        owner=state.owner,
        holder=state.holder,
        declared_pools=state.declared_pools,
        services=state.services,
        nodes=[node for pool in state.pools for node in pool.nodes],
        pools=[pool.name for pool in state.pools],
        wanted=state.wanted,
        waiting=[
            (service, int(ordinal))
            for service, places in state.assignments.items()
            for ordinal, place in places.items()
            if place == WAITING and service in {want.service for want in state.wanted}
        ],
        found=findings.found,
        generation=state.generation,
    )
    session.writable_ledger.rebuild(
        past, now=now(), because=f"eas ledger rebuild by {session.who} (pid {os.getpid()})"
    )


def _facts(session: Session, state: State, findings: Findings) -> dict[str, Any]:
    from components.placement.address import address_of, card_indexes

    indexes = card_indexes(node for pool in session.ledger.pools() for node in pool.nodes)
    return {
        "ledger": session.ledger_place.shown,
        "owner": state.owner,
        "pools": len(state.declared_pools),
        "services": len(state.services),
        "instances": [
            {
                "instance": f"{each.held.service}/{each.held.ordinal}",
                "id": each.held.id,
                "place": address_of(each.held.place, indexes),
                "state": each.held.state,
                "endpoint": each.endpoint,
            }
            for each in findings.found
        ],
        "missing": findings.missing,
        "moved": findings.moved,
        "silent": findings.silent,
        "more": findings.more,
        "leaving": findings.leaving,
        "extra": findings.extra,
        "next": NEXT,
    }


def _text(facts: dict[str, Any]) -> str:
    from components.placement.picture import columns, counted

    found = facts["instances"]
    rows = [(each["instance"], each["place"], each["state"], each["endpoint"] or "-") for each in found]
    lines = [columns(("INSTANCE", "PLACE", "STATE", "ENDPOINT"), rows[:SHOWN])] if rows else []
    if len(rows) > SHOWN:
        lines.append(f"… and {len(rows) - SHOWN} more: `eas ls`")
    lines += [
        f"missing {label}: its runtime does not have it; it was on {place}, and the next `up` starts it"
        for label, place in facts["missing"].items()
    ]
    lines += [f"moved {label}: {moved}, as its runtime says" for label, moved in facts["moved"].items()]
    lines += [f"silent {label}: it runs and does not answer now" for label in facts["silent"]]
    lines += [
        f"more {id_}: {why}; it keeps its place, and the next `up` keeps or stops it as the program says"
        for id_, why in facts["more"].items()
    ]
    lines += [
        f"leaving {id_}: {why}; it keeps its place until the next `up` has stopped it"
        for id_, why in facts["leaving"].items()
    ]
    lines += [
        f"extra {id_}: {why}, and nothing declared is where it runs, so it is not recorded, though it may hold a card; "
        "`eas down` stops it with all others"
        for id_, why in facts["extra"].items()
    ]
    states = Counter(each["state"] for each in found)
    told = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none"
    lines.append(
        f"rebuilt {facts['ledger']}: {counted(facts['pools'], 'pool')}, {counted(facts['services'], 'service')}, "
        f"instances: {told}"
    )
    return "\n".join([*lines, facts["next"]])
