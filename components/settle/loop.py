"""Carrying out a committed plan: from the ledger's open steps to an outcome, tick by tick.

Whoever carries out calls :func:`settle`; it asks the ledger what is left to do, so that it also finishes what an earlier
run left, whatever ended that one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from components.ledger import LeaseHolder, LeaseLost, Ledger, OpenStep, this_machine
from components.placement.snapshot import Held
from components.runtimes.port import Runtime
from components.settle.book import Book
from components.settle.effects import Effects, no_fault
from components.settle.outcome import Outcome
from components.settle.outfit import Outfitter, TokenFor
from components.settle.progress import Narrator, Progress
from components.settle.run import Run
from components.settle.watch import Watch

POLL_S = 0.05
"""How long a tick in which nothing happened sleeps, right after something did."""
LONGEST_POLL_S = 1.0
"""What that grows to while nothing happens: a tenth of the quiet."""
THREADS = 64
"""At most this many runtime calls at a time, however many pools there are."""


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a run behaves: who it is, its clock (UTC) and sleep (seconds), who hears of it, and when it is to end early.

    ``parallel``: instances of one pool in flight; None takes each pool's own setting. ``fault``: called before and after
    every effect, for tests that end the process there.
    """

    holder: LeaseHolder
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    report: Callable[[Progress], None]
    stop_requested: Callable[[], bool] = lambda: False
    parallel: int | None = None
    fault: Callable[[str], None] = no_fault


def settle(  # noqa: PLR0913 - the seam to providers and command line: each is one thing that they alone know
    ledger: Ledger,
    runtimes: Callable[[str], Runtime],
    owner: str,
    *,
    holder: LeaseHolder,
    token_for: TokenFor,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None],
    report: Callable[[Progress], None],
    stop_requested: Callable[[], bool] = lambda: False,
    parallel: int | None = None,
    fault: Callable[[str], None] = no_fault,
) -> Outcome:
    """Carry out the open steps of ``owner``'s committed plan and return what came of them.

    ``runtimes``: name -> runtime. ``token_for``: (service, declared token or None) -> token. What this is done for stands
    in ``holder.what`` and goes to the audit. Raises ``LeaseHeld`` when another live process carries out a service of this
    owner, and other ``LedgerError`` when the ledger cannot be used; a failed instance is in the outcome.
    """
    conduct = Conduct(holder, clock, sleep, report, stop_requested, parallel, fault)
    if not ledger.unfinished(owner):
        return Outcome()
    outfitter = Outfitter(ledger, owner, runtimes, token_for)
    return carry(ledger, owner, lambda: ledger.open_steps(owner), outfitter, conduct)


def carry(
    ledger: Ledger,
    owner: str,
    find: Callable[[], Sequence[OpenStep]],
    outfitter: Outfitter,
    conduct: Conduct,
) -> Outcome:
    """Carry out the steps that ``find`` returns, under the leases of their services; see :func:`settle`."""
    book = Book(ledger, owner, conduct.holder, because=conduct.holder.what, fault=conduct.fault)
    services: set[str] = set()
    steps = find()
    try:
        # What was found before the leases were had may be another process's work of a moment ago.
        while not {found.step.service for found in steps} <= services:
            services |= {found.step.service for found in steps}
            book.open(services, conduct.clock())
            steps = find()
        ledger.take_up_pools(owner, this_machine())
        rows = {row.id: row for row in held_rows(ledger, owner)}
        return _run(tuple(steps), rows, book, outfitter, conduct) if steps else Outcome()
    finally:
        book.close(conduct.clock())


def held_rows(ledger: Ledger, owner: str) -> tuple[Held, ...]:
    """Return every row of this owner."""
    return tuple(row.held for row in ledger.instances(owner=owner))


def _run(
    steps: tuple[OpenStep, ...], rows: Mapping[str, Held], book: Book, outfitter: Outfitter, conduct: Conduct
) -> Outcome:
    tasks = outfitter.tasks(steps, rows)
    watch = Watch(outfitter.nodes.values())
    narrator = Narrator(conduct.report, conduct.clock())
    for said in sorted(
        {watch.capabilities(t.runtime).enforced for t in tasks.values() if t.held and t.verb != "stop"}
    ):
        if said:
            narrator.say("note", "", said, conduct.clock())
    workers = min(THREADS, max(1, len(tasks)))
    with ThreadPoolExecutor(workers, thread_name_prefix="eas-settle") as executor:
        effects = Effects(executor, conduct.sleep, stop_requested=conduct.stop_requested, fault=conduct.fault)
        limit = cache(outfitter.parallel) if conduct.parallel is None else lambda _pool: conduct.parallel or 1
        run = Run(
            tasks,
            book=book,
            effects=effects,
            watch=watch,
            outfitter=outfitter,
            narrator=narrator,
            limit=limit,
        )
        try:
            return _until_over(run, conduct)
        finally:
            # The effect in hand is finished, none that waits is begun.
            executor.shutdown(wait=True, cancel_futures=True)


def _until_over(run: Run, conduct: Conduct) -> Outcome:
    quiet_since = conduct.clock()
    while True:
        if conduct.stop_requested():
            return run.tally.outcome(interrupted="it was asked to stop")
        now = conduct.clock()
        try:
            acted = run.tick(now)
        except LeaseLost as lost:
            return run.tally.outcome(interrupted=str(lost))
        if acted:
            quiet_since = now
        elif run.over:
            run.strand()
            return run.tally.outcome()
        else:
            quiet = (now - quiet_since).total_seconds()
            nap = min(max(POLL_S, quiet / 10), LONGEST_POLL_S)
            # A runtime that is being told is heard at once; otherwise there is nothing to hear before the next look.
            if not run.listen(nap):
                conduct.sleep(nap)
