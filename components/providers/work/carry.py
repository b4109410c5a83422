"""Committing the checked plan and carrying it out: what ``create`` and ``update`` of ``Placement`` do."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from components.ledger import Ledger, StalePlan
from components.providers.work import session
from components.providers.work.failures import PlacementFailed
from components.providers.work.forms import ADOPTED, steps_of
from components.providers.work.inputs import PlacementInput, placement_input
from components.providers.work.proposal import Addresses, final_places, propose, take_snapshot, unlike
from components.providers.work.takeover import record_running
from components.settle import settle
from components.settle.loop import Conduct

REPLANS = 3
"""How often ``on_conflict: replan`` plans anew before it gives up."""


def carry_out(props: Mapping[str, Any], holder: str, operation: str) -> dict[str, Any]:
    """Commit the plan in ``props`` (checked inputs) and carry it out; return the outputs of ``Placement``.

    Raises ``StalePlan`` where another owner took a place since the preview (unless ``on_conflict`` is ``replan``), and
    :class:`PlacementFailed` naming each instance that failed with the last lines of its log.
    """
    current = session.session()
    ledger = current.writing()
    given = placement_input(props)
    wanted = {want.service: want for want in given.wanted}
    conduct = session.conduct(f"Placement {operation} (pid {os.getpid()})")
    checked = _committed(ledger, given, dict(props), holder, conduct)
    outcome = settle(
        ledger,
        current.runtime,
        given.owner,
        holder=conduct.holder,
        token_for=lambda service, declared: current.token(given.owner, service, declared),
        clock=conduct.clock,
        sleep=conduct.sleep,
        report=conduct.report,
        stop_requested=conduct.stop_requested,
    )
    if not outcome.complete:
        raise PlacementFailed(f"{outcome}")
    tokens = {service: current.token_of(ledger, given.owner, want) for service, want in wanted.items()}
    return {**checked, **observed_outputs(ledger, given.owner, checked["assignments"]), "tokens": tokens}


def _committed(
    ledger: Ledger, given: PlacementInput, checked: dict[str, Any], holder: str, conduct: Conduct
) -> dict[str, Any]:
    for attempt in range(REPLANS + 1):
        try:
            _commit(ledger, given, checked, holder, conduct)
        except StalePlan:
            if given.on_conflict != "replan" or attempt == REPLANS:
                raise
            again = propose(take_snapshot(ledger, given), given, checked["assignments"])
            if again.plan.blocking:
                raise
            session.say(
                "on_conflict is replan: another owner took a place of this plan, so it was planned anew"
            )
            session.say(again.table(ledger))
            checked |= again.inputs()
            continue
        return checked
    raise AssertionError("unreachable: the last attempt returns or raises")


def _commit(
    ledger: Ledger, given: PlacementInput, checked: Mapping[str, Any], holder: str, conduct: Conduct
) -> None:
    steps = steps_of(checked["change"])
    snapshot = take_snapshot(ledger, given)
    known = {row.id for row in snapshot.held}
    if ADOPTED in checked["change"] or any(step.instance and step.instance not in known for step in steps):
        # What the plan counts on as running has its row before the plan is judged.
        record_running(ledger, snapshot, given, conduct.holder.what)
        snapshot = take_snapshot(ledger, given)
    places = final_places(snapshot, steps, checked["assignments"])
    if moved := unlike(places, snapshot, checked["assignments"]):
        stale = StalePlan(
            "the plan was made from another picture: "
            + "; ".join(moved)
            + ". Run the same command again for a new plan"
        )
        ledger.conflict(given.owner, stale, now=session.now(), because=conduct.holder.what)
        raise stale
    ledger.commit(
        given.owner,
        nodes=given.nodes,
        pools=given.pool_names,
        wanted=given.wanted,
        assignments=places,
        steps=steps,
        holder=holder,
        process=conduct.holder,
        tokens=session.session().derived_tokens(given.owner, given.wanted),
        options={"memory_only": given.options.memory_only},
        quotas=given.quotas,
        mint=session.mint,
        now=session.now(),
        because=conduct.holder.what,
        generation=str(checked.get("generation") or ""),
    )


def observed_outputs(ledger: Ledger, owner: str, assignments: Addresses) -> dict[str, Any]:
    """Return endpoints and status; nothing in them changes with a healthy restart."""
    endpoints: dict[str, dict[str, str]] = {}
    ready: dict[str, int] = {}
    for row in ledger.instances(owner=owner):
        held = row.held
        if held.role != "steady" or held.state != "ready":
            continue
        if row.endpoint:
            endpoints.setdefault(held.service, {})[str(held.ordinal)] = row.endpoint
        ready[held.service] = ready.get(held.service, 0) + 1
    status = {
        service: f"{ready.get(service, 0)}/{len(places)} ready" for service, places in assignments.items()
    }
    return {"endpoints": endpoints, "status": status}
