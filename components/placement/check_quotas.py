"""Is the plan within the owner's quotas in the end, but for what was beyond them before?

Part of the checker: shares no code with the planner.
"""

from __future__ import annotations

from collections.abc import Iterator

from components.placement.check_world import World
from components.placement.plan_types import Plan
from components.placement.snapshot import Place


def quota_faults(world: World, plan: Plan) -> Iterator[str]:
    """Yield each figure of a quota that the final places exceed by something that is new or larger than what it holds."""
    memory = {card.uuid: card.memory_mib for view in world.views.values() for card in view.node.cards}
    for quota in world.snapshot.quotas:
        limits = {"cards": quota.cards, "memory": quota.memory, "compute": quota.compute}
        for figure, limit in limits.items():
            if limit is None:
                continue
            ends = {
                (service, ordinal): _taken(place, figure, memory)
                for service, places in plan.assignments.items()
                for ordinal, place in places.items()
                if place is not None and place.pool == quota.pool
            }
            most: dict[tuple[str, int], int] = {}
            for row in world.snapshot.held:
                if (row.owner, row.role, row.place.pool) == (world.snapshot.owner, "steady", quota.pool):
                    key = (row.service, row.ordinal)
                    most[key] = max(most.get(key, 0), _taken(row.place, figure, memory))
            grown = sorted(key for key, taken in ends.items() if taken > most.get(key, 0))
            if grown and sum(ends.values()) > limit:
                service, ordinal = grown[0]
                yield (
                    f"{service}/{ordinal} is new or larger, while {sum(ends.values())} of {limit} of the quota "
                    f"{quota.entry} in pool {quota.pool} are taken: {figure}"
                )


def _taken(place: Place, figure: str, sizes: dict[str, int]) -> int:
    """Return thousandths of cards, MiB or percent; an exclusive place takes its cards whole."""
    taken = 0
    for card in place.cards:
        size = sizes.get(card, 0)
        memory = size if place.exclusive else place.memory_mib
        compute = 100 if place.exclusive else place.compute
        if figure == "memory":
            taken += memory
        elif figure == "compute":
            taken += compute
        else:
            taken += 1000 if place.exclusive else max(memory * 1000 // size if size else 0, compute * 10)
    return taken
