"""One pass over pools: whose they are to reconcile, whether anything may move on them, and each owner's part."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

from components.ledger import RECONCILER, LeaseHeld, LedgerError, pool_lease
from components.reconcile.batch import put_off
from components.reconcile.owner import Charge, Means, Prepared, carry_out, charge_of, prepare
from components.reconcile.report import OwnerReport, Report
from components.reconcile.storm import storm

TTL = timedelta(seconds=60)
TOGETHER = 8
"""Owners that are served at a time: a model of one that loads for minutes must not keep the others waiting."""


class Watchman:
    """Holds the leases of the pools that this process reconciles, and keeps them while it works."""

    def __init__(self, means: Means) -> None:
        """``means.conduct.holder`` is this process."""
        self._means = means
        self._fences: dict[str, int] = {}
        self._renewed: datetime | None = None

    def one_pass(self, only: Sequence[str] = ()) -> Report:
        """Repair what is to be repaired on these pools (none: on all), once."""
        ledger, now = self._means.ledger, self._means.conduct.clock()
        pools = {pool.name: pool for pool in ledger.pools() if not only or pool.name in only}
        stopped = self._take(sorted(pools), now)
        mine = [name for name in sorted(pools) if pool_lease(name) in self._fences]
        still: set[str] = set()
        for name in list(mine):
            said = storm(name, len(pools[name].nodes), ledger.node_states(name), ledger.confirmed(name))
            if said:
                mine.remove(name)
                still.add(name)
                stopped.append(said)
        reports = self._owners(mine, still)
        if mine:
            ledger.passed(mine, now=self._means.conduct.clock())
        told = (report for report in reports if not report.quiet)
        return Report(sorted(told, key=lambda report: report.owner), stopped)

    def close(self) -> None:
        """Give the pools to whoever comes next."""
        self._means.ledger.release(
            RECONCILER, self._fences, now=self._means.conduct.clock(), because=self._means.conduct.holder.what
        )
        self._fences = {}

    def _take(self, pools: Sequence[str], now: datetime) -> list[str]:
        """Take or renew the lease of each pool; return a sentence for each that another process has."""
        conduct, said = self._means.conduct, []
        self._fences = {}
        for name in pools:
            try:
                self._fences |= self._means.ledger.lease(
                    RECONCILER,
                    [pool_lease(name)],
                    holder=conduct.holder,
                    now=now,
                    because=conduct.holder.what,
                    ttl=TTL,
                )
            except LeaseHeld as error:
                said.append(f"pool {name} is reconciled by another process: {error}")
        self._renewed = now
        return said

    def _owners(self, mine: Sequence[str], still: Collection[str]) -> list[OwnerReport]:
        ledger = self._means.ledger
        chosen: list[Charge] = []
        left: list[OwnerReport] = []
        for owner in sorted({service.owner for service in ledger.services()}):
            charge = charge_of(ledger, owner)
            if charge is None:
                continue
            others = sorted(set(charge.pools) - set(mine))
            if not others:
                chosen.append(charge)
            elif len(others) < len(charge.pools):
                left.append(OwnerReport(owner, skipped=_elsewhere(others, charge.pools, still)))
        means = replace(self._means, conduct=replace(self._means.conduct, sleep=self._sleep))
        with ThreadPoolExecutor(TOGETHER, thread_name_prefix="eas-reconcile") as executor:
            ready = list(executor.map(lambda charge: prepare(means, charge), chosen))
            # Only now is known who wants to move: the moves of a pass are shared out over all owners.
            begun = [each for each in ready if isinstance(each, Prepared)]
            later = put_off({each.owner: each.leaving for each in begun}, means.moves)
            done = executor.map(lambda each: carry_out(means, each, later[each.owner]), begun)
            return [*(each for each in ready if isinstance(each, OwnerReport)), *done, *left]

    def _sleep(self, seconds: float) -> None:
        """Sleep; and keep the pools meanwhile: carrying out may take as long as a model loads."""
        conduct = self._means.conduct
        now = conduct.clock()
        if self._renewed is None or now - self._renewed > TTL / 3:
            self._renewed = now
            self._means.ledger.renew(RECONCILER, self._fences, now=now, ttl=TTL)
        conduct.sleep(seconds)


def _elsewhere(others: Sequence[str], pools: Sequence[str], still: Collection[str]) -> str:
    """Return why an owner is left alone that is also on ``others``. ``still``: those on which nothing may move."""
    where = f"it also runs on pool {', '.join(others)}"
    if set(others) <= set(still):
        return f"{where}, where nothing is moved now"
    return (
        f"{where}, which is left alone here, and its plan is one over all of its pools; "
        f"one reconciler has to have them all: `eas reconcile {' '.join(pools)}`"
    )


def watch(
    one_pass: Callable[[], None],
    *,
    every: float,
    sleep: Callable[[float], None],
    over: Callable[[], bool],
    tell: Callable[[str], None],
) -> None:
    """Make passes ``every`` seconds, counted from the end of each, until ``over``.

    A ledger that cannot be reached or is locked just now ends no watch: that is told once, and tried again.
    """
    told = ""
    while not over():
        try:
            one_pass()
            told = ""
        except LedgerError as error:
            if not error.retriable:
                raise
            if str(error) != told:
                told = str(error)
                tell(f"{told}; tried again in {every:g} s")
        if not over():
            sleep(every)
