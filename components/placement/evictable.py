"""Who stays on a draining node or card, because only its own stack may move it there.

An instance that serves, or is about to, at the wanted revision. One that died there is moved like any other: starting a dead
instance elsewhere evicts nobody; and so is whoever sits on what is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from components.placement.snapshot import Held, NodeView, Snapshot
from components.spec.claim import EVICTABLE_LABEL, Wanted

SERVES = ("starting", "ready")


def held_back(want: Wanted, row: Held, state: str) -> bool:
    """Return whether a row stays although its place is in this ``state``."""
    return (
        state == "draining" and not want.evictable and row.state in SERVES and row.revision == want.revision
    )


def staying(snapshot: Snapshot, wanted: Sequence[Wanted], going: Iterable[str]) -> list[str]:
    """Return a sentence for each own instance that is held back. ``going``: ids of those that a plan stops all the same."""
    wants = {want.service: want for want in wanted if not want.evictable}
    if not wants:
        return []
    views = {view.node.key: view for view in snapshot.nodes}
    leaving = frozenset(going)
    rows = sorted(snapshot.held, key=lambda row: (row.service, row.ordinal, row.id))
    return [
        f'{row.service}/{row.ordinal} runs on where it is ({said}): it is not evictable ({EVICTABLE_LABEL} is "false"), so '
        f"only the next `up` of {snapshot.owner} moves it: ask there"
        for row in rows
        if row.owner == snapshot.owner
        and row.role == "steady"
        and row.service in wants
        and row.id not in leaving
        for said in _draining(views.get(row.place.node_key), row)
        if held_back(wants[row.service], row, "draining")
    ]


def _draining(view: NodeView | None, row: Held) -> Iterator[str]:
    """Yield what of a row's place is draining, unless something of it is lost; once."""
    if view is None:
        return
    cards = {uuid: view.card_states.get(uuid, "ready") for uuid in row.place.cards}
    if "lost" in (view.state, *cards.values()):
        return
    index = {card.uuid: card.index for card in view.node.cards}
    said = [(f"node {row.place.node}", view.state, view.reason)]
    said += [
        (f"card {row.place.node}/{index.get(uuid, uuid)}", state, view.card_reasons.get(uuid, ""))
        for uuid, state in cards.items()
    ]
    for subject, state, reason in said:
        if state == "draining":
            yield f"{subject} is draining" + (f" ({reason})" if reason else "")
            return
