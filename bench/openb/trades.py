"""Many small changes of single nodes, chosen together so that what leaves one node arrives at another.

A linear program by column generation: a column is one change of one node (a few pods leave, others come), a row per kind
of pod says that at least as many come as leave, and what comes beyond that is let in from those that wait. Its prices tell
:mod:`bench.openb.refill` what to look for on every node; in the end HiGHS chooses among all columns in whole numbers. Facts:
Gilmore and Gomory (1961); the restricted master heuristic.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.openb import refill
from bench.openb.carry import Change
from bench.openb.cluster import Cluster
from bench.openb.trace import Host, Pod
from bench.openb.whole import maximise_whole
from components.placement.solver.simplex import Column, maximise

MU = (0.0, *(0.004 * 1.35**k for k in range(20)))
"""Prices of CPU that are looked at, in GPU thousandths per thousandth of a core."""
ROUNDS = 40
"""Columns are added this many times at most; usually a dozen times bring all that gain something."""
NEAR = 100.0
"""Columns that lose more than this at the last prices, in GPU thousandths, are not chosen among."""
FIRST_PRICE, FIRST_TOLL = 0.9, 60.0
"""Before there are prices: a pod's, per GPU thousandth that it asks for, and that of a move."""
LEAST_GAIN = 1e-3

Found = tuple[int, tuple[int, ...], tuple[tuple[int, int], ...]]
"""A column: node, who leaves (numbers of pods), who comes (kind, GPUs as bits)."""


def best_changes(cluster: Cluster, most: int, cost: float) -> list[Change]:
    """Return changes with at most so many moves that gain most; one move ``cost`` so many GPU thousandths."""
    market = _Market(cluster, most, cost)
    for _ in range(ROUNDS):
        if not market.look():
            break
        market.solve()
    return market.chosen()


@dataclass(slots=True)
class _Market:
    """The program. ``near``: what each known column loses at the prices of now; ``dual``: the price of each node."""

    cluster: Cluster
    most: int
    cost: float
    kinds: list[Pod] = field(init=False)
    numbers: dict[Pod, int] = field(init=False)
    wait: list[int] = field(init=False)
    columns: dict[Found, Column] = field(default_factory=dict)
    price: refill.Array = field(init=False)
    toll: float = FIRST_TOLL
    dual: refill.Array = field(init=False)
    rows: refill.Array = field(init=False)
    looker: _Looker = field(init=False)

    def __post_init__(self) -> None:
        """Read the cluster."""
        waiting = self.cluster.still_waiting()
        self.kinds = sorted(set(self.cluster.running()) | set(waiting))
        self.numbers = {pod: number for number, pod in enumerate(self.kinds)}
        self.wait = [waiting[pod] for pod in self.kinds]
        self.price = np.array([FIRST_PRICE * pod.asks for pod in self.kinds])
        self.dual = np.zeros(len(self.cluster.hosts))
        self.looker = _Looker(self.cluster, self.numbers, self.price)

    def look(self) -> bool:
        """Add the columns that gain something at the prices of now; return whether there are new ones."""
        before = len(self.columns)
        for found in self.looker.look(self.toll, self.dual):
            if found not in self.columns:
                self.columns[found] = self._column(found)
        return len(self.columns) > before

    def _column(self, found: Found) -> Column:
        node, leaves, comes = found
        balance = Counter(kind for kind, _ in comes)
        balance.subtract(self.numbers[self.cluster.stream[number]] for number in leaves)
        rows = [(kind, more) for kind, more in sorted(balance.items()) if more]
        rows.append((len(self.kinds) + node, 1))
        if leaves:
            rows.append((len(self.kinds) + len(self.cluster.hosts), len(leaves)))
        return Column(-self.cost * len(leaves), tuple(rows), 0.0, 1.0)

    def _program(
        self, columns: Sequence[Column]
    ) -> tuple[list[Column], list[float | None], list[float | None]]:
        """Return the program over these columns, after one column per kind that lets in who waits."""
        kinds, nodes = len(self.kinds), len(self.cluster.hosts)
        admit = [
            Column(float(pod.asks), ((kind, -1),), 0.0, float(self.wait[kind]))
            for kind, pod in enumerate(self.kinds)
        ]
        lows: list[float | None] = [0.0] * kinds
        highs: list[float | None] = [None] * kinds
        highs += [1.0] * nodes + [float(self.most)]
        return [*admit, *columns], lows + [None] * (nodes + 1), highs

    def solve(self) -> None:
        """Find new prices."""
        kinds, nodes = len(self.kinds), len(self.cluster.hosts)
        _, duals = maximise(*self._program(list(self.columns.values())))
        self.rows = np.array(duals)
        self.price[:] = np.maximum(-self.rows[:kinds], 0.0)
        self.dual = np.maximum(self.rows[kinds : kinds + nodes], 0.0)
        self.toll = self.cost + max(self.rows[kinds + nodes], 0.0)

    def chosen(self) -> list[Change]:
        """Choose whole columns, of those that are not far from gaining something."""
        near = [
            (found, column)
            for found, column in self.columns.items()
            if column.worth - sum(self.rows[row] * factor for row, factor in column.rows) > -NEAR
        ]
        values = maximise_whole(*self._program([column for _, column in near]))[len(self.kinds) :]
        return [
            Change(node, leaves, tuple((self.kinds[kind], _gpus(bits)) for kind, bits in comes))
            for ((node, leaves, comes), _), value in zip(near, values, strict=True)
            if value
        ]


def _gpus(bits: int) -> tuple[int, ...]:
    return tuple(gpu for gpu in range(refill.GPUS) if bits >> gpu & 1)


class _Looker:
    """What :mod:`bench.openb.refill` reads and writes."""

    def __init__(self, cluster: Cluster, numbers: dict[Pod, int], price: refill.Array) -> None:
        """``price`` is read anew with every look."""
        kinds = list(numbers)
        self._models = sorted({host.model for host in cluster.hosts})
        self._kinds = refill.Kinds(
            np.array([pod.cpu for pod in kinds]),
            np.array([pod.memory for pod in kinds]),
            np.array([pod.gpus for pod in kinds]),
            np.array([-(-pod.milli // refill.UNIT) for pod in kinds]),
            np.array([[not pod.gpus or pod.may(model) for model in self._models] for pod in kinds]),
            price,
        )
        self._values = refill.Values(
            np.array(MU), np.zeros((len(self._models), len(MU), refill.FULL + 1)), np.zeros(len(MU))
        )
        sizes = refill.LEAVE + 1
        self._found = refill.Found(
            np.zeros(sizes),
            np.zeros((sizes, refill.LEAVE), dtype=np.int64),
            np.zeros((sizes, refill.COME + 1, 2), dtype=np.int64),
        )
        self._nodes = [self._node(cluster, numbers, node, host) for node, host in enumerate(cluster.hosts)]

    def _node(
        self, cluster: Cluster, numbers: dict[Pod, int], node: int, host: Host
    ) -> tuple[refill.Array, refill.Array, refill.Array, list[int]]:
        """Return a node's model and what is free of it, its GPUs, its pods, and their numbers."""
        room = [units // refill.UNIT for units in cluster.room[node]]
        pods = sorted(
            (numbers[cluster.stream[number]], sum(1 << gpu for gpu in cluster.where[number][1]), number)
            for number in cluster.on[node]
        )
        return (
            np.array([self._models.index(host.model), cluster.cpu[node], cluster.memory[node]]),
            np.array(room + [0] * (refill.GPUS - len(room))),
            np.array([pod[:2] for pod in pods], dtype=np.int64).reshape(-1, 2),
            [number for _, _, number in pods],
        )

    def look(self, toll: float, dual: refill.Array) -> list[Found]:
        """Return the best change of every node for each number of pods that leave, if it is worth more than ``dual``."""
        kinds, found, gains = self._kinds, self._found, []
        refill.values_of(kinds, self._values.mu, len(self._models), self._values)
        orders = self._orders()
        for node, (host, room, pods, numbers) in enumerate(self._nodes):
            refill.change(kinds, self._values, orders, toll, host, room, pods, found)
            for size in np.flatnonzero(found.value > dual[node] + LEAST_GAIN):
                leaves = tuple(numbers[place] for place in found.leaves[size] if place >= 0)
                comes = tuple((int(kind), int(bits)) for kind, bits in found.comes[size] if kind >= 0)
                gains.append((node, leaves, comes))
        return gains

    def _orders(self) -> refill.Array:
        """Return per CPU price the kinds that are worth something, best per unit first, then -1."""
        kinds = self._kinds
        orders = np.full((len(MU), len(kinds.cpu)), refill.NONE)
        worth = [
            kind for kind in range(len(kinds.cpu)) if kinds.price[kind] > LEAST_GAIN and kinds.gpus[kind] <= 1
        ]
        for at, mu in enumerate(MU):
            gain = (kinds.price - mu * kinds.cpu) / np.maximum(kinds.units, 1)
            orders[at, : len(worth)] = sorted(worth, key=lambda kind: (-gain[kind], kind))
        return orders
