"""From what the ledger holds of one instance to what its runtime is told: row, spec, pool, token. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from components.ledger import PoolRecord, SpecRecord
from components.placement.snapshot import Held
from components.runtimes.port import Launch, PinnedCard
from components.spec.node import Card, Node


def launch_of(
    held: Held,
    spec: SpecRecord,
    secrets: Mapping[str, str],
    pool: PoolRecord,
    nodes: Mapping[str, Node],
) -> Launch:
    """Return everything that a runtime needs to start the instance; ``secrets`` has its token.

    ``nodes``: key -> node, where card indexes, models and capacities come from; also a node that left the program, since a
    restart happens where the instance is. Settings that are the revision's own win over the pool's: an instance of an old
    revision starts with what that revision ran. A card that no node names any more is told by its UUID alone.
    """
    place = held.place
    node = nodes.get(place.node_key)
    cards = {card.uuid: card for card in node.cards} if node else {}
    return Launch(
        id=held.id,
        owner=held.owner,
        service=held.service,
        ordinal=held.ordinal,
        pool=place.pool,
        node=place.node,
        cards=tuple(_pinned(held, uuid, cards.get(uuid)) for uuid in place.cards),
        exclusive=place.exclusive,
        spec=spec.document,
        secrets=secrets,
        settings={**pool.settings, **spec.settings},
        revision=held.revision,
    )


def _pinned(held: Held, uuid: str, card: Card | None) -> PinnedCard:
    place = held.place
    return PinnedCard(
        uuid=uuid,
        index=card.index if card else -1,
        model=card.model if card else "",
        memory_mib=0 if place.exclusive else place.memory_mib,
        compute=0 if place.exclusive else place.compute,
        capacity_mib=card.memory_mib if card else place.memory_mib,
    )
