"""``eas pool``: every card with what is on it, and every node with its state."""

from __future__ import annotations

from typing import Any

import typer

from components.cli.base.command import command
from components.cli.base.session import Session


def register(app: typer.Typer) -> None:
    """Add ``pool``."""

    @command(app, "pool", brief="every card with what is on it", examples="eas pool\neas pool --json")
    def pool(session: Session) -> None:
        """Show every card with what is on it and what is free, and every node with its state, who set it and when."""


def usage_now(session: Session) -> dict[str, Any]:
    """Return usage."""
    return {}
