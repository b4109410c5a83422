"""``Placement``: plans all services jointly in ``check``, commits and carries the plan out in ``create``/``update``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
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
from components.ledger.admission import carried_out_elsewhere
from components.placement.address import WAITING, address_of, card_indexes
from components.placement.bound import rejudge
from components.placement.plan_types import Plan
from components.placement.snapshot import Held, Snapshot
from components.providers.work import session
from components.providers.work.bound import BoundPlanError, bound_inputs, differences
from components.providers.work.carry import carry_out, observed_outputs
from components.providers.work.drift import drifted
from components.providers.work.forms import steps_of
from components.providers.work.inputs import (
    InputError,
    PlacementInput,
    placement_input,
    public,
    spelled_out,
    unknowns,
)
from components.providers.work.proposal import (
    Proposal,
    completed,
    final_places,
    propose,
    take_snapshot,
    unlike,
)
from components.providers.work.takeover import doubtful, running, with_running
from components.settle.teardown import teardown_owner
from components.spec.whole import whole

DECIDED = ("assignments", "change", "usage", "generation")
"""What ``check`` adds to the inputs."""
KEPT = 10
"""So many of those that are taken over are named."""
OUTPUTS = ("endpoints", "tokens", "status")
"""What ``create`` and ``update`` add to the outputs."""


def check(olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
    """Add ``assignments``, ``change`` and ``usage``; what cannot be placed is a failure each, all in one answer."""
    declared = {key: value for key, value in public(news).items() if key not in (*DECIDED, *OUTPUTS)}
    if waiting_for := list(unknowns(declared)):
        session.say(
            f"placement is planned during the update: {', '.join(waiting_for[:3])} is not known before apply"
        )
        return CheckResult(declared, [])
    declared = whole(declared)
    known = _plain_assignments(olds.get("assignments"))
    try:
        given = placement_input(declared)
        ledger = session.session().reading()
        if sentence := _not_now(ledger, given, known, olds):
            return _failed(declared, [sentence])
        snapshot, taken_over = _picture(ledger, given, known)
        previewed = bound_inputs(given.owner)
        if previewed is None:
            proposal = propose(snapshot, given, known, taken_over)
            failures = list(proposal.refusals())
        else:
            proposal, failures = _bound(snapshot, given, whole(previewed), declared, known, taken_over)
    except (InputError, LedgerError, BoundPlanError) as error:
        return _failed(declared, [str(error)])
    if failures:
        return _failed(declared, failures)
    _show(proposal, ledger)
    if not olds:
        _show_kept(proposal)
    generation = _generation(ledger, given.owner, olds, proposal)
    return CheckResult({**declared, **proposal.inputs(), **generation}, [])


def diff(id_: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
    """Say "no change" where there is nothing to do and only the forecast differs; else let the engine compare."""
    if news.get("change"):
        return DiffResult(changes=None)
    skipped = {"change", "usage", "generation", *OUTPUTS}
    old, new = (
        spelled_out({key: value for key, value in public(side).items() if key not in skipped})
        for side in (olds, news)
    )
    return DiffResult(changes=False if old == new else None)


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
    owner = props["owner"]
    _require_known(current.reading(), owner, _plain_assignments(props.get("assignments")), props)
    ledger = current.writing()
    if ledger.placement_holder(owner) != id_:
        return
    because = "Placement delete"
    teardown_owner(ledger, current.runtime, owner, because=because, conduct=session.conduct(because))
    ledger.release_owner(owner, holder=id_, now=session.now(), because=because)


def read(id_: str, props: dict[str, Any]) -> ReadResult:
    """Observe the runtimes, record it in the ledger (the only write), and return the observed assignments."""
    props = public(props)
    given = placement_input(whole(props))
    planned = _plain_assignments(props.get("assignments"))
    _require_known(session.session().reading(), given.owner, planned, props)
    ledger = session.session().writing()
    if ledger.placement_holder(given.owner) != id_:
        return ReadResult(id_, props, {key: value for key, value in props.items() if key not in OUTPUTS})
    observed = drifted(given, planned)
    outs = {**props, "assignments": observed, **observed_outputs(ledger, given.owner, observed)}
    return ReadResult(id_, outs, {key: value for key, value in outs.items() if key not in OUTPUTS})


def _not_now(
    ledger: Ledger, given: PlacementInput, known: dict[str, dict[str, str]], state: Mapping[str, Any]
) -> str:
    """Return why nothing may be planned now, or an empty text."""
    _require_known(ledger, given.owner, known, state)
    return carried_out_elsewhere(ledger, given.owner, session.now())


def _require_known(
    ledger: Ledger, owner: str, assignments: dict[str, dict[str, str]], state: Mapping[str, Any]
) -> None:
    """Refuse a ledger that never held this owner, or is older, while Pulumi's state says that it runs something."""
    placed = sum(place != WAITING for places in assignments.values() for place in places.values())
    ledger.require_owner(owner, assignments=placed, generation=str(state.get("generation") or ""))


def _generation(ledger: Ledger, owner: str, state: Mapping[str, Any], proposal: Proposal) -> dict[str, str]:
    """Return the mark of the plan that is to be committed, the same in both checks of one ``up``; else that of before.

    It follows from the owner's newest plan and from what this one does, so no two plans have the same.
    """
    if not proposal.change and state:
        before = state.get("generation")
        return {"generation": str(before)} if before else {}
    content = [ledger.newest_plan(owner), proposal.assignments, proposal.change]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return {"generation": digest[:16]}


def _picture(
    ledger: Ledger, given: PlacementInput, known: dict[str, dict[str, str]]
) -> tuple[Snapshot, tuple[Held, ...]]:
    """Return what to plan on, and of it what is taken over: looked for where the ledger may have lost something."""
    snapshot = take_snapshot(ledger, given)
    if not doubtful(ledger, snapshot, known):
        return snapshot, ()
    found = running(ledger, snapshot, given)
    return with_running(snapshot, found), found.taken_over


def _bound(
    snapshot: Snapshot,
    given: PlacementInput,
    previewed: dict[str, Any],
    declared: dict[str, Any],
    known: dict[str, dict[str, str]],
    taken_over: tuple[Held, ...],
) -> tuple[Proposal, list[str]]:
    """Judge the previewed plan by the ledger of now; answer it, and why it no longer holds."""
    steps = steps_of(previewed["change"])
    places = final_places(snapshot, steps, previewed["assignments"])
    failures = differences(previewed, declared)
    if not failures:
        failures = rejudge(snapshot, given.wanted, places, steps, given.options)
        failures = failures or unlike(places, snapshot, previewed["assignments"])
    proposal = completed(snapshot, Plan(places, steps), previewed["change"], known, taken_over)
    return proposal, [f"the apply is not what was previewed: {sentence}" for sentence in failures]


def _show(proposal: Proposal, ledger: Ledger) -> None:
    for warning in proposal.plan.warnings:
        session.say(f"warning: {warning}")
    for service, sentence in sorted(proposal.plan.rolling.items()):
        session.say(f"{service}: {sentence}")
    for refusal in proposal.plan.refusals:
        session.say(f"waiting: {refusal}")
    if proposal.change:
        session.say(proposal.table(ledger))


def _show_kept(proposal: Proposal) -> None:
    """Say what a placement that is new to Pulumi finds running: a stack whose state was lost, or another name for it."""
    left = {step.instance for step in proposal.plan.steps}
    indexes = card_indexes(view.node for view in proposal.snapshot.nodes)
    names = [
        f"{row.service}/{row.ordinal} on {address_of(row.place, indexes)}"
        for row in proposal.snapshot.held
        if row.owner == proposal.snapshot.owner
        and row.role == "steady"
        and row.id not in left
        # Of the others the table speaks.
        and (row.service, str(row.ordinal)) not in proposal.found
    ]
    if names:
        more = f" and {len(names) - KEPT} more" if len(names) > KEPT else ""
        shown = ", ".join(names[:KEPT])
        session.say(f"taken over without a restart, since they run already for this owner: {shown}{more}")


def _complete(props: dict[str, Any]) -> dict[str, Any]:
    """Return checked inputs that hold a plan; plan now where values were unknown when ``check`` ran."""
    props = whole(public(props))
    if "change" in props:
        return props
    given = placement_input(props)
    snapshot, taken_over = _picture(session.session().writing(), given, {})
    proposal = propose(snapshot, given, {}, taken_over)
    if refused := list(proposal.refusals()):
        raise InputError("\n".join(refused))
    return {**props, **proposal.inputs()}


def _plain_assignments(value: Any) -> dict[str, dict[str, str]]:
    if not isinstance(value, dict):
        return {}
    return {
        service: {ordinal: place for ordinal, place in places.items() if isinstance(place, str)}
        for service, places in value.items()
        if isinstance(places, dict)
    }


def _failed(declared: dict[str, Any], sentences: list[str]) -> CheckResult:
    return CheckResult(declared, [CheckFailure("", sentence) for sentence in sentences])
