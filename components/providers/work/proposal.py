"""From the inputs of ``Placement`` and the ledger of now to the values that ``check`` adds. Reads, never writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.ledger import Ledger
from components.placement.address import WAITING, addresses, card_indexes
from components.placement.picture import change_table
from components.placement.plan import plan
from components.placement.plan_types import Plan, Step, steps_from
from components.placement.snapshot import Snapshot
from components.placement.usage import usage
from components.providers.work.inputs import PlacementInput

ADOPTED = "adopted"
"""Key in ``change`` for what a reconciler moved since the last ``up``: shown once, nothing is done for it."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan together with what it was made from and how it reads."""

    snapshot: Snapshot
    plan: Plan
    assignments: dict[str, dict[str, str]]
    change: dict[str, Any]
    usage: dict[str, Any]

    def table(self) -> str:
        """Return the one table of the preview: what starts, moves and stops, and how many stay."""
        before = {row.id: row.place for row in self.snapshot.held}
        indexes = card_indexes(view.node for view in self.snapshot.nodes)
        moved = {(step.service, str(step.ordinal)) for step in self.plan.steps if step.role == "steady"}
        unchanged = sum(
            place != WAITING and (service, ordinal) not in moved
            for service, places in self.assignments.items()
            for ordinal, place in places.items()
        )
        return change_table(self.plan.steps, before, indexes, unchanged)


def take_snapshot(ledger: Ledger, given: PlacementInput) -> Snapshot:
    """Return the snapshot that ``given`` is planned on: nodes from the inputs, referenced pools from the ledger."""
    referenced = [ledger.pool(pool.name) for pool in given.pools if pool.reference]
    borrowed = [node for pool in referenced if pool is not None for node in pool.nodes]
    return ledger.snapshot(given.owner, (*given.nodes, *borrowed), given.pool_names)


def propose(snapshot: Snapshot, given: PlacementInput, known: Mapping[str, Any]) -> Proposal:
    """Plan ``given`` on ``snapshot``. ``known`` is what Pulumi's state says of ``assignments``."""
    proposed = plan(snapshot, given.wanted, given.options)
    return completed(snapshot, proposed, proposed.change(), known)


def completed(
    snapshot: Snapshot, proposed: Plan, change: dict[str, Any], known: Mapping[str, Any]
) -> Proposal:
    """Add addresses, what a reconciler did, and the usage of now to a plan."""
    indexes = card_indexes(view.node for view in snapshot.nodes)
    assignments = addresses(proposed.assignments, indexes)
    adopted = _adopted(assignments, known, proposed.steps)
    return Proposal(
        snapshot=snapshot,
        plan=proposed,
        assignments=assignments,
        change={**change, **({ADOPTED: adopted} if adopted else {})},
        usage=usage(snapshot, proposed),
    )


def steps_of(change: Mapping[str, Any]) -> tuple[Step, ...]:
    """Return the steps of a checked ``change``, without what was adopted."""
    return steps_from({key: value for key, value in change.items() if key != ADOPTED})


def _adopted(
    assignments: Mapping[str, Mapping[str, str]], known: Mapping[str, Any], steps: tuple[Step, ...]
) -> dict[str, Any]:
    """Return what sits elsewhere than Pulumi's state says although this plan does not touch it."""
    touched = {(step.service, str(step.ordinal)) for step in steps}
    moved: dict[str, dict[str, str]] = {}
    for service, places in assignments.items():
        for ordinal, place in places.items():
            was = (known.get(service) or {}).get(ordinal)
            if was not in (None, place) and (service, ordinal) not in touched:
                moved.setdefault(service, {})[ordinal] = f"{was} -> {place}"
    return moved
