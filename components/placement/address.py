"""How a place reads: ``gpu-a/0`` for one card, ``gpu-a/0+1`` for several, ``gpu-a`` without cards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from components.placement.snapshot import Place
from components.spec.node import Node

WAITING = "waiting"
"""What ``assignments`` says of an instance without a place."""


def card_indexes(nodes: Iterable[Node]) -> dict[str, int]:
    """Return uuid -> index in its node, for display."""
    return {card.uuid: card.index for node in nodes for card in node.cards}


def address_of(place: Place | None, indexes: Mapping[str, int]) -> str:
    """Return the place as people read it; a card that is no longer declared reads as its UUID."""
    if place is None:
        return WAITING
    if not place.cards:
        return place.node
    cards = sorted(place.cards, key=lambda uuid: (indexes.get(uuid, 1 << 30), uuid))
    return place.node + "/" + "+".join(str(indexes.get(uuid, uuid)) for uuid in cards)


def addresses(
    assignments: Mapping[str, Mapping[int, Place | None]], indexes: Mapping[str, int]
) -> dict[str, dict[str, str]]:
    """Return ``{service: {"0": "gpu-a/0"}}``, the form of ``assignments`` in Pulumi inputs."""
    return {
        service: {str(ordinal): address_of(place, indexes) for ordinal, place in sorted(places.items())}
        for service, places in sorted(assignments.items())
    }
