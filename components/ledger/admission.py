"""What the ledger says against a declaration or an apply, whatever would be planned: one sentence each.

Asked by the providers' ``check`` and by ``eas plan``, so that both refuse the same in the same words. Reads only.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from components.ledger.errors import Unknown
from components.ledger.processes import this_process
from components.ledger.records import Lease
from components.ledger.removal import named, removal_refusal
from components.ledger.store import Ledger
from components.placement.picture import counted
from components.spec.nearest import did_you_mean
from components.spec.node import Node

SHOWN = 5
"""So many instances are named; of more the count."""


def pool_refusal(
    ledger: Ledger,
    owner: str,
    name: str,
    *,
    resource: str | None,
    runtime: str | None,
    nodes: Iterable[Node] | None = None,
) -> str:
    """Return why ``owner`` cannot declare this pool so, or an empty text; None: whatever it was.

    Another owner's pool is refused, and another resource id or runtime while the pool holds instances: another runtime
    would not know what this one runs, and nobody would ever stop it. So is a node or card less that holds another owner's.
    """
    recorded = ledger.pool(name)
    if recorded is None:
        return ""
    if recorded.owner != owner:
        return (
            f"pool {name} is declared by {recorded.owner} in ledger {ledger.url}. To run services on its cards beside that "
            f"stack, reference it: `pulumi config set --path 'eas:references[0]' {name}`; else give this pool another name, "
            "or this stack another ledger (eas:ledger)"
        )
    fields = (("resource", recorded.resource, resource), ("runtime", recorded.runtime, runtime))
    changed = [(field, now, new) for field, now, new in fields if new not in (now, None)]
    held = ledger.instances(pool=name) if changed or nodes is not None else ()
    if nodes is not None and (
        gone := removal_refusal(owner, (row.held for row in held), recorded.nodes, nodes)
    ):
        return gone
    if not (changed and held):
        return ""
    field, now, new = changed[0]
    labels = sorted({f"{row.held.service}/{row.held.ordinal}" for row in held})
    more = f" and {len(labels) - SHOWN} more" if len(labels) > SHOWN else ""
    return (
        f"pool {name} is {field} {now} and holds {counted(len(held), 'instance')} ({', '.join(labels[:SHOWN])}{more}), so "
        f"its {field} cannot become {new}. Declare the new {field} as a pool of another name and move the services there, "
        "or remove them first"
    )


def pools_in_use(ledger: Ledger, owner: str) -> str:
    """Return which pools of ``owner`` hold other stacks' instances, so that they cannot be destroyed; or an empty text."""
    said = []
    for pool in ledger.pools():
        others = [row.held for row in ledger.instances(pool=pool.name) if row.held.owner != owner]
        if pool.owner == owner and others:
            owners = ", ".join(sorted({row.owner for row in others}))
            said.append(f"pool {pool.name} holds {named(others)} of other stacks ({owners})")
    if not said:
        return ""
    return f"{'; '.join(said)}: nothing was stopped. Destroy those services first, in their stacks, then run this again"


def borrowed_nodes(ledger: Ledger, references: Iterable[str]) -> tuple[Node, ...]:
    """Return the nodes of pools that other stacks declare. Raises :class:`Unknown` for one that the ledger does not know."""
    nodes: list[Node] = []
    for name in references:
        record = ledger.pool(name)
        if record is None:
            raise Unknown(unknown_pool(ledger, name))
        nodes += record.nodes
    return tuple(nodes)


def unknown_pool(ledger: Ledger, name: str) -> str:
    """Return that a referenced pool is not in the ledger, what is, and what to do."""
    names = [each.name for each in ledger.pools()]
    said = f"pool {name} is referenced (eas:references), and ledger {ledger.url}"
    then = "the stack that declares it first, or point eas:ledger at the ledger of that stack"
    if not ledger.exists:
        return f"{said} is not there yet. Apply {then}"
    meant = did_you_mean(name, names)
    first = f"{meant[:1].upper()}{meant[1:]} Else apply" if meant else "Apply"
    return f"{said} knows no such pool; it knows {', '.join(names) or 'none'}. {first} {then}"


def carried_out_elsewhere(ledger: Ledger, owner: str, now: datetime) -> str:
    """Return which other process holds a lease of this owner, or an empty text."""
    lease = lease_elsewhere(ledger, owner, now)
    if lease is None:
        return ""
    return (
        f"another process is carrying out this stack's plan: {lease.holder} holds service {lease.service}. "
        "Wait until it ends, or end it, then run this again"
    )


def lease_elsewhere(ledger: Ledger, owner: str, now: datetime) -> Lease | None:
    """Return a lease of this owner that another live process holds."""
    mine = this_process("")
    for lease in ledger.leases(owner, now=now):
        holder = lease.holder
        if (holder.pid, holder.created, holder.host) != (mine.pid, mine.created, mine.host):
            return lease
    return None
