"""Committing the checked plan and carrying it out: what ``create`` and ``update`` of ``Placement`` do."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from components.ledger import Ledger, StalePlan
from components.placement.address import WAITING
from components.placement.plan_types import Step
from components.placement.snapshot import Place, Snapshot
from components.providers.work import session
from components.providers.work.inputs import PlacementInput, placement_input
from components.providers.work.proposal import propose, steps_of, take_snapshot
from components.settle import Outcome, Progress, settle
from components.settle.holder import parent_gone, this_process

REPLANS = 3
"""How often ``on_conflict: replan`` plans anew before it gives up."""


class PlacementFailed(Exception):
    """Some instances did not get where the plan put them; everything else is done."""


PlacementFailed.__module__ = "builtins"  # Pulumi prints the qualified name; people should read a plain one


def final_places(
    snapshot: Snapshot, steps: tuple[Step, ...], assignments: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[int, Place | None]]:
    """Return where each assigned instance ends: its start step's place, else the place that it holds; None if it waits."""
    ends: dict[tuple[str, int], Place] = {
        (row.service, row.ordinal): row.place
        for row in snapshot.held
        if row.owner == snapshot.owner and row.role == "steady" and row.state != "stopping"
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


def carry_out(props: Mapping[str, Any], holder: str, operation: str) -> dict[str, Any]:
    """Commit the plan in ``props`` (checked inputs) and carry it out; return the outputs of ``Placement``.

    Raises ``StalePlan`` where another owner took a place since the preview (unless ``on_conflict`` is ``replan``), and
    :class:`PlacementFailed` naming each instance that failed with the last lines of its log.
    """
    current = session.session()
    ledger = current.writing()
    given = placement_input(props)
    because = f"Placement {operation} (pid {os.getpid()})"
    checked = _committed(ledger, given, dict(props), holder, because)
    outcome = settle(
        ledger,
        current.runtime,
        given.owner,
        holder=this_process(because),
        token_for=lambda service, declared: current.token(given.owner, service, declared),
        clock=session.now,
        sleep=time.sleep,
        report=_print,
        stop_requested=parent_gone,
    )
    if outcome.failed or outcome.interrupted:
        raise PlacementFailed(_failure(outcome))
    return {**checked, **observed_outputs(ledger, given)}


def _committed(
    ledger: Ledger, given: PlacementInput, checked: dict[str, Any], holder: str, because: str
) -> dict[str, Any]:
    for attempt in range(REPLANS + 1):
        snapshot = take_snapshot(ledger, given)
        steps = steps_of(checked["change"])
        try:
            ledger.commit(
                given.owner,
                nodes=given.nodes,
                pools=given.pool_names,
                wanted=given.wanted,
                assignments=final_places(snapshot, steps, checked["assignments"]),
                steps=steps,
                holder=holder,
                mint=session.mint,
                now=session.now(),
                because=because,
            )
        except StalePlan:
            if given.on_conflict != "replan" or attempt == REPLANS:
                raise
            again = propose(take_snapshot(ledger, given), given, checked["assignments"])
            if again.plan.blocking:
                raise
            print("on_conflict is replan: another owner took a place of this plan, so it was planned anew")
            print(again.table(), flush=True)
            checked |= {"assignments": again.assignments, "change": again.change, "usage": again.usage}
            continue
        return checked
    raise AssertionError("unreachable: the last attempt returns or raises")


def observed_outputs(ledger: Ledger, given: PlacementInput) -> dict[str, Any]:
    """Return endpoints, tokens and status; nothing in them changes with a healthy restart."""
    current = session.session()
    rows = [row for row in ledger.instances(owner=given.owner) if row.held.role == "steady"]
    endpoints: dict[str, dict[str, str]] = {}
    ready: dict[str, int] = {}
    for row in rows:
        held = row.held
        if row.endpoint:
            endpoints.setdefault(held.service, {})[str(held.ordinal)] = row.endpoint
        ready[held.service] = ready.get(held.service, 0) + (held.state == "ready")
    wanted = {want.service: want for want in given.wanted}
    tokens = {
        service: current.token(
            given.owner, service, ledger.spec(given.owner, service, want.revision).secrets.get("token")
        )
        for service, want in wanted.items()
    }
    status = {service: f"{ready.get(service, 0)}/{want.instances} ready" for service, want in wanted.items()}
    return {"endpoints": endpoints, "tokens": tokens, "status": status}


def _print(progress: Progress) -> None:
    print(progress, flush=True)


def _failure(outcome: Outcome) -> str:
    lines = [f"{name}: {reason}" for name, reason in sorted(outcome.failed.items())]
    if outcome.interrupted:
        lines.append("interrupted: what was begun is recorded; run the same command again to finish")
    done = f"{len(outcome.ready)} ready, {len(outcome.stopped)} stopped, {len(outcome.failed)} failed"
    return f"{done}.\n" + "\n".join(lines)
