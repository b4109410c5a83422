"""One owner's part of a pass: look, plan towards the committed plan, commit, carry out. What ``up`` does, without Pulumi."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from components.ledger import Committed, LeaseHeld, Ledger, LedgerError, OpenStep, StalePlan
from components.placement.address import address_of, card_indexes
from components.placement.plan import plan
from components.placement.plan_types import Plan, PlanOptions, Step
from components.placement.snapshot import Snapshot
from components.reconcile.backoff import WINDOW, Slot, loop_of, resting, without
from components.reconcile.batch import put_off
from components.reconcile.report import Deed, OwnerReport
from components.runtimes.port import Runtime, RuntimeFault
from components.settle.loop import Conduct, carry
from components.settle.observe import observe_owner
from components.settle.outfit import Outfitter

REPAIRS = frozenset({"start", "restart"})


@dataclass(frozen=True, slots=True)
class Means:
    """What a pass works with. ``moves``: how many instances of one owner may leave draining and lost places in a pass."""

    ledger: Ledger
    runtimes: Callable[[str], Runtime]
    mint: Callable[[], str]
    conduct: Conduct
    moves: int


@dataclass(frozen=True, slots=True)
class Todo:
    """What is not for this pass: starts of those that ``rest``, and all of those whose turn comes ``later``."""

    rest: Mapping[Slot, object]
    later: frozenset[Slot]


def reconcile_owner(means: Means, owner: str) -> OwnerReport:
    """Repair what this owner's committed plan wants and what is not so. Never raises for what one owner is to blame for."""
    committed = means.ledger.committed(owner)
    if committed is None or not (committed.wanted or committed.steps):
        return OwnerReport(owner)
    now = means.conduct.clock()
    if busy := _somebody_else(means, owner, now):
        return OwnerReport(owner, skipped=busy)
    try:
        return _repaired(means, owner, committed, now)
    except (LeaseHeld, StalePlan, RuntimeFault, LedgerError) as error:
        # An `up` of this owner may have come between; the next pass looks again.
        return OwnerReport(owner, skipped=str(error))


def pools_of(ledger: Ledger, owner: str, committed: Committed) -> tuple[str, ...]:
    """Return the pools that the committed plan is about: what it wants, and what is still held elsewhere."""
    held = {row.held.place.pool for row in ledger.instances(owner=owner)}
    return tuple(sorted({*held, *(want.pool for want in committed.wanted)}))


def _somebody_else(means: Means, owner: str, now: datetime) -> str:
    mine = means.conduct.holder
    for lease in means.ledger.leases(owner, now=now):
        if (lease.holder.pid, lease.holder.created, lease.holder.host) != (mine.pid, mine.created, mine.host):
            return f"{lease.holder} is carrying out its plan"
    return ""


def _repaired(means: Means, owner: str, committed: Committed, now: datetime) -> OwnerReport:
    ledger, conduct = means.ledger, means.conduct
    token_for = _tokens(ledger.tokens(owner))
    observe_owner(ledger, means.runtimes, owner, now=now, because=conduct.holder.what, token_for=token_for)
    pools = pools_of(ledger, owner, committed)
    snapshot = ledger.snapshot(owner, None, pools)
    made = plan(snapshot, committed.wanted, _options(ledger.options(owner)))
    if made.blocking:
        return OwnerReport(owner, failed=[str(refusal) for refusal in made.blocking])
    if made.steps and not _is_open(made.steps, ledger.open_steps(owner)):
        _commit(means, owner, committed, snapshot, made, now)
    rest = resting(failures_by_slot(ledger, owner, now), now)
    later = put_off(snapshot, ledger.open_steps(owner), means.moves)
    todo = Todo(rest, later)
    deeds = _deeds(without(ledger.open_steps(owner), todo.rest, todo.later), snapshot)
    failed = _carried_out(means, owner, token_for, todo)
    after = failures_by_slot(ledger, owner, conduct.clock())
    wanted = {(want.service, ordinal) for want in committed.wanted for ordinal in range(want.instances)}
    loops = (loop_of(slot, times, now) for slot, times in after.items() if slot in wanted and slot in rest)
    return OwnerReport(
        owner,
        deeds=deeds,
        failed=failed,
        later=len(later),
        waiting=[str(refusal) for refusal in made.waiting],
        resting=[loop for loop in loops if loop is not None],
    )


def _options(said: Mapping[str, str]) -> PlanOptions:
    """Return how the owner has its services placed; nothing is refused here, and nothing moves to make room."""
    separate = said.get("memory_only") == "separate"
    return PlanOptions(on_insufficient="wait", memory_only="separate" if separate else "mixed")


def _is_open(steps: Sequence[Step], open_steps: Sequence[OpenStep]) -> bool:
    """Whether the open plan says the same: then it is carried out, instead of being written anew at every pass."""
    standing = {(found.step.op, found.instance) for found in open_steps}
    return all(step.instance and (step.op, step.instance) in standing for step in steps)


def _commit(
    means: Means, owner: str, committed: Committed, snapshot: Snapshot, made: Plan, now: datetime
) -> None:
    pools = pools_of(means.ledger, owner, committed)
    own = [
        node
        for pool in means.ledger.pools()
        if pool.owner == owner and pool.name in pools
        for node in pool.nodes
    ]
    means.ledger.repair(
        owner,
        nodes=own,
        pools=pools,
        wanted=committed.wanted,
        assignments=made.assignments,
        steps=made.steps,
        expected=snapshot,
        process=means.conduct.holder,
        mint=means.mint,
        now=now,
        because=means.conduct.holder.what,
    )


def _carried_out(
    means: Means, owner: str, token_for: Callable[[str, str | None], str], todo: Todo
) -> list[str]:
    """Carry out the open steps but those that are not for this pass; return what failed."""
    ledger = means.ledger

    def find() -> tuple[OpenStep, ...]:
        return without(ledger.open_steps(owner), todo.rest, todo.later)

    if not find():
        return []
    outfitter = Outfitter(ledger, owner, means.runtimes, token_for)
    outcome = carry(ledger, owner, find, outfitter, means.conduct)
    return [] if outcome.complete else [str(outcome)]


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
