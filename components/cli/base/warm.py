"""What the end of a command needs, made ready while ``pulumi`` runs: modules that take long to load, and the secret."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from components.cli.base.session import Session


@contextmanager
def warmed(session: Session) -> Iterator[None]:
    """Load beside the body what :func:`components.cli.commands.closing.show_closing` uses; it is there afterwards."""
    if session.json_output:
        yield
        return
    # Found here, so that a project that cannot be read is said by the command itself, and only once.
    _ = session.workspace.environment, session.owner
    thread = Thread(target=_warm, args=(session,), daemon=True)
    thread.start()
    yield
    thread.join()


def _warm(session: Session) -> None:
    """Load and ask; what fails here fails again where it is needed, and is told there."""
    with contextlib.suppress(Exception):
        import components.ledger
        import components.placement.picture
        import components.placement.usage  # noqa: F401 - imported to be there

        _ = session.secret
