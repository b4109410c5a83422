"""``Placement``: plans all services jointly in ``check``, commits and carries the plan out in ``create``/``update``."""

from __future__ import annotations

from typing import Any

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    UpdateResult,
)

from components.ledger import Ledger, LedgerError
from components.placement.address import WAITING
from components.placement.bound import rejudge
from components.placement.plan_types import Plan
from components.providers.work import session
from components.providers.work.bound import BoundPlanError, bound_inputs, differences
from components.providers.work.carry import carry_out, final_places
from components.providers.work.drift import drifted
from components.providers.work.inputs import (
    InputError,
    PlacementInput,
    placement_input,
    public,
    unknowns,
    whole,
)
from components.providers.work.proposal import Proposal, completed, propose, steps_of, take_snapshot
from components.settle.holder import this_process
from components.settle.teardown import teardown_owner

DECIDED = ("assignments", "change", "usage")
"""What ``check`` adds to the inputs."""
OUTPUTS = ("endpoints", "tokens", "status")
"""What ``create`` and ``update`` add to the outputs."""


def check(olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
    """Add ``assignments``, ``change`` and ``usage``; what cannot be placed is a failure each, all in one answer."""
    declared = {key: value for key, value in public(news).items() if key not in (*DECIDED, *OUTPUTS)}
    if waiting_for := list(unknowns(declared)):
        print(
            f"placement is planned during the update: {', '.join(waiting_for[:3])} is not known before apply"
        )
        return CheckResult(declared, [])
    declared = whole(declared)
    known = _plain_assignments(olds.get("assignments"))
    try:
        given = placement_input(declared)
        ledger = session.session().reading()
        if sentence := _not_now(ledger, given, known):
            return _failed(declared, sentence)
        return _decide(ledger, given, declared, known)
    except (InputError, LedgerError, BoundPlanError) as error:
        return _failed(declared, str(error))


def diff(id_: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
    """Say "no change" where there is nothing to do and only the forecast differs; else let the engine compare."""
    skipped = {"change", "usage", *OUTPUTS}
    old = {key: value for key, value in whole(public(olds)).items() if key not in skipped}
    new = {key: value for key, value in whole(public(news)).items() if key not in skipped}
    if not news.get("change") and old == new:
        return DiffResult(changes=False)
    return DiffResult(changes=None)


def create(props: dict[str, Any]) -> CreateResult:
    """Take the owner's reservations over, commit the plan and carry it out."""
    holder = f"placement-{session.mint()}"
    return CreateResult(holder, carry_out(_complete(props), holder, "create"))


def update(id_: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
    """Commit the plan and carry it out."""
    return UpdateResult(carry_out(_complete(news), id_, "update"))


def delete(id_: str, props: dict[str, Any]) -> None:
    """Stop what this owner runs and release it; nothing at all once another resource holds the placement."""
    current = session.session()
    ledger = current.writing()
    owner = props["owner"]
    if ledger.placement_holder(owner) != id_:
        return
    because = "Placement delete"
    teardown_owner(ledger, current.runtime, owner, because=because)
    ledger.release_owner(owner, holder=id_, now=session.now(), because=because)


def read(id_: str, props: dict[str, Any]) -> ReadResult:
    """Observe the runtimes, record it in the ledger (the only write), and return the observed assignments."""
    props = public(props)
    observed = drifted(placement_input(whole(props)), props["assignments"])
    outs = {**props, "assignments": observed}
    inputs = {key: value for key, value in outs.items() if key not in OUTPUTS}
    return ReadResult(id_, outs, inputs)


def _not_now(ledger: Ledger, given: PlacementInput, known: dict[str, dict[str, str]]) -> str:
    """Return why nothing may be planned now, or an empty string."""
    placed = sum(place != WAITING for places in known.values() for place in places.values())
    ledger.require_owner(given.owner, assignments=placed)
    mine = this_process("")
    for lease in ledger.leases(given.owner, now=session.now()):
        if (lease.holder.pid, lease.holder.created) != (mine.pid, mine.created):
            return (
                f"another update of this stack is running: {lease.holder} holds service {lease.service}. "
                "Wait for it, or end that process, then run this again"
            )
    return ""


def _decide(
    ledger: Ledger, given: PlacementInput, declared: dict[str, Any], known: dict[str, dict[str, str]]
) -> CheckResult:
    snapshot = take_snapshot(ledger, given)
    previewed = bound_inputs(given.owner)
    if previewed is None:
        proposal = propose(snapshot, given, known)
        failures = [str(refusal) for refusal in proposal.plan.blocking]
    else:
        previewed = whole(previewed)
        failures = differences(previewed, declared)
        steps = steps_of(previewed["change"])
        places = final_places(snapshot, steps, previewed["assignments"])
        failures += rejudge(snapshot, given.wanted, places, steps, given.options)
        proposal = completed(snapshot, Plan(places, steps), previewed["change"], known)
    if failures:
        prefix = "" if previewed is None else "the apply is not what was previewed: "
        return CheckResult(declared, [CheckFailure("", prefix + sentence) for sentence in failures])
    _show(proposal)
    return CheckResult(
        {
            **declared,
            "assignments": proposal.assignments,
            "change": proposal.change,
            "usage": proposal.usage,
        },
        [],
    )


def _show(proposal: Proposal) -> None:
    for warning in proposal.plan.warnings:
        print(f"warning: {warning}")
    for service, sentence in sorted(proposal.plan.rolling.items()):
        print(f"{service}: {sentence}")
    for refusal in proposal.plan.refusals:
        print(f"waiting: {refusal}")
    if proposal.change:
        print(proposal.table(), flush=True)


def _complete(props: dict[str, Any]) -> dict[str, Any]:
    """Return checked inputs that hold a plan; plan now where values were unknown when ``check`` ran."""
    props = whole(public(props))
    if "change" in props:
        return props
    given = placement_input(props)
    proposal = propose(take_snapshot(session.session().writing(), given), given, {})
    if proposal.plan.blocking:
        raise InputError("\n".join(str(refusal) for refusal in proposal.plan.blocking))
    return {**props, "assignments": proposal.assignments, "change": proposal.change, "usage": proposal.usage}


def _plain_assignments(value: Any) -> dict[str, dict[str, str]]:
    if not isinstance(value, dict):
        return {}
    return {
        service: {ordinal: place for ordinal, place in places.items() if isinstance(place, str)}
        for service, places in value.items()
        if isinstance(places, dict)
    }


def _failed(declared: dict[str, Any], sentence: str) -> CheckResult:
    return CheckResult(declared, [CheckFailure("", sentence)])
