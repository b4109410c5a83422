"""What stands recorded at one moment, added up by pool, model, owner, node and card. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from components.exporter.catalogue import Detail
from components.ledger import RECONCILER, pool_lease
from components.ledger.overview import Overview
from components.placement.capacity import Grid
from components.placement.fragmentation import levels, mixes, on_grid
from components.placement.snapshot import STRICTNESS, Held
from components.reconcile.backoff import LOOP, loop_of
from components.settle.stale import stale_by
from components.spec.units import FULL_COMPUTE, MIB

Samples = dict[str, dict[tuple[str, ...], float]]
"""Metric -> labels -> value."""
Failures = Iterable[tuple[str, str, int, datetime]]


class _Sums:
    """Values by metric and labels; what is added to the same labels is added up."""

    def __init__(self) -> None:
        """Nothing is added yet."""
        self.samples: Samples = {}

    def add(self, name: str, *labels: str, value: float = 1) -> None:
        """Add to the value of these labels."""
        of = self.samples.setdefault(name, {})
        of[labels] = of.get(labels, 0) + value


def gauges(seen: Overview, failures: Failures, detail: Detail) -> Samples:
    """Return the value of every gauge that is told at this detail. ``failures``: those of the last hour."""
    sums = _Sums()
    held = [row.held for row in seen.rows]
    grid = Grid(seen.nodes)
    level = levels(grid, held)
    _cards(sums, grid, level, detail)
    if detail >= Detail.NODE:
        _nodes(sums, grid, level)
    for pool, found in on_grid(grid, level, mixes(held)).items():
        sums.add("eas_pool_free_memory_bytes", pool, value=found.free_mib * MIB)
        sums.add("eas_pool_stranded_memory_bytes", pool, value=found.stranded_mib * MIB)
        sums.add("eas_pool_fragmentation_ratio", pool, value=found.ratio)
    _instances(sums, grid, held)
    _standing(sums, seen, held, failures)
    # Percent are added up as whole numbers first: a hundredth has no exact fraction.
    return {
        name: {labels: value / FULL_COMPUTE for labels, value in of.items()} if "_compute_" in name else of
        for name, of in sums.samples.items()
    }


def _cards(sums: _Sums, grid: Grid, level: Sequence[int], detail: Detail) -> None:
    for card, uuid in enumerate(grid.uuids):
        view = grid.views[grid.card_node[card]]
        node = view.node
        model, capacity = grid.card_model[card], grid.caps[2 * card]
        state = max(view.state, view.card_states.get(uuid, "ready"), key=STRICTNESS.__getitem__)
        memory, compute = level[2 * card], level[2 * card + 1]
        sums.add("eas_pool_cards", node.pool, model, state)
        sums.add("eas_pool_memory_bytes", node.pool, model, value=capacity * MIB)
        free = state == "ready" and not memory and not compute
        sums.add("eas_pool_free_cards", node.pool, model, value=int(free))
        if detail >= Detail.NODE:
            where = (node.pool, node.name, model)
            sums.add("eas_node_cards", *where)
            sums.add("eas_node_memory_bytes", *where, value=capacity * MIB)
            sums.add("eas_node_allocated_memory_bytes", *where, value=memory * MIB)
            sums.add("eas_node_allocated_compute_cards", *where, value=compute)
        if detail >= Detail.CARD:
            here = (node.pool, node.name, str(grid.card_index[card]), model)
            sums.add("eas_card_memory_bytes", *here, value=capacity * MIB)
            sums.add("eas_card_allocated_memory_bytes", *here, value=memory * MIB)
            sums.add("eas_card_allocated_compute_ratio", *here, value=compute)


def _nodes(sums: _Sums, grid: Grid, level: Sequence[int]) -> None:
    for number, view in enumerate(grid.views):
        node, slot = view.node, grid.cpu_slot(number)
        where = (node.pool, node.name)
        sums.add("eas_node_state", *where, view.state)
        sums.add("eas_node_cpu_cores", *where, value=node.cpu_milli / 1000)
        sums.add("eas_node_allocated_cpu_cores", *where, value=level[slot] / 1000)
        sums.add("eas_node_host_memory_bytes", *where, value=node.memory_mib * MIB)
        sums.add("eas_node_allocated_host_memory_bytes", *where, value=level[slot + 1] * MIB)


def _instances(sums: _Sums, grid: Grid, rows: Iterable[Held]) -> None:
    """What each owner holds now: a row that still waits for its place holds nothing."""
    for row in rows:
        place = row.place
        sums.add("eas_pool_instances", place.pool, row.owner, row.state)
        if row.state == "pending":
            continue
        for uuid in place.cards:
            card = grid.card_of.get(uuid)
            if card is None:
                continue
            whose = (place.pool, grid.card_model[card], row.owner)
            memory = grid.caps[2 * card] if place.exclusive else place.memory_mib
            compute = FULL_COMPUTE if place.exclusive else place.compute
            sums.add("eas_pool_allocated_memory_bytes", *whose, value=memory * MIB)
            sums.add("eas_pool_allocated_compute_cards", *whose, value=compute)


def _standing(sums: _Sums, seen: Overview, rows: Sequence[Held], failures: Failures) -> None:
    sums.add("eas_ledger_event", value=seen.newest)
    for view in seen.nodes:
        sums.add("eas_pool_nodes", view.node.pool, view.state)
    # An owner without any is told as 0, so that an alert that has fired ends.
    owners = {row.owner for row in rows} | seen.committed.keys() | seen.waiting.keys()
    is_stale = stale_by(seen.leases)
    stale = Counter(row.owner for row in rows if is_stale(row))
    looping = _looping(rows, failures, seen.at)
    for owner in sorted(owners):
        sums.add("eas_waiting_instances", owner, value=seen.waiting.get(owner, 0))
        sums.add("eas_stale_instances", owner, value=stale[owner])
        sums.add("eas_crash_looping_instances", owner, value=looping[owner])
    for owner, at in seen.committed.items():
        sums.add("eas_last_commit_timestamp_seconds", owner, value=at.timestamp())
    reconciled = {lease.service for lease in seen.leases if lease.owner == RECONCILER}
    for pool in seen.pools:
        sums.add("eas_reconciler_up", pool, value=int(pool_lease(pool) in reconciled))
    for pool, at in seen.passed.items():
        sums.add("eas_last_reconcile_timestamp_seconds", pool, value=at.timestamp())


def _looping(rows: Iterable[Held], failures: Failures, now: datetime) -> Counter[str]:
    standing = {(row.owner, row.service, row.ordinal) for row in rows}
    times: dict[tuple[str, str, int], list[datetime]] = {}
    for *slot, at in failures:
        times.setdefault(tuple(slot), []).append(at)  # type: ignore[arg-type]
    loops = {slot: loop_of(slot[1:], found, now) for slot, found in times.items() if slot in standing}
    return Counter(slot[0] for slot, loop in loops.items() if loop is not None and loop.failures >= LOOP)
