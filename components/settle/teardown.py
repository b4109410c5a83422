"""Stopping without a plan: everything that an owner holds, or given instances of it. What is seen gone is released.

For ``pulumi destroy``, for the declaration of a service whose first apply failed, and for ``eas down``. It is the same loop
as for a plan, with one stop for each row, so that it can be ended anywhere and asked again.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable

from components.ledger import LeaseHolder, Ledger, OpenStep, this_process
from components.placement.plan_types import Step
from components.placement.snapshot import Held
from components.runtimes.port import Runtime
from components.settle.limits import AFTER_GRACE_S, GRACE_S
from components.settle.loop import POLL_S, Conduct, carry, held_rows
from components.settle.outcome import NotReleased, Outcome
from components.settle.outfit import Outfitter
from components.settle.progress import Progress
from components.settle.task import short

EXTRA_LIMIT_S = GRACE_S + AFTER_GRACE_S
"""How long an instance that the ledger does not know, and whose grace period nobody knows, may take to go."""


@runtime_checkable
class Daemonic(Protocol):
    """A runtime with a process of its own that may end once nothing runs under it."""

    def shutdown_if_idle(self) -> bool:
        """End it if it keeps no instance, of whichever owner; return whether it keeps none."""


def say(progress: Progress) -> None:
    """Print one line at once."""
    sys.stdout.write(f"{progress}\n")  # one write: lines of two threads must not share a line
    sys.stdout.flush()


def conduct_of(because: str, holder: LeaseHolder | None = None) -> Conduct:
    """Return how a teardown behaves by default: this process, the machine's clock, lines on standard output."""
    return Conduct(
        holder=holder or this_process(because), clock=lambda: datetime.now(UTC), sleep=time.sleep, report=say
    )


def teardown_owner(
    ledger: Ledger,
    runtimes: Callable[[str], Runtime],
    owner: str,
    *,
    because: str,
    conduct: Conduct | None = None,
    also: Iterable[str] = (),
) -> Outcome:
    """Stop and release all that ``owner`` holds, and stop what the runtimes keep for it and the ledger does not know.

    ``also``: runtimes that are looked at besides those of the ledger's pools: a lost ledger has none. Raises
    :class:`NotReleased` naming what is still there, and ``LeaseHeld`` while another process carries out.
    """
    conduct = conduct or conduct_of(because)
    outfitter = Outfitter(ledger, owner, runtimes, None)
    outcome = _teardown(ledger, owner, None, outfitter, conduct)
    looked_at = {runtime.name: runtime for runtime in (*outfitter.all_runtimes(), *map(runtimes, also))}
    _stop_extras(ledger, owner, None, looked_at.values(), conduct)
    for runtime in looked_at.values():
        if isinstance(runtime, Daemonic):
            runtime.shutdown_if_idle()
    return outcome


def teardown_instances(
    ledger: Ledger,
    runtimes: Callable[[str], Runtime],
    owner: str,
    instances: Collection[str],
    *,
    because: str,
    conduct: Conduct | None = None,
) -> Outcome:
    """Stop and release these instances of ``owner``, whether the ledger knows them or only a runtime does.

    Raises :class:`NotReleased` naming what is still there, and ``LeaseHeld`` while another process carries out.
    """
    conduct = conduct or conduct_of(because)
    wanted = frozenset(instances)
    outfitter = Outfitter(ledger, owner, runtimes, None)
    outcome = _teardown(ledger, owner, wanted, outfitter, conduct)
    _stop_extras(ledger, owner, wanted, outfitter.all_runtimes(), conduct)
    return outcome


def _teardown(
    ledger: Ledger, owner: str, wanted: Collection[str] | None, outfitter: Outfitter, conduct: Conduct
) -> Outcome:
    """Stop the rows of this owner that are in ``wanted``, or all (None)."""

    def find() -> list[OpenStep]:
        rows = [row for row in held_rows(ledger, owner) if wanted is None or row.id in wanted]
        return [_stop(n, row) for n, row in enumerate(rows, 1)]

    outcome = carry(ledger, owner, find, outfitter, conduct)
    if not outcome.complete:
        raise NotReleased(
            f"not everything of {owner} is stopped and released: {outcome}\nRun the same command again; what sits on a "
            "node that will never return is released by `eas forget NODE`"
        )
    return outcome


def _stop(n: int, row: Held) -> OpenStep:
    step = Step(n, "stop", "stop", row.service, row.ordinal, role=row.role, instance=row.id, place=row.place)
    return OpenStep(plan_id=0, step=step, instance=row.id)


def _stop_extras(
    ledger: Ledger,
    owner: str,
    wanted: Collection[str] | None,
    runtimes: Iterable[Runtime],
    conduct: Conduct,
) -> None:
    """Stop what a runtime keeps for this owner without a row in the ledger; of ``wanted`` only, or all (None)."""
    known = {row.id for row in held_rows(ledger, owner)}
    extra = {
        id_: runtime
        for runtime in runtimes
        for id_ in runtime.listing(owner)
        if id_ not in known and (wanted is None or id_ in wanted)
    }
    if not extra:
        return
    for id_ in extra:
        name = short(id_, owner)
        conduct.report(Progress("stopping", name, f"{name} stopping: the ledger does not know it"))
    conduct.fault("extras:before")
    with ThreadPoolExecutor(min(len(extra), 16)) as executor:
        list(executor.map(lambda id_: extra[id_].stop(id_), extra))
    conduct.fault("extras:after")
    left = _wait_until_gone(extra, conduct)
    if left:
        names = ", ".join(short(id_, owner) for id_ in sorted(left))
        raise NotReleased(
            f"{len(left)} instances that the ledger does not know are still there after {EXTRA_LIMIT_S:.0f} s: {names}. "
            "End them by hand, then run this again"
        )


def _wait_until_gone(extra: dict[str, Runtime], conduct: Conduct) -> set[str]:
    left = set(extra)
    began = conduct.clock()
    while left and (conduct.clock() - began).total_seconds() < EXTRA_LIMIT_S:
        for runtime in {id(runtime): runtime for runtime in extra.values()}.values():
            mine = [id_ for id_ in left if extra[id_] is runtime]
            left -= {id_ for id_, seen in runtime.observe(mine).items() if seen.condition == "absent"}
        if left:
            conduct.sleep(4 * POLL_S)
    return left
