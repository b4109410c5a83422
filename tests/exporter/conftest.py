"""A ledger with something of everything in it, on either database, and a scraper of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from components.exporter.catalogue import Detail
from components.exporter.scrape import Scraper
from components.ledger import Ledger
from tests.ledger.build import NOW
from tests.ledger.sites import Site

Values = dict[str, dict[tuple[str, ...], float]]


@dataclass
class Scene:
    """One place of a ledger and what an exporter says of it. Time stands still unless it is set."""

    site: Site
    at: datetime = NOW
    ticks: float = 0.0
    said: list[str] = field(default_factory=list)

    def scraper(self, detail: Detail = Detail.NODE, hold: float = 0.0) -> Scraper:
        """Return a new exporter's scraper."""
        return Scraper(
            lambda: self.site.open(create=False, key=None, alive=lambda holder: None),
            clock=lambda: self.at,
            monotonic=lambda: self.ticks,
            complain=self.said.append,
            detail=detail,
            hold=hold,
        )

    def ledger(self) -> Ledger:
        """Open it for writing."""
        return self.site.open(alive=lambda holder: None)

    def later(self, seconds: float) -> datetime:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)
        return self.at


def values(scraper: Scraper) -> Values:
    """Return sample -> values of its labels, in the order of the labels' names -> value."""
    found: Values = {}
    for family in scraper.collect():
        for sample in family.samples:
            labels = tuple(sample.labels[name] for name in sorted(sample.labels))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


@pytest.fixture
def scene(site: Site) -> Scene:
    """A ledger that has never held anything."""
    return Scene(site)


Build = Callable[[Scene], None]
