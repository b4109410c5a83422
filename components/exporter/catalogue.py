"""Every metric that is exported: its name, what it says, and its labels. docs/metrics.md lists the same.

Names and units as Prometheus has them (prometheus.io/docs/practices/naming). Bytes are those of MiB; compute is counted in
cards, of which each has 1. Labels are bounded by owners, pools, models and nodes: services are no label.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

Kind = Literal["gauge", "counter", "histogram"]


class Detail(IntEnum):
    """How much is told: of pools, of nodes as well, of each card as well."""

    POOL = 0
    NODE = 1
    CARD = 2


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; of a counter ``name`` has its ``_total``. ``detail``: from which on it is told."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    detail: Detail = Detail.POOL


def _gauge(name: str, told: str, *labels: str, detail: Detail = Detail.POOL) -> Metric:
    return Metric(name, "gauge", told, labels, detail)


_MODEL = ("pool", "model")
_OWNED = ("pool", "model", "owner")
_BY = ("owner", "pool", "by")
_NODE = ("pool", "node")
_CARD = ("pool", "node", "card", "model")

METRICS = (
    _gauge("eas_up", "1 if the ledger could be read, else 0 and nothing else is told"),
    _gauge("eas_scrape_duration_seconds", "how long reading the ledger and adding up took"),
    _gauge("eas_ledger_event", "number of the newest event of the ledger"),
    _gauge("eas_pool_nodes", "nodes by the state that counts: ready, cordoned, draining, lost", "pool", "state"),
    _gauge("eas_pool_cards", "cards by the stricter of their own state and their node's", *_MODEL, "state"),
    _gauge("eas_pool_free_cards", "ready cards with nothing on them", *_MODEL),
    _gauge("eas_pool_memory_bytes", "card memory, of cards in any state", *_MODEL),
    _gauge("eas_pool_allocated_memory_bytes", "card memory that instances hold", *_OWNED),
    _gauge("eas_pool_allocated_compute_cards", "compute that instances hold, in cards: 0.1 is 10 % of one", *_OWNED),
    _gauge("eas_pool_free_memory_bytes", "free memory of the cards that take something new", "pool"),
    _gauge("eas_pool_stranded_memory_bytes", "of that, what fits no claim, on the average of what runs here", "pool"),
    _gauge("eas_pool_fragmentation_ratio", "stranded of free memory, 0 to 1", "pool"),
    _gauge("eas_pool_instances", "instances by their recorded state", "pool", "owner", "state"),
    _gauge("eas_waiting_instances", "instances that were committed without a place", "owner"),
    _gauge("eas_stale_instances", "reserved, starting or stopping, and whoever was at it is dead", "owner"),
    _gauge("eas_crash_looping_instances", "instances that failed three times or more within the hour", "owner"),
    _gauge("eas_reconciler_up", "1 if a live process reconciles the pool", "pool"),
    _gauge("eas_last_commit_timestamp_seconds", "when a plan of this owner was last committed", "owner"),
    _gauge("eas_last_reconcile_timestamp_seconds", "when a reconciler last came through a pass", "pool"),
    Metric("eas_commits_total", "counter", "plans that were committed", ("owner", "by")),
    Metric("eas_conflicts_total", "counter", "plans that were stale at their commit", ("owner", "reason")),
    Metric("eas_moves_total", "counter", "instances that came to serve on another card", _BY),
    Metric("eas_restarts_total", "counter", "instances that were started again in their place", _BY),
    Metric("eas_failures_total", "counter", "instances that crashed, died or were not ready in time", ("owner", "pool")),
    Metric("eas_start_to_ready_seconds", "histogram", "from being told to start until ready", ("pool",)),
    Metric("eas_reserve_to_ready_seconds", "histogram", "from the commit that gave the place until ready", ("pool",)),
    _gauge("eas_node_state", "1, with the state that counts", *_NODE, "state", detail=Detail.NODE),
    _gauge("eas_node_memory_bytes", "card memory", *_NODE, "model", detail=Detail.NODE),
    _gauge("eas_node_allocated_memory_bytes", "card memory that is taken", *_NODE, "model", detail=Detail.NODE),
    _gauge("eas_node_cards", "cards", *_NODE, "model", detail=Detail.NODE),
    _gauge("eas_node_allocated_compute_cards", "compute that is taken, in cards", *_NODE, "model", detail=Detail.NODE),
    _gauge("eas_node_cpu_cores", "allocatable CPU", *_NODE, detail=Detail.NODE),
    _gauge("eas_node_allocated_cpu_cores", "CPU that is taken", *_NODE, detail=Detail.NODE),
    _gauge("eas_node_host_memory_bytes", "allocatable memory of the machine", *_NODE, detail=Detail.NODE),
    _gauge("eas_node_allocated_host_memory_bytes", "memory of the machine that is taken", *_NODE, detail=Detail.NODE),
    _gauge("eas_card_memory_bytes", "card memory", *_CARD, detail=Detail.CARD),
    _gauge("eas_card_allocated_memory_bytes", "card memory that is taken", *_CARD, detail=Detail.CARD),
    _gauge("eas_card_allocated_compute_ratio", "compute that is taken, 0 to 1", *_CARD, detail=Detail.CARD),
)  # fmt: skip

BY_NAME = {metric.name: metric for metric in METRICS}
BUCKETS = (1, 2.5, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600)
"""Upper bounds of the histograms in seconds: from a small model that is cached to a large one that is fetched first."""
