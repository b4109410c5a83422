"""When so many nodes are lost at once that it is rather the observer that is cut off: then nothing moves. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from components.ledger import NodeStateRow

WITHIN = timedelta(minutes=5)
SHARE = 0.2
LEAST = 2
"""More than a fifth of a pool's nodes, and at least two, lost within five minutes."""


def storm(pool: str, nodes: int, states: Sequence[NodeStateRow], confirmed: datetime | None) -> str:
    """Return why nothing of the pool may be moved, or an empty text.

    ``states``: what stands recorded of its nodes; only what was observed counts, and not of nodes that an operator gave up
    (`eas forget`): that a person said so is the confirmation. ``confirmed``: losses up to then are true, a person said so.
    A storm does not end by itself: only a confirmation, or the nodes' return, ends it.
    """
    rows = [row for row in states if not row.card and row.state == "lost"]
    given_up = {row.node for row in rows if row.cause == "operator"}
    lost = sorted(
        row.since for row in rows if row.node not in given_up and (confirmed is None or row.since > confirmed)
    )
    most = 0
    for first, begin in enumerate(lost):
        most = max(most, sum(at - begin <= WITHIN for at in lost[first:]))
    if most < LEAST or most <= SHARE * nodes:
        return ""
    return (
        f"pool {pool}: {most} of {nodes} nodes were lost within {WITHIN.total_seconds() / 60:.0f} min, more than a fifth, "
        f"so nothing on it is moved: it may be the network. If they are gone, `eas reconcile --confirm {pool}`"
    )
