"""From the inputs of ``Placement`` and the ledger of now to the values that ``check`` adds. Reads, never writes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.ledger import RECONCILING, Ledger
from components.ledger.admission import borrowed_nodes
from components.placement.address import WAITING, addresses, card_indexes
from components.placement.picture import CHANGE_HEADINGS, NOWHERE, change_rows, columns, refusal_lines
from components.placement.plan import plan
from components.placement.plan_types import Plan, Step
from components.placement.snapshot import Held, Place, Snapshot
from components.placement.usage import usage
from components.providers.work.forms import ADOPTED, change_of, forecast
from components.providers.work.inputs import PlacementInput

ROWS = 200
"""How many rows the preview's table has; a change of more says how to see the rest."""

RECENT = 1000
"""So many of an owner's plans are looked through for the reconciler's."""

FOUND = "it runs already, and the ledger did not know it: taken over as it is"

Addresses = Mapping[str, Mapping[str, str]]
"""service -> ordinal -> ``node/card`` or ``waiting``, as ``assignments`` stand in Pulumi's inputs."""
Places = Mapping[str, Mapping[int, Place | None]]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan together with what it was made from and how it reads."""

    snapshot: Snapshot
    plan: Plan
    assignments: dict[str, dict[str, str]]
    change: dict[str, Any]
    usage: dict[str, Any]
    found: frozenset[tuple[str, str]] = frozenset()
    """(service, ordinal) of what runs and is recorded only by this plan's commit."""

    def inputs(self) -> dict[str, Any]:
        """Return what ``check`` adds to the inputs."""
        return {"assignments": self.assignments, "change": self.change, "usage": self.usage}

    def table(self, ledger: Ledger) -> str:
        """Return the one table of the preview: what starts, moves and stops, what was adopted, how many stay.

        ``ledger`` is asked only where something was adopted: when, and by whom.
        """
        before = {row.id: row.place for row in self.snapshot.held}
        rows = list(
            change_rows(self.plan.steps, before, card_indexes(view.node for view in self.snapshot.nodes))
        )
        if found := self._adopted():
            told = _reconciled(ledger, self.snapshot.owner) | dict.fromkeys(self.found, FOUND)
            rows += [row for service, places in found for row in _adopted_rows(service, places, told)]
        hidden = len(rows) - ROWS
        if hidden > 0:
            # What disturbs somebody is never what is left out.
            rows = sorted(rows, key=lambda row: row[3] == "start")[:ROWS]
        more = [f"and {hidden} more; `pulumi preview --diff` shows all"] if hidden > 0 else []
        return "\n".join([columns(CHANGE_HEADINGS, rows), *more, f"{self._unchanged()} unchanged"])

    def refusals(self) -> Iterator[str]:
        """Return a sentence for each instance that has no place and fails the check; one for many that are alike."""
        return refusal_lines(self.plan.blocking)

    def _adopted(self) -> list[tuple[str, Mapping[str, str]]]:
        return sorted(self.change.get(ADOPTED, {}).items())

    def _unchanged(self) -> int:
        moved = {(step.service, str(step.ordinal)) for step in self.plan.steps if step.role == "steady"}
        moved |= {(service, ordinal) for service, places in self._adopted() for ordinal in places}
        return sum(
            place != WAITING and (service, ordinal) not in moved
            for service, places in self.assignments.items()
            for ordinal, place in places.items()
        )


def take_snapshot(ledger: Ledger, given: PlacementInput) -> Snapshot:
    """Return the snapshot that ``given`` is planned on: nodes from the inputs, referenced pools from the ledger.

    Raises ``LedgerError`` for a referenced pool that the ledger does not know.
    """
    borrowed = borrowed_nodes(ledger, (pool.name for pool in given.pools if pool.reference))
    return ledger.snapshot(given.owner, (*given.nodes, *borrowed), given.pool_names, quotas=given.quotas)


def propose(
    snapshot: Snapshot, given: PlacementInput, known: Addresses, running: Collection[Held] = ()
) -> Proposal:
    """Plan ``given`` on ``snapshot``. ``known`` is what Pulumi's state says of ``assignments``.

    ``running``: those of the snapshot that are taken over as they run, and that the ledger does not know yet.
    """
    proposed = plan(snapshot, given.wanted, given.options)
    return completed(snapshot, proposed, change_of(proposed.steps, snapshot), known, running)


def completed(
    snapshot: Snapshot,
    proposed: Plan,
    change: Mapping[str, Any],
    known: Addresses,
    running: Collection[Held] = (),
) -> Proposal:
    """Add addresses, what a reconciler did, what is taken over, and the usage of now to a plan."""
    assignments = addresses(proposed.assignments, card_indexes(view.node for view in snapshot.nodes))
    found = adopted(assignments, known, proposed.steps)
    taken_over = _taken_over(assignments, running, proposed.steps)
    for service, ordinal in taken_over:
        found.setdefault(service, {})[ordinal] = f"{NOWHERE} -> {assignments[service][ordinal]}"
    return Proposal(
        snapshot=snapshot,
        plan=proposed,
        assignments=assignments,
        change={**change, **({ADOPTED: found} if found else {})},
        usage=forecast(usage(snapshot, proposed)),
        found=frozenset(taken_over),
    )


def _taken_over(
    assignments: Addresses, running: Collection[Held], steps: Sequence[Step]
) -> list[tuple[str, str]]:
    touched = {(step.service, step.ordinal) for step in steps}
    return sorted(
        (held.service, str(held.ordinal))
        for held in running
        if (held.service, held.ordinal) not in touched
        and str(held.ordinal) in assignments.get(held.service, {})
    )


def adopted(assignments: Addresses, known: Addresses, steps: Sequence[Step]) -> dict[str, dict[str, str]]:
    """Return what is elsewhere than Pulumi's state says, came or went, although this plan does not touch it.

    A service that the state does not know at all is left out: it is new to Pulumi, which shows it as such.
    """
    touched = {(step.service, str(step.ordinal)) for step in steps}
    found: dict[str, dict[str, str]] = {}
    for service in sorted(known.keys() & assignments.keys()):
        before, after = known[service], assignments[service]
        for ordinal in sorted({*before, *after}, key=int):
            was, place = before.get(ordinal, NOWHERE), after.get(ordinal, NOWHERE)
            if was != place and (service, ordinal) not in touched and WAITING not in (was, place):
                found.setdefault(service, {})[ordinal] = f"{was} -> {place}"
    return found


def unlike(places: Places, snapshot: Snapshot, assignments: Addresses) -> list[str]:
    """Return a sentence for each instance that would not end where ``assignments`` says, going by what is held now."""
    ends = addresses(places, card_indexes(view.node for view in snapshot.nodes))
    return [
        f"{service}/{ordinal} was to be on {place}, and is {_on(ends[service][ordinal])} now"
        for service, wanted in sorted(assignments.items())
        for ordinal, place in wanted.items()
        if ends[service][ordinal] != place
    ]


def final_places(
    snapshot: Snapshot, steps: Sequence[Step], assignments: Addresses
) -> dict[str, dict[int, Place | None]]:
    """Return where each assigned instance ends: its start step's place, else the place that it holds; None if it waits."""
    leaving = {step.instance for step in steps if step.op == "stop"}
    ends: dict[tuple[str, int], Place] = {
        (row.service, row.ordinal): row.place
        for row in snapshot.held
        if row.owner == snapshot.owner
        and row.role == "steady"
        and row.state != "stopping"
        and row.id not in leaving
    }
    for step in steps:
        if step.op == "start" and step.role == "steady" and step.place is not None:
            ends[step.service, step.ordinal] = step.place
    return {
        service: {
            int(ordinal): None if place == WAITING else ends.get((service, int(ordinal)))
            for ordinal, place in places.items()
        }
        for service, places in assignments.items()
    }


def _on(place: str) -> str:
    return "nowhere" if place == WAITING else f"on {place}"


def _reconciled(ledger: Ledger, owner: str) -> dict[tuple[str, str], str]:
    """Return (service, ordinal) -> what is said of what the reconciler placed there."""
    plans = {row.id: row for row in ledger.plans(owner, RECENT) if row.because.startswith(RECONCILING)}
    return {
        (row.held.service, str(row.held.ordinal)): (
            f"already moved by reconcile at {plans[row.plan_id].committed:%Y-%m-%d %H:%M:%S} UTC"
        )
        for row in ledger.instances(owner=owner)
        if row.plan_id in plans and row.held.role == "steady"
    }


def _adopted_rows(
    service: str, places: Mapping[str, str], told: Mapping[tuple[str, str], str]
) -> Iterator[tuple[str, str, str, str, str]]:
    for ordinal, moved in places.items():
        was, _, now = moved.partition(" -> ")
        said = told.get((service, ordinal), "done since the last `up`")
        yield f"{service}/{ordinal}", was, now, "adopted", said
