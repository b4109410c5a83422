"""``eas reconcile``: keep what was committed true between two ``up``, for every stack on these pools."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Annotated

import typer

from components.cli.base.command import command
from components.cli.base.ending import CommandError, Exit
from components.cli.base.session import Session, mint, now
from components.cli.base.targets import unknown

if TYPE_CHECKING:
    from components.reconcile import Report, Watchman
    from components.runtimes.port import Runtime
    from components.settle import Progress

MOVES = 10
EVERY = 10.0

PoolsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[POOL]...", help="Pools; default: all.", show_default=False)
]
WatchOption = Annotated[bool, typer.Option("--watch", "-w", help="Go on until interrupted.")]
EveryOption = Annotated[
    float, typer.Option("--every", min=1.0, metavar="SECONDS", help="With --watch: from pass to pass.")
]
MovesOption = Annotated[
    int,
    typer.Option(
        "--moves", min=0, metavar="N", help="How many instances of all stacks may move in one pass."
    ),
]
ConfirmOption = Annotated[
    bool, typer.Option("--confirm", help="The lost nodes of these pools are lost indeed: go on.")
]


def register(app: typer.Typer) -> None:
    """Add ``reconcile``."""

    @command(
        app,
        "reconcile",
        brief="repair what died, drains or waits, for every stack",
        examples="""
            eas reconcile
            eas reconcile --watch --every 30
            eas reconcile lab --moves 2
            eas reconcile --confirm lab
        """,
    )
    def reconcile(
        session: Session,
        pools: PoolsArgument = None,
        watch: WatchOption = False,
        every: EveryOption = EVERY,
        moves: MovesOption = MOVES,
        confirm: ConfirmOption = False,
    ) -> Exit:
        """Restart what died, move what sits on lost or draining nodes, and give waiting instances a place that is free.

        It works towards what each stack's last `up` committed, never towards a changed file, and acts for every stack on
        these pools. What failed again and again is left alone for a growing while. Where more than a fifth of a pool's nodes
        (at least 2) are observed lost within 5 minutes nothing moves until `--confirm`; what `eas forget` gave up does not
        count. One reconciler works on a pool at a time, and a stack is repaired by one that has all pools it runs on.
        Exit status: 0 all is as committed or on its way, 1 something failed or was stopped.
        """
        known = [pool.name for pool in session.ledger.pools()]
        for name in pools or ():
            if name not in known:
                raise unknown(name, "pool", known)
        if confirm:
            _confirm(session, pools or [])
        # A pass over nothing must not make a ledger.
        if not known:
            session.show(
                {"owners": [], "stopped": []}, "no pool is recorded: `eas up` records those of pool.yaml"
            )
            return Exit.OK
        return _watch(session, pools or [], every, moves) if watch else _once(session, pools or [], moves)


def _confirm(session: Session, pools: list[str]) -> None:
    """Record that a person vouches for the losses."""
    if not pools:
        raise CommandError("--confirm needs the pool whose nodes are gone: `eas reconcile --confirm lab`")
    for name in pools:
        session.writable_ledger.confirm(name, who=session.who, now=now(), because="eas reconcile --confirm")


def _once(session: Session, pools: list[str], moves: int) -> Exit:
    watchman = _watchman(session, moves)
    try:
        report = watchman.one_pass(pools)
    finally:
        watchman.close()
    session.show(report.to_dict(), "\n".join(report.lines()) or "everything is as committed")
    return Exit.OK if report.sound else Exit.FAILED


def _watch(session: Session, pools: list[str], every: float, moves: int) -> Exit:
    """Make passes until interrupted; say what a pass did only where it differs from the pass before."""
    from components.ledger import LedgerError
    from components.reconcile import watch

    watchman = _watchman(session, moves)
    said: list[str] = []

    def one_pass() -> None:
        report = watchman.one_pass(pools)
        lines = report.lines()
        if lines and lines != said:
            _tell(session, report, lines)
        said[:] = lines

    session.note(f"reconciling {', '.join(pools) or 'all pools'} every {every:g} s; Ctrl-C ends it")
    try:
        watch(one_pass, every=every, sleep=time.sleep, over=lambda: False, tell=session.note)
    finally:
        # What cannot be given back runs out by itself.
        with contextlib.suppress(LedgerError):
            watchman.close()
    return Exit.OK


def _tell(session: Session, report: Report, lines: list[str]) -> None:
    if session.json_output:
        print(json.dumps(report.to_dict()), flush=True)
    else:
        print(f"{now():%Y-%m-%d %H:%M:%S} UTC", *lines, sep="\n", flush=True)


def _watchman(session: Session, moves: int) -> Watchman:
    from components.ledger import RECONCILING, this_process
    from components.reconcile import Means, Watchman
    from components.settle.loop import Conduct

    lock = threading.Lock()

    def runtime(name: str) -> Runtime:
        with lock:
            return session.runtime(name)

    def report(progress: Progress) -> None:
        if not session.json_output:
            print(progress, file=sys.stderr, flush=True)

    conduct = Conduct(this_process(f"{RECONCILING} (pid {os.getpid()})"), now, time.sleep, report)
    return Watchman(Means(session.writable_ledger, runtime, mint, conduct, moves))
