"""The past may be forgotten, and nothing else; that it was stays told."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest

from components.ledger import Ledger, Refused, open_ledger
from tests.ledger.build import NOW, OWNER, commit, node, place, run, start
from tests.ledger.sites import Site
from tests.ledger.test_key_rotation import filled, whole

LATER = NOW + timedelta(days=100)


def test_what_is_older_goes_and_what_anything_goes_by_stays(site: Site) -> None:
    with site.open() as ledger:
        filled(ledger)
        before = ledger.events(limit=1000)
        done = ledger.prune(LATER - timedelta(days=90), now=LATER, because="test")
        left = ledger.events(limit=1000)
        assert done.specs == 1
        assert {event.what for event in left[:-2]} == {"committed"}
        assert (left[-1].what, left[-1].subject) == ("pruned", "ledger/history")
        assert left[-1].detail.startswith(f"{done.events} events and 1 past specs before ")
        assert left[-2] == before[-1], "the newest keeps its number"
        assert len(left) == len(before) - done.events + 1
        assert ledger.spec(OWNER, "a", "r2").secrets == {"token": "s3cret"}
        assert ledger.tokens(OWNER) == {"a": "made"}
        assert [spec.revision for spec in ledger.past_specs(OWNER, "a")] == ["r2"]
        assert site.audit() == []


def test_what_is_young_is_refused_and_stays(ledger: Ledger) -> None:
    filled(ledger)
    before = ledger.events(limit=1000)
    for at in (NOW, NOW + timedelta(days=1), NOW - timedelta(days=6)):
        with pytest.raises(Refused, match=r"younger than 7 days stays.*name a time before"):
            ledger.prune(at, now=NOW, because="test")
    assert ledger.prune(NOW - timedelta(days=7), now=NOW, because="test").events == 0
    assert ledger.events(limit=1000)[:-1] == before
    whole(ledger)


def test_an_event_takes_less_than_a_kilobyte() -> None:
    """With its part of every index: a million of them are a gigabyte at most."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.db"
        with open_ledger(str(file), home=file.parent, create=True) as ledger:
            done = commit(ledger, [start(1, "a", place())], nodes=[node()])
            run(ledger, done)
        empty = file.stat().st_size
        with open_ledger(str(file), home=file.parent, create=True) as ledger:
            for n in range(500):
                seen = ("failed", "it exited with status 1, after 3 starts") if n % 2 == 0 else ("ready", "")
                ledger.observe({done.ids[1]: seen}, now=NOW, because="eas reconcile (pid 4711)")  # type: ignore[dict-item]
            count = len(ledger.events(limit=10_000))
        assert count > 500
        assert 100 < (file.stat().st_size - empty) / count < 1024
