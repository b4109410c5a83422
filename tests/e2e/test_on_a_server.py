"""A stack whose ledger is on a PostgreSQL server, as ``make up LEDGER=postgresql://…`` has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import Make
from tests.ledger.audit import rows_of
from tests.ledger.sites import PASSWORD, Postgres

pytestmark = pytest.mark.e2e


def test_a_stack_goes_up_on_a_server_is_previewed_by_who_may_only_read_and_goes_down(
    project: Make, postgres: Postgres, tmp_path: Path
) -> None:
    site = postgres.fresh(tmp_path / "unused")
    database = site.url.partition("@/")[2].partition("?")[0]
    lab = project()
    lab.service("page", gpu_memory=20)
    lab.eas("up", "--yes", "--no-policy", EAS_LEDGER=site.url)
    assert _held(site.url) == [("page", 0, "ready")]
    assert not lab.ledger().exists(), "nothing is kept in the project but the key"
    assert list((lab.root / ".eas").glob("*.key"))

    postgres.server.sql(
        f"CREATE ROLE previewer LOGIN PASSWORD '{PASSWORD}'",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO previewer",
        database=database,
    )
    reading = f"postgresql://previewer:{PASSWORD}@127.0.0.1:{postgres.server.port}/{database}"
    # The key of this place is another file's than that of the socket: who previews has a copy, or the variable.
    (key,) = (lab.root / ".eas").glob("*.key")
    key.with_name(f"127.0.0.1-{postgres.server.port}-{database}.key").write_bytes(key.read_bytes())
    key.with_name(f"127.0.0.1-{postgres.server.port}-{database}.key").chmod(0o600)
    lab.service("llm", gpu_memory=30)
    said = lab.eas("preview", "--no-policy", EAS_LEDGER=reading)
    assert "llm/0" in said
    assert PASSWORD not in said
    assert _held(site.url) == [("page", 0, "ready")]
    said = lab.eas("up", "--yes", "--no-policy", ok=False, EAS_LEDGER=reading)
    assert "permission denied" in said
    assert "previews need a role that may SELECT" in said
    assert PASSWORD not in said

    lab.eas("up", "--yes", "--no-policy", EAS_LEDGER=site.url)
    assert _held(site.url) == [("llm", 0, "ready"), ("page", 0, "ready")]
    assert site.audit() == []
    lab.eas("down", "--yes", EAS_LEDGER=site.url)
    assert _held(site.url) == []


def _held(url: str) -> list[tuple[object, ...]]:
    return rows_of(url, "SELECT service, ordinal, state FROM instance ORDER BY service, ordinal")[0]
