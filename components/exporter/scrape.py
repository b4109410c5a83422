"""From the ledger to Prometheus's families: read when asked, held for a moment, and told as unreachable where it is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.core import (
    Metric as Family,
)
from prometheus_client.registry import Collector

from components.exporter.catalogue import BUCKETS, METRICS, Detail, Metric
from components.exporter.gauges import Samples, gauges
from components.exporter.tally import Histogram, Tally
from components.ledger import Ledger, LedgerError, LedgerMissing

HOLD = 5.0
"""Seconds for which an answer stands: two Prometheus servers, or a person beside one, cost one reading."""


@dataclass(slots=True)
class _Answer:
    families: list[Family]
    until: float


@dataclass(slots=True, eq=False)
class Scraper(Collector):
    """Collects every metric. ``open_ledger``: opens it for reading; ``monotonic`` and ``clock``: the time.

    ``complain`` is told once what is wrong with the ledger, until it is something else. Safe to use from many threads.
    """

    open_ledger: Callable[[], AbstractContextManager[Ledger]]
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    complain: Callable[[str], None]
    detail: Detail = Detail.NODE
    hold: float = HOLD
    fault: str = ""
    """What is wrong with the ledger since the last reading; empty where nothing is."""
    _tally: Tally = field(default_factory=Tally)
    _newest: int = 0
    _answer: _Answer | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def describe(self) -> list[Family]:
        """Return nothing: registering must not read the ledger."""
        return []

    def collect(self) -> Iterator[Family]:
        """Yield the families of now, or of a moment ago."""
        with self._lock:
            if self._answer is None or self.monotonic() >= self._answer.until:
                families = list(self._read())
                self._answer = _Answer(families, self.monotonic() + self.hold)
            yield from self._answer.families

    def _read(self) -> Iterator[Family]:
        began = self.monotonic()
        samples: Samples = {"eas_up": {(): 0}}
        try:
            samples = self._counted() | {"eas_up": {(): 1}}
            self.fault = ""
        except LedgerError as error:
            if str(error) != self.fault:
                self.complain(str(error))
            self.fault = str(error)
        samples["eas_scrape_duration_seconds"] = {(): self.monotonic() - began}
        for metric in METRICS:
            if metric.detail <= self.detail and (not self.fault or metric.name in samples):
                yield self._family(metric, samples)

    def _counted(self) -> Samples:
        with self.open_ledger() as ledger:
            if ledger.absence:
                raise LedgerMissing(ledger.absence)
            seen = ledger.overview(after=self._newest, now=self.clock())
        if seen.newest < self._newest:
            # Another ledger, or an older one: what was counted is not in it.
            self._tally = Tally()
        self._newest = seen.newest
        self._tally.add(seen.told)
        self._tally.forget(seen.at)
        return gauges(seen, self._tally.failed, self.detail)

    def _family(self, metric: Metric, samples: Samples) -> Family:
        if metric.kind == "gauge":
            gauge = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
            for labels, value in sorted(samples.get(metric.name, {}).items()):
                gauge.add_metric(labels, value)
            return gauge
        if metric.kind == "counter":
            counter = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
            for labels, value in sorted(self._tally.counters.get(metric.name, {}).items()):
                counter.add_metric(labels, value)
            return counter
        histogram = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        for pool, found in sorted(self._tally.histograms.get(metric.name, {}).items()):
            histogram.add_metric((pool,), _cumulated(found), found.total)
        return histogram


def _cumulated(found: Histogram) -> list[tuple[str, float]]:
    buckets: list[tuple[str, float]] = []
    below = 0
    for bound, count in zip((*map(float, BUCKETS), float("inf")), found.counts, strict=True):
        below += count
        buckets.append(("+Inf" if bound == float("inf") else str(bound), below))
    return buckets
