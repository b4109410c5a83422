"""``eas release``: give up places that nobody carries out any more, or all that another owner holds."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from components.cli.base.command import command
from components.cli.base.ending import CommandError, Exit
from components.cli.base.session import Session, now
from components.cli.base.targets import Target, label_of
from components.cli.commands.up import YesOption, consent

if TYPE_CHECKING:
    from components.ledger import InstanceRow
    from components.settle.loop import Conduct

NamesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME[/ORDINAL]]...", help="Only these; default: all that are stale.", show_default=False
    ),
]
OwnerOption = Annotated[
    str, typer.Option("--owner", metavar="OWNER", help="All that this owner holds, stale or not.")
]


def register(app: typer.Typer) -> None:
    """Add ``release``."""

    @command(
        app,
        "release",
        brief="give up stale places, or all of an owner",
        examples="""
            eas release
            eas release llm/0
            eas release --owner organization/shop/gone-1a2b3c4d --yes
        """,
    )
    def release(
        session: Session, names: NamesArgument = None, owner: OwnerOption = "", yes: YesOption = False
    ) -> Exit:
        """Stop and release instances that an apply began and that nobody carries out any more (`eas status`: stale).

        Each is stopped at its runtime first: a place is free only once its instance is seen gone. With `--owner`, all that
        an owner holds, for a stack that is gone together with its state. Every release is in `eas history`.
        """
        if owner and names:
            raise CommandError("--owner releases all that an owner holds; leave the names out")
        chosen = _all_of(session, owner) if owner else _stale(session, names or [])
        labels = [label_of(row) for row in chosen]
        if not chosen:
            session.show({"released": []}, f"{owner or session.owner} holds nothing that is to be released")
            return Exit.OK
        whose = owner or session.owner
        question = f"Stop and release {', '.join(labels)} of {whose}?"
        # What is another stack's is never taken as meant because nobody could be asked.
        agreed = (
            typer.confirm(question)
            if _can_ask(session, owner, yes)
            else consent(session, yes, question, "release")
        )
        if not agreed:
            raise CommandError("nothing was changed")
        _release(session, whose, [row.held.id for row in chosen])
        session.show({"released": labels}, f"released {len(labels)}: {', '.join(labels)}")
        return Exit.OK


def _can_ask(session: Session, owner: str, yes: bool) -> bool:
    """Whether to ask about all of an owner; raises where that must be answered and nobody is there."""
    if not owner or yes:
        return False
    if session.json_output or not sys.stdin.isatty():
        raise CommandError(
            f"there is no terminal to ask on; `eas release --owner {owner} --yes` releases all of it"
        )
    return True


def _all_of(session: Session, owner: str) -> list[InstanceRow]:
    known = {row.owner for row in session.ledger.services()}
    if owner not in known:
        others = f"; it holds what is of {', '.join(sorted(known))}" if known else ", nor of anybody else"
        raise CommandError(f"the ledger holds nothing of {owner}{others}")
    return list(session.ledger.instances(owner=owner))


def _stale(session: Session, names: list[str]) -> list[InstanceRow]:
    from components.settle.stale import stale_rows

    found = stale_rows(session.ledger, session.owner, now())
    if not names:
        return list(found)
    targets = [Target.parse(name) for name in names]
    for target in targets:
        if not any(target.matches(row) for row in found):
            held = [row for row in session.ledger.instances(owner=session.owner) if target.matches(row)]
            state = f"is {held[0].held.state}, not stale" if held else "holds nothing"
            raise CommandError(
                f"{target} {state}; `eas status` lists what is stale, and `eas up` ends what is declared no more"
            )
    return [row for row in found if any(target.matches(row) for target in targets)]


def _release(session: Session, owner: str, ids: list[str]) -> None:
    from components.settle.teardown import conduct_of, teardown_instances

    because = f"eas release by {session.who}"
    conduct: Conduct = replace(conduct_of(because), report=lambda progress: session.note(str(progress)))
    teardown_instances(session.writable_ledger, session.runtime, owner, ids, because=because, conduct=conduct)
