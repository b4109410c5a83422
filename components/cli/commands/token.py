"""``eas token``: the token that a service asks for."""

from __future__ import annotations

from typing import Annotated

import typer

from components.cli.base import declared
from components.cli.base.command import command
from components.cli.base.session import Session
from components.cli.base.targets import unknown

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The service.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add ``token``."""

    @command(
        app,
        "token",
        brief="the token of a service",
        examples="""
            eas token llm
            curl -H "Authorization: $(eas token llm)" http://127.0.0.1:20000/
        """,
    )
    def token(session: Session, name: NameArgument) -> None:
        """Print the token of a service: the file's own, or the one that is made from the stack's secret.

        It goes to stdout and nowhere else. A service that is not applied yet answers from its declaration.
        """
        value = token_of(session, name)
        session.show({"service": name, "token": value}, value)


def token_of(session: Session, service: str) -> str:
    """Return the token of a service: as committed, else as declared."""
    from components.spec import revision

    ledger, owner = session.ledger, session.owner
    rows = {row.service: row for row in ledger.services(owner)}
    if service in rows:
        held = ledger.spec(owner, service, rows[service].committed or rows[service].declared).secrets
        return held.get("token") or revision.derived_token(owner, service, session.secret)
    files = {each.name: each for each in declared.load(session).services}
    if service in files:
        return revision.token_of(files[service], owner, session.secret)
    raise unknown(service, "service", {*rows, *files})
