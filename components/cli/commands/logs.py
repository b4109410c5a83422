"""``eas logs``: what instances printed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from components.cli.base.command import command
from components.cli.base.ending import CommandError, Exit
from components.cli.base.session import Session
from components.cli.base.targets import Target, label_of, unknown
from components.spec.secret import redacted

if TYPE_CHECKING:
    from components.ledger import InstanceRow

FOLLOW_SECONDS = 1.0
WINDOW = 500
"""How many lines are looked at to find what is new."""

TargetArgument = Annotated[
    str, typer.Argument(metavar="NAME[/ORDINAL]", help="A service, or one instance.", show_default=False)
]
LinesOption = Annotated[int, typer.Option("--lines", "-n", min=1, metavar="N", help="How many lines.")]
FollowOption = Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes; Ctrl-C ends it.")]


def register(app: typer.Typer) -> None:
    """Add ``logs``."""

    @command(
        app,
        "logs",
        brief="what instances printed",
        examples="eas logs llm\neas logs llm/0 -n 100\neas logs llm/0 -f",
    )
    def logs(
        session: Session, target: TargetArgument, lines: LinesOption = 40, follow: FollowOption = False
    ) -> Exit:
        """Print the last lines of an instance, or of every instance of a service; secrets are hidden in them."""
        if follow and session.json_output:
            raise CommandError("--follow has no end, and --json wants one", Exit.USAGE)
        rows = rows_of(session, Target.parse(target))
        texts = {label_of(row): _log(session, row, lines) for row in rows}
        if session.json_output:
            session.show({label: text.splitlines() for label, text in texts.items()}, "")
            return Exit.OK
        for label, text in texts.items():
            _print(label, text.splitlines(), named=len(texts) > 1)
        if follow:
            with contextlib.suppress(KeyboardInterrupt):
                _follow(session, rows)
        return Exit.OK


def rows_of(session: Session, target: Target) -> list[InstanceRow]:
    """Return the rows that are meant; an unknown name is a sentence."""
    everything = session.ledger.instances(owner=session.owner)
    rows = [row for row in everything if target.matches(row)]
    if rows:
        return rows
    if target.ordinal is None:
        known = [row.held.service for row in everything]
        if target.service in {row.service for row in session.ledger.services(session.owner)}:
            raise CommandError(
                f"service {target.service} has no instance; `eas why {target.service}` says more"
            )
        raise unknown(target.service, "service", known)
    raise unknown(str(target), "instance", [label_of(row) for row in everything])


def _log(session: Session, row: InstanceRow, lines: int) -> str:
    """Return the last lines of one instance."""
    record = session.ledger.pool(row.held.place.pool)
    if record is None:
        raise CommandError(f"pool {row.held.place.pool} is not recorded, so its runtime is not known")
    said = session.runtime(record.runtime).logs(row.held.id, lines)
    return redacted(said, _secrets(session, row)) if said else said


def _secrets(session: Session, row: InstanceRow) -> dict[str, str]:
    """Return what must not be shown of an instance's log: what its file keeps secret, and the token that was made for it."""
    from components.ledger import UnknownRevision

    held = row.held
    secrets = {"derived": session.ledger.tokens(held.owner).get(held.service, "")}
    with contextlib.suppress(UnknownRevision):
        secrets |= session.ledger.spec(held.owner, held.service, held.revision).secrets
    return secrets


def _print(label: str, lines: Sequence[str], *, named: bool) -> None:
    """Print lines, each with its instance where there are several."""
    prefix = f"{label} | " if named else ""
    if not lines and named:
        print(f"{label} | (nothing printed yet)")
    for line in lines:
        print(prefix + line, flush=True)


def _follow(session: Session, rows: Sequence[InstanceRow]) -> None:
    """Print what is new, once a second, until Ctrl-C."""
    seen = {row.held.id: _log(session, row, WINDOW).splitlines() for row in rows}
    while True:
        time.sleep(FOLLOW_SECONDS)
        for row in rows:
            now = _log(session, row, WINDOW).splitlines()
            _print(label_of(row), fresh(seen[row.held.id], now), named=len(rows) > 1)
            seen[row.held.id] = now


def fresh(before: Sequence[str], now: Sequence[str]) -> Sequence[str]:
    """Return the lines of ``now`` that come after those of ``before``; both are the end of one log."""
    for overlap in range(min(len(before), len(now)), 0, -1):
        if list(before[-overlap:]) == list(now[:overlap]):
            return now[overlap:]
    return now
