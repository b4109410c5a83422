"""One owner's part of a pass: look, plan towards the committed plan, commit, carry out. What ``up`` does, without Pulumi."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from components.ledger import Committed, LeaseHeld, Ledger, LedgerError, OpenStep, StalePlan
from components.ledger.admission import lease_elsewhere
from components.placement.address import address_of, card_indexes
from components.placement.evictable import staying
from components.placement.picture import counted
from components.placement.plan import plan
from components.placement.plan_types import Plan, PlanOptions, Step
from components.placement.snapshot import Snapshot
from components.reconcile.backoff import WINDOW, Loop, Slot, resting, without
from components.reconcile.batch import Leaving, leaving
from components.reconcile.report import Deed, OwnerReport
from components.runtimes.port import Runtime, RuntimeFault
from components.settle import Outcome
from components.settle.loop import Conduct, carry
from components.settle.observe import Finding, listed, observe_owner
from components.settle.outfit import Outfitter


@dataclass(frozen=True, slots=True)
class Means:
    """What a pass works with. ``moves``: how many instances, over all owners, may leave draining and lost places in it."""

    ledger: Ledger
    runtimes: Callable[[str], Runtime]
    mint: Callable[[], str]
    conduct: Conduct
    moves: int


@dataclass(frozen=True, slots=True)
class Charge:
    """An owner with the plan that its last ``up`` committed, and the pools that this is about."""

    owner: str
    committed: Committed
    pools: tuple[str, ...]


def charge_of(ledger: Ledger, owner: str) -> Charge | None:
    """Return what is to be kept true for this owner: what is wanted, and what is still held elsewhere; None for nothing."""
    committed = ledger.committed(owner)
    if committed is None or not (committed.wanted or committed.steps):
        return None
    held = {row.held.place.pool for row in ledger.instances(owner=owner)}
    return Charge(owner, committed, tuple(sorted({*held, *(want.pool for want in committed.wanted)})))


@dataclass(frozen=True, slots=True)
class Prepared:
    """An owner whose repair is planned and committed, and not begun. ``leaving``: who of it wants a share of the moves."""

    charge: Charge
    snapshot: Snapshot
    plan: Plan
    resting: Mapping[Slot, Loop]
    leaving: Leaving
    outfitter: Outfitter

    @property
    def owner(self) -> str:
        """Whose it is."""
        return self.charge.owner


def prepare(means: Means, charge: Charge) -> Prepared | OwnerReport:
    """Look, plan and commit what the committed plan wants and what is not so; a report where that is all.

    Never raises for what one owner is to blame for.
    """
    owner, now = charge.owner, means.ledger.time(means.conduct.clock())
    if busy := lease_elsewhere(means.ledger, owner, now):
        return OwnerReport(owner, skipped=f"{busy.holder} is carrying out its plan")
    try:
        return _prepared(means, charge, now)
    except (LeaseHeld, StalePlan, RuntimeFault, LedgerError) as error:
        # An `up` of this owner may have come between; the next pass looks again.
        return OwnerReport(owner, skipped=str(error))


def carry_out(means: Means, prepared: Prepared, later: Collection[Slot]) -> OwnerReport:
    """Carry out what was prepared, but for those that leave ``later``. Never raises for what one owner is to blame for."""
    try:
        return _carried_out(means, prepared, later)
    except (LeaseHeld, StalePlan, RuntimeFault, LedgerError) as error:
        return OwnerReport(prepared.owner, skipped=str(error))


def _prepared(means: Means, charge: Charge, now: datetime) -> Prepared | OwnerReport:
    ledger, conduct = means.ledger, means.conduct
    owner, wanted = charge.owner, charge.committed.wanted
    token_for = _tokens(ledger.tokens(owner))
    outfitter = Outfitter(ledger, owner, means.runtimes, token_for)
    found = observe_owner(
        ledger, means.runtimes, owner, now=now, because=conduct.holder.what, token_for=token_for
    )
    if older := _older(ledger, owner, found, outfitter):
        return OwnerReport(owner, failed=[older])
    snapshot = ledger.snapshot(owner, None, charge.pools)
    made = plan(snapshot, wanted, _options(ledger.options(owner)))
    if made.blocking:
        return OwnerReport(owner, failed=[str(refusal) for refusal in made.blocking])
    if made.steps and not _is_open(made.steps, ledger.open_steps(owner)):
        _commit(means, charge, snapshot, made, now)
    rest = resting(failures_by_slot(ledger, owner, now), now)
    return Prepared(
        charge, snapshot, made, rest, leaving(snapshot, ledger.open_steps(owner), rest), outfitter
    )


def _carried_out(means: Means, prepared: Prepared, later: Collection[Slot]) -> OwnerReport:
    ledger, owner, rest = means.ledger, prepared.owner, prepared.resting
    snapshot, made, wanted = prepared.snapshot, prepared.plan, prepared.charge.committed.wanted

    def steps() -> tuple[OpenStep, ...]:
        return without(ledger.open_steps(owner), rest, later)

    due = steps()
    outcome = carry(ledger, owner, steps, prepared.outfitter, means.conduct) if due else Outcome()
    slots = {(want.service, ordinal) for want in wanted for ordinal in range(want.instances)}
    return OwnerReport(
        owner,
        deeds=_deeds(due, snapshot),
        failed=[] if outcome.complete else [str(outcome)],
        later=len(later),
        waiting=[str(refusal) for refusal in made.waiting],
        staying=staying(snapshot, wanted, (step.instance for step in made.steps if step.op == "stop")),
        resting=[loop for slot, loop in rest.items() if slot in slots],
    )


def _older(ledger: Ledger, owner: str, found: Sequence[Finding], outfitter: Outfitter) -> str:
    """Return why this ledger is older than what runs, or an empty text: to repair by it would start what runs again."""
    missing = {f"{owner}/{each.service}/{each.ordinal}" for each in found if each.kind == "missing"}
    if not missing:
        return ""
    known = {row.held.id for row in ledger.instances(owner=owner)}
    doubles = sorted(
        id_ for id_ in listed(outfitter, owner) if id_ not in known and id_.rpartition("/")[0] in missing
    )
    if not doubles:
        return ""
    return (
        f"nothing is repaired: {counted(len(doubles), 'instance')} that this ledger has never heard of ({doubles[0]} first) "
        "run instead of those that it has, so it is older than what runs, as one that was restored from a backup is; "
        "run `eas ledger rebuild` in that stack"
    )


def _options(said: Mapping[str, str]) -> PlanOptions:
    """Return how the owner has its services placed; nothing is refused here, and nothing moves to make room."""
    separate = said.get("memory_only") == "separate"
    return PlanOptions(
        on_insufficient="wait", memory_only="separate" if separate else "mixed", for_another=True
    )


def _is_open(steps: Sequence[Step], open_steps: Sequence[OpenStep]) -> bool:
    """Whether the open plan says the same: then it is carried out, instead of being written anew at every pass."""
    standing = {(found.step.op, found.instance) for found in open_steps}
    return all(step.instance and (step.op, step.instance) in standing for step in steps)


def _commit(means: Means, charge: Charge, snapshot: Snapshot, made: Plan, now: datetime) -> None:
    pools = [
        pool for pool in means.ledger.pools() if pool.owner == charge.owner and pool.name in charge.pools
    ]
    means.ledger.commit(
        charge.owner,
        nodes=[node for pool in pools for node in pool.nodes],
        pools=charge.pools,
        wanted=charge.committed.wanted,
        assignments=made.assignments,
        steps=made.steps,
        expected=snapshot,
        repair=True,
        process=means.conduct.holder,
        mint=means.mint,
        now=now,
        because=means.conduct.holder.what,
    )


def _deeds(steps: Sequence[OpenStep], snapshot: Snapshot) -> list[Deed]:
    """Return what these steps come to: of a replacement the start alone, in the words of the plan that began it."""
    indexes = card_indexes(view.node for view in snapshot.nodes)
    held = {row.id: row.place for row in snapshot.held}
    deeds = []
    for found in steps:
        step = found.step
        if step.op == "stop" and step.how != "stop":
            continue
        place = step.place or held.get(found.instance)
        deeds.append(Deed(step.label, step.how, address_of(place, indexes), step.reason))
    return deeds


def failures_by_slot(ledger: Ledger, owner: str, now: datetime) -> dict[Slot, list[datetime]]:
    """Return when each instance of this owner failed within the hour."""
    found: dict[Slot, list[datetime]] = {}
    for instance, at in ledger.failures(owner, since=now - WINDOW):
        service, ordinal, _ = instance.removeprefix(f"{owner}/").split("/")
        found.setdefault((service, int(ordinal)), []).append(at)
    return found


def _tokens(kept: Mapping[str, str]) -> Callable[[str, str | None], str]:
    def token_for(service: str, declared: str | None) -> str:
        if token := declared or kept.get(service):
            return token
        raise LedgerError(
            f"the ledger keeps no token of service {service}, placed by an earlier version; run `eas up` in its stack once"
        )

    return token_for
