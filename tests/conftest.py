"""Every plan that a test makes is judged by the independent checker, whatever it looks at and in whichever process.

And a PostgreSQL server for those that need one: started by the first of them, ended with the process.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# Judges the plans of this process: modules bind `plan` when they are imported, which is after this.
from tests.judged import sitecustomize
from tests.ledger.sites import Postgres, Site, file_site, postgres_server
from tools.postgres import NoServer

# The same for the processes that tests start, which Python reads it for.
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, (str(Path(sitecustomize.__file__).parent), os.environ.get("PYTHONPATH")))
)


@pytest.fixture(autouse=True)
def _garbage_is_looked_for_as_before() -> Iterator[None]:
    """A fleet and a provider make their process look seldom, and this one does not end soon."""
    threshold = gc.get_threshold()
    yield
    if gc.get_threshold() != threshold:
        gc.unfreeze()
        gc.set_threshold(*threshold)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server of this test process; the tests that need it are skipped where none is to be had, with the reason."""
    try:
        with postgres_server() as started:
            yield started
    except NoServer as error:
        pytest.skip(f"no PostgreSQL server: {error}")


@pytest.fixture(params=["sqlite", "postgres"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    """A place for a ledger that has never held anything, on each database; audited by who asks for ``ledger``."""
    if request.param == "sqlite":
        return file_site(tmp_path)
    server: Postgres = request.getfixturevalue("postgres")
    return server.emptied(tmp_path)
