"""``eas snapshot``: the ledger as a file, for reviews that must not reach it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from components.cli.base.command import command
from components.cli.base.ending import CommandError
from components.cli.base.session import Session, now

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add ``snapshot``."""

    @command(
        app,
        "snapshot",
        brief="the ledger as a file, for `eas review --snapshot`",
        examples="""
            eas snapshot ledger-picture.db
            eas review --snapshot ledger-picture.db --max-age 12h
        """,
    )
    def snapshot(session: Session, file: FileArgument) -> None:
        """Write a picture of the ledger for reviews where a runner cannot or must not reach it: pull requests of forks.

        It has pools, places, states and plans, and no spec, token, log or event; `eas review --snapshot` needs neither the
        ledger nor the stack's state and secret beside it. A file that is there is replaced once the new one is whole.
        """
        ledger = session.ledger
        if not ledger.exists:
            raise CommandError(
                f"there is no ledger {session.ledger_place.shown} to take a picture of; `eas up` makes one"
            )
        picture = taken(session)
        partial = file.with_name(f".{file.name}.{os.getpid()}")
        partial.unlink(missing_ok=True)
        try:
            ledger.export(partial, picture)
            partial.replace(file)
        finally:
            for left in (partial, *(partial.with_name(partial.name + end) for end in ("-wal", "-shm"))):
                left.unlink(missing_ok=True)
        rows = len(ledger.instances())
        facts = {"file": str(file), "at": picture.at.isoformat(), "owner": picture.owner, "instances": rows}
        session.show(
            facts, f"{file}: {rows} instances of ledger {picture.of}, for reviews of {picture.owner}"
        )


def taken(session: Session) -> Any:
    """Return what the picture says of itself: when, of which ledger, for whose reviews, with which public digests."""
    from components.ledger import Hashes, Picture
    from components.spec.revision import public_digest

    ledger, owner, workspace = session.ledger, session.owner, session.workspace
    committed = ledger.committed(owner)
    wanted = {each.service: each for each in committed.wanted} if committed else {}
    specs = ledger.specs(owner, [(name, each.revision) for name, each in wanted.items()])
    hashes = {
        name: Hashes(
            public_digest(specs[name, each.revision].document, specs[name, each.revision].settings),
            each.revision,
            each.token_hash,
        )
        for name, each in wanted.items()
        if (name, each.revision) in specs
    }
    config = {
        key: workspace.plain(key)
        for key in workspace.config
        if key.startswith("eas:") and key != "eas:ledger" and workspace.plain(key) is not None
    }
    # A plain secret is one all the same.
    config.pop("eas:secret", None)
    return Picture(now(), session.ledger_place.shown, owner, workspace.stack, config, hashes)
