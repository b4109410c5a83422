"""``eas token``: the token that a service asks for."""

from __future__ import annotations

from typing import Annotated

import typer

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
    """Return the token of a service that the ledger holds."""
    from components.spec.revision import derived_token

    ledger, owner = session.ledger, session.owner
    rows = {row.service: row for row in ledger.services(owner)}
    row = rows.get(service)
    if row is None:
        raise unknown(service, "service", rows)
    secrets = ledger.spec(owner, service, row.committed or row.declared).secrets
    return secrets.get("token") or derived_token(owner, service, session.secret)
