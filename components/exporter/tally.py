"""What is counted from the ledger's events. Whoever starts anew counts to the same numbers, as long as nobody prunes them.

Fed with events in their order; knows nothing of the ledger or the time of day.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from components.exporter.catalogue import BUCKETS
from components.ledger import RECONCILING
from components.ledger.committing.conflicts import CONFLICT
from components.ledger.committing.planned import how_of
from components.ledger.overview import Told
from components.reconcile.backoff import WINDOW

Labels = tuple[str, ...]


@dataclass(slots=True)
class Histogram:
    """How many took up to each of :data:`BUCKETS` (the last count: longer than all), and the sum of seconds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    total: float = 0.0

    def add(self, took: timedelta) -> None:
        """Count one; what clocks made negative took no time."""
        seconds = max(took.total_seconds(), 0.0)
        bucket = next((i for i, bound in enumerate(BUCKETS) if seconds <= bound), len(BUCKETS))
        self.counts[bucket] += 1
        self.total += seconds


@dataclass(slots=True)
class _Coming:
    """An instance that is not ready yet: how it came to its place, since when, and when it was told to start."""

    how: str = ""
    reserved: datetime | None = None
    started: datetime | None = None


@dataclass(slots=True)
class Tally:
    """The counts so far. ``counters``: metric -> labels -> number; ``failed``: (owner, service, ordinal, when)."""

    counters: dict[str, Counter[Labels]] = field(default_factory=dict)
    histograms: dict[str, dict[str, Histogram]] = field(default_factory=dict)
    failed: deque[tuple[str, str, int, datetime]] = field(default_factory=deque)
    _coming: dict[str, _Coming] = field(default_factory=dict)

    def add(self, events: Iterable[Told]) -> None:
        """Count events that come after all that were counted."""
        for event in events:
            if event.what.startswith(CONFLICT):
                self._count("eas_conflicts_total", event.owner, event.what.removeprefix(CONFLICT))
            elif event.what == "committed":
                self._count("eas_commits_total", event.owner, _by(event))
            elif event.what in ("reserved", "pending"):
                self._placed(event)
            elif event.what in ("gone", "dropped", "forgotten"):
                self._coming.pop(event.subject, None)
            else:
                self._went(event)

    def forget(self, now: datetime) -> None:
        """Forget failures that no longer count."""
        while self.failed and self.failed[0][3] <= now - WINDOW:
            self.failed.popleft()

    def _placed(self, event: Told) -> None:
        coming = self._coming.setdefault(event.subject, _Coming())
        coming.how = how_of(event.detail) or coming.how
        coming.reserved = event.at

    def _went(self, event: Told) -> None:
        before, _, to = event.what.partition(" -> ")
        if to == "starting":
            self._coming.setdefault(event.subject, _Coming()).started = event.at
            if before in ("ready", "failed"):
                self._count("eas_restarts_total", event.owner, event.pool, _by(event))
        elif to == "failed":
            self._count("eas_failures_total", event.owner, event.pool)
            service, ordinal = event.subject.split("/")[-3:-1]
            self.failed.append((event.owner, service, int(ordinal), event.at))
        elif to == "ready" and (coming := self._coming.pop(event.subject, None)):
            self._ready(event, coming)

    def _ready(self, event: Told, coming: _Coming) -> None:
        if coming.how == "move":
            self._count("eas_moves_total", event.owner, event.pool, _by(event))
        for name, since in (
            ("eas_start_to_ready_seconds", coming.started),
            ("eas_reserve_to_ready_seconds", coming.reserved),
        ):
            if since is not None:
                self.histograms.setdefault(name, {}).setdefault(event.pool, Histogram()).add(event.at - since)

    def _count(self, name: str, *labels: str) -> None:
        self.counters.setdefault(name, Counter())[labels] += 1


def _by(event: Told) -> str:
    return "reconcile" if event.because.startswith(RECONCILING) else "apply"
