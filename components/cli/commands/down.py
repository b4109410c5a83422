"""``eas down``: stop everything that this stack runs on this machine, and forget it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import typer

from components.cli.base import declared
from components.cli.base.command import command
from components.cli.base.ending import CommandError, Exit
from components.cli.base.engine import run_pulumi
from components.cli.base.session import Session
from components.cli.base.targets import label_of
from components.cli.commands.up import YesOption, consent


def register(app: typer.Typer) -> None:
    """Add ``down``."""

    @command(
        app,
        "down",
        brief="stop and forget everything on this machine",
        examples="eas down\neas down --yes --stack dev",
    )
    def down(session: Session, yes: YesOption = False) -> Exit:
        """Stop everything that this stack runs, and forget it; for local and simulated runtimes only.

        First stops what the ledger holds for this stack, also what Pulumi's state does not know, and what the runtimes keep
        for it, also where the ledger is lost; then runs `pulumi destroy`. Other runtimes are refused: what serves customers
        is taken away with `pulumi destroy`. So is a pool of this stack on which other stacks run something: nothing is
        stopped then.
        """
        from components.ledger.admission import pools_in_use

        _refuse_elsewhere(session)
        if said := pools_in_use(session.ledger, session.owner):
            raise CommandError(said)
        rows = session.ledger.instances(owner=session.owner)
        extras = _unknown(session, {row.held.id for row in rows})
        question = f"Stop {len(rows) + len(extras)} instances of {session.owner}, and forget everything?"
        if not consent(session, yes, question, "down"):
            raise CommandError("nothing was changed")
        stopped = [*map(label_of, rows), *extras]
        if stopped:
            _stop(session)
        run = run_pulumi(
            session.workspace,
            ["destroy", "--yes", "--skip-preview", "--stack", session.workspace.stack],
            quiet=session.json_output,
        )
        session.show(
            {"exit": int(run.exit), "stopped": stopped, "errors": run.errors},
            f"stopped {len(stopped)}: {', '.join(stopped)}" if stopped else "nothing was running",
        )
        return run.exit


def _refuse_elsewhere(session: Session) -> None:
    """Refuse where a pool of this stack is on another runtime than those of this machine."""
    elsewhere = {
        name: runtime
        for name, runtime in declared.runtimes(session).items()
        if runtime not in declared.LOCAL_RUNTIMES
    }
    if elsewhere:
        named = ", ".join(f"{name} ({runtime})" for name, runtime in sorted(elsewhere.items()))
        raise CommandError(
            f"`eas down` takes away local and simulated runtimes only, and this stack has {named}; "
            "`pulumi destroy` shows what it would stop there, and asks"
        )


def _unknown(session: Session, known: Collection[str]) -> list[str]:
    """Return what the runtimes keep for this stack and the ledger does not know, as service/ordinal/incarnation."""
    from components.settle.task import short

    return [
        short(id_, session.owner)
        for name in sorted(set(declared.runtimes(session).values()))
        for id_ in session.runtime(name).listing(session.owner)
        if id_ not in known
    ]


def _stop(session: Session) -> None:
    """Stop and release what the ledger holds for this stack, whatever Pulumi's state says; idle daemons end as well."""
    from components.settle.teardown import conduct_of, teardown_owner

    teardown_owner(
        session.writable_ledger if session.ledger.exists else session.ledger,
        session.runtime,
        session.owner,
        because="eas down",
        also=sorted(set(declared.runtimes(session).values())),
        conduct=replace(conduct_of("eas down"), report=lambda progress: session.note(str(progress))),
    )
