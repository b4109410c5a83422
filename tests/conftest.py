"""Every plan that any test makes in this process is judged by the independent checker, whatever the test looks at.

And a PostgreSQL server for those that need one: started by the first of them, ended with the process.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from components.placement import plan as planning
from components.placement.checker import violations
from components.placement.plan_types import Plan, PlanOptions
from components.placement.snapshot import Snapshot
from components.spec.claim import Wanted
from tests.ledger.sites import Postgres, Site, file_site, postgres_server
from tools.postgres import NoServer

_plan = planning.plan


def _judged(snapshot: Snapshot, wanted: Sequence[Wanted], options: PlanOptions) -> Plan:
    """Plan, and fail the test where the plan breaks an invariant."""
    made = _plan(snapshot, wanted, options)
    faults = violations(snapshot, wanted, made, options)
    assert not faults, f"the checker rejects this plan: {faults}"
    return made


# Modules bind the name when they are imported, which is after this.
planning.plan = _judged


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
