"""A role that may only read is enough to preview and to be told everything, with the real command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import Make
from tests.ledger.sites import PASSWORD, Postgres
from tests.ledger.test_server import by_address, database_of

pytestmark = pytest.mark.e2e

TELLING = (
    "plan",
    "status",
    "history",
    "why page/0",
    "pool",
    "ls",
    "desc page",
    "history page --spec",
    "ledger",
)


def test_a_read_only_role_previews_and_is_told_that_it_may_not_apply(
    project: Make, postgres: Postgres, tmp_path: Path
) -> None:
    database = database_of(postgres.fresh(tmp_path))
    writer = by_address(postgres, database=database)
    lab = project(runtime="simulated")
    lab.service("page", gpu_memory=10, token="t0ken-of-the-file")
    lab.up(EAS_LEDGER=writer)
    postgres.server.sql(
        f"CREATE ROLE onlooker LOGIN PASSWORD '{PASSWORD}'",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO onlooker",
        database=database,
    )
    reader = by_address(postgres, user="onlooker", database=database)
    lab.service("page", gpu_memory=10, token="t0ken-of-the-file", instance=2)
    said = lab.preview(EAS_LEDGER=reader)
    assert "page/1" in said
    assert "1 unchanged" in said
    told = {command: lab.eas(*command.split(), EAS_LEDGER=reader) for command in TELLING}
    assert "onlooker" in told["ledger"]
    assert all(PASSWORD not in text for text in told.values())
    for refused in (
        lab.up(ok=False, EAS_LEDGER=reader),
        lab.eas("cordon", "gpu-a", ok=False, EAS_LEDGER=reader),
    ):
        assert "may not be written" in refused
        assert PASSWORD not in refused
