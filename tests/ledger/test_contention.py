"""Processes that commit at the same time against one pool: `bench.contention` in small, on both databases."""

from __future__ import annotations

import base64

import pytest

from bench.contention.race import race
from bench.contention.writer import crowded, overfull_of
from tests.ledger.audit import rows_of
from tests.ledger.sites import KEY, Site

pytestmark = pytest.mark.e2e
WRITERS = 3
ATTEMPTS = 25


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The writers are processes of their own."""
    monkeypatch.setenv("EAS_LEDGER_KEY", base64.b64encode(KEY).decode())


def test_no_card_is_ever_too_full_every_loser_hears_why_and_everybody_gets_on(site: Site) -> None:
    crowded(site.url, site.home)
    done = race(site.url, site.home, WRITERS, ATTEMPTS, audited=True)
    assert done.faults == []
    assert all(report.waits for report in done.reports)
    assert done.longest < ATTEMPTS / 2
    assert site.audit() == []


def test_the_query_that_looks_for_cards_too_full_finds_one(site: Site) -> None:
    crowded(site.url, site.home)
    with overfull_of(site.url) as look:
        assert look() == []
        race(site.url, site.home, 1, 3, audited=False)
        execute(site, "UPDATE instance SET memory_mib = 24577")
        cards = {row[0] for row in look()}
    assert cards
    assert cards == {row[0] for row in rows_of(site.where, "SELECT DISTINCT card FROM occupied")[0]}


def execute(site: Site, statement: str) -> None:
    """Change the rows past the ledger."""
    if isinstance(site.where, str):
        import psycopg

        with psycopg.connect(site.where) as server:
            server.execute(statement.encode())
    else:
        import sqlite3

        with sqlite3.connect(site.where) as file:
            file.execute(statement)
