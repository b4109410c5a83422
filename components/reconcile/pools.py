"""One pass over pools: whose they are to reconcile, whether anything may move on them, and each owner's part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

from components.ledger import RECONCILER, LeaseHeld, LedgerError, pool_lease
from components.reconcile.owner import Charge, Means, charge_of, reconcile_owner
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
        for name in list(mine):
            said = storm(name, len(pools[name].nodes), ledger.node_states(name), ledger.confirmed(name))
            if said:
                mine.remove(name)
                stopped.append(said)
        reports = self._owners(mine, bool(only))
        if mine:
            ledger.passed(mine, now=self._means.conduct.clock())
        return Report([report for report in reports if not report.quiet], stopped)

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

    def _owners(self, mine: Sequence[str], narrowed: bool) -> list[OwnerReport]:
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
            elif len(others) < len(charge.pools) and not narrowed:
                left.append(
                    OwnerReport(
                        owner, skipped=f"it also runs on pool {', '.join(others)}, which is left alone"
                    )
                )
        means = replace(self._means, conduct=replace(self._means.conduct, sleep=self._sleep))
        with ThreadPoolExecutor(TOGETHER, thread_name_prefix="eas-reconcile") as executor:
            return [*executor.map(lambda charge: reconcile_owner(means, charge), chosen), *left]

    def _sleep(self, seconds: float) -> None:
        """Sleep; and keep the pools meanwhile: carrying out may take as long as a model loads."""
        conduct = self._means.conduct
        now = conduct.clock()
        if self._renewed is None or now - self._renewed > TTL / 3:
            self._renewed = now
            self._means.ledger.renew(RECONCILER, self._fences, now=now, ttl=TTL)
        conduct.sleep(seconds)


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
