"""``eas status``: what is not as it should be, over all stacks on these pools."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import typer

from components.cli.base.command import command
from components.cli.base.session import Session, now
from components.cli.base.targets import label_of
from components.cli.commands.desc import time_text

if TYPE_CHECKING:
    from datetime import datetime

    from components.ledger import InstanceRow, Ledger

Fact = dict[str, Any]
LATELY = timedelta(hours=1)
"""For so long a plan that lost against others is told."""
CONFLICTS = 10


def register(app: typer.Typer) -> None:
    """Add ``status``."""

    @command(
        app,
        "status",
        brief="what waits, drains, is stale, fails or crash-loops",
        examples="eas status\neas status --json",
    )
    def status(session: Session) -> None:
        """Show what is not as it should be, for every stack: waiting, draining, stale, failed and crash-looping instances.

        Stale: a place is held by an apply that is dead; the stack's next `up` or `eas reconcile` goes on from there, and
        `eas release` gives it up. Crash-looping: three failures or more within the hour. A conflict is
        a plan that was refused when it was committed, because others had been faster; those of the last hour are shown.
        """
        session.note_absence()
        facts = standing(session.ledger, session.ledger.time(now()))
        if session.json_output or session.ledger.exists:
            session.show(facts, _text(facts, session.owner))


def standing(ledger: Ledger, at: datetime) -> dict[str, list[Fact]]:
    """Return what is not as it should be, as plain data; every list is empty where all is well."""
    from components.ledger import RECONCILER
    from components.ledger.committing.conflicts import CONFLICT
    from components.reconcile.backoff import LOOP
    from components.settle.stale import stale_rows

    rows = ledger.instances()
    loops = [loop for loop in _loops(ledger, rows, at) if loop["failures"] >= LOOP]
    looping = {(loop["owner"], loop["instance"]) for loop in loops}
    failed = [row for row in rows if row.held.state == "failed"]
    return {
        "stopped": _stopped(ledger),
        "waiting": [
            {"owner": row.owner, "instance": f"{row.service}/{row.ordinal}", "since": _time(row.since)}
            for row in ledger.waiting()
        ],
        "leaving": _leaving(ledger, rows),
        "stale": [_of(row) for row in stale_rows(ledger, None, at)],
        "failed": [fact for fact in map(_of, failed) if (fact["owner"], fact["instance"]) not in looping],
        "crash_looping": loops,
        "carrying_out": [
            {
                "owner": lease.owner,
                "what": lease.service,
                "by": str(lease.holder),
                "since": _time(lease.since),
            }
            for lease in ledger.leases(now=at)
            if lease.owner != RECONCILER
        ],
        "conflicts": [
            {
                "owner": event.owner,
                "service": ""
                if event.subject.startswith("owner/")
                else event.subject.removeprefix(f"{event.owner}/"),
                "since": _time(event.at),
                "who": event.actor.who,
                "reason": event.what.removeprefix(CONFLICT),
                "detail": event.detail,
            }
            for event in ledger.conflicts(since=at - LATELY, limit=CONFLICTS)
        ],
        "reconcilers": [
            {
                "pool": lease.service.removeprefix("pool/"),
                "by": str(lease.holder),
                "since": _time(lease.since),
            }
            for lease in ledger.leases(RECONCILER, now=at)
        ],
    }


def _stopped(ledger: Ledger) -> list[Fact]:
    """Return the pools on which no reconciler moves anything, with why and what to do."""
    from components.reconcile.storm import storm

    said = {
        pool.name: storm(
            pool.name, len(pool.nodes), ledger.node_states(pool.name), ledger.confirmed(pool.name)
        )
        for pool in ledger.pools()
    }
    return [{"pool": name, "reason": why} for name, why in said.items() if why]


def _loops(ledger: Ledger, rows: tuple[InstanceRow, ...], at: datetime) -> list[Fact]:
    from components.reconcile.backoff import loop_of
    from components.reconcile.owner import failures_by_slot

    found = []
    for owner in sorted({row.held.owner for row in rows}):
        standing_ = {(row.held.service, row.held.ordinal): row for row in rows if row.held.owner == owner}
        for slot, times in sorted(failures_by_slot(ledger, owner, at).items()):
            loop = loop_of(slot, times, at)
            if loop is not None and slot in standing_:
                found.append(
                    {
                        "owner": owner,
                        "instance": loop.label,
                        "failures": loop.failures,
                        "next": _time(loop.until),
                        "detail": standing_[slot].detail.partition("\n")[0],
                    }
                )
    return found


def _leaving(ledger: Ledger, rows: tuple[InstanceRow, ...]) -> list[Fact]:
    """Return every node and card that is cordoned, draining or lost by the ledger, with who is still on it."""
    from components.cli.commands.ls import indexes_of

    indexes = indexes_of(ledger)
    found = []
    for pool in ledger.pools():
        for state in ledger.node_states(pool.name):
            there = [
                label_of(row)
                for row in rows
                if row.held.place.node_key == f"{pool.name}/{state.node}"
                and (not state.card or state.card in row.held.place.cards)
            ]
            card = f"/{indexes.get(state.card, state.card)}" if state.card else ""
            found.append(
                {
                    "pool": pool.name,
                    "where": f"{state.node}{card}",
                    "state": state.state,
                    "reason": state.reason,
                    "who": state.who,
                    "since": _time(state.since),
                    "instances": there,
                }
            )
    return found


def _of(row: InstanceRow) -> Fact:
    return {
        "owner": row.held.owner,
        "instance": label_of(row),
        "state": row.held.state,
        "since": _time(row.since),
        "detail": row.detail.partition("\n")[0],
    }


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


TIMES = ("since", "next")
TITLES = {
    "stopped": ("stopped: nothing is moved until a person confirms", ("pool", "reason")),
    "waiting": ("waiting for a place (`eas why NAME`)", ("instance", "since")),
    "leaving": ("taking nothing new", ("where", "state", "since", "who", "reason", "instances")),
    "stale": ("stale: its apply is dead (`eas up`, `eas reconcile` or `eas release`)", ("instance", "state", "since")),
    "failed": ("failed (`eas logs NAME`)", ("instance", "since", "detail")),
    "crash_looping": ("crash-looping", ("instance", "failures", "next", "detail")),
    "conflicts": ("lost against others at their commit, within the hour", ("service", "since", "who", "reason", "detail")),
    "carrying_out": ("being carried out", ("what", "by", "since")),
    "reconcilers": ("reconciled", ("pool", "by", "since")),
}  # fmt: skip


def _text(facts: dict[str, list[Fact]], mine: str) -> str:
    from components.placement.picture import columns

    blocks = []
    for name, (title, keys) in TITLES.items():
        found = facts[name]
        if not found:
            continue
        others = any(fact.get("owner", mine) != mine for fact in found)
        shown = (*(("owner",) if others else ()), *keys)
        table = columns(
            [key.upper() for key in shown], [[_cell(key, fact[key]) for key in shown] for fact in found]
        )
        blocks.append(f"{title}\n{table}")
    return "\n\n".join(blocks) or "nothing waits, drains, is stale or fails"


def _cell(key: str, value: object) -> str:
    if isinstance(value, list):
        return (
            f"{len(value)} there"
            + (f": {', '.join(value[:4])}" if value else "")
            + (", …" if len(value) > 4 else "")
        )
    return (time_text(str(value)) if key in TIMES else str(value)) or "-"
