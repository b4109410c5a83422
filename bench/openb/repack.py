"""Repack a few nodes so that some of those that wait fit: a window as one problem for CP-SAT, then move by move.

All that runs in the window goes on running, there or on another of its GPUs; pods on several GPUs stay. A move costs as
much as ``PRICE`` thousandths of a GPU, so that only what gains more is moved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.openb.cluster import Cluster
from bench.openb.trace import Pod
from components.placement.solver.cp_sat import Model, Term

Spot = tuple[int, int]
"""Node and GPU; GPU -1 for pods without one and for whole GPUs."""
FULL = 1000


@dataclass(slots=True)
class Window:
    """The model. ``now`` and ``later``: how many pods of a kind are on a spot, and the variable of how many will be."""

    cluster: Cluster
    nodes: Sequence[int]
    price: int
    model: Model = field(default_factory=Model)
    now: Counter[tuple[Pod, Spot]] = field(default_factory=Counter)
    later: dict[tuple[Pod, Spot], int] = field(default_factory=dict)
    arrive: dict[tuple[Pod, Spot], int] = field(default_factory=dict)
    admitted: dict[Pod, int] = field(default_factory=dict)
    hints: list[int] = field(default_factory=list)

    def _whole(self, least: int, most: int, hint: int) -> int:
        self.hints.append(hint)
        return self.model.whole(least, most)

    def build(self) -> None:
        """Write it down."""
        cluster = self.cluster
        fixed: set[Spot] = set()
        whole: dict[Spot, Pod] = {}
        for node in self.nodes:
            for number in sorted(cluster.on[node]):
                pod, gpus = cluster.stream[number], cluster.where[number][1]
                if pod.gpus > 1:
                    fixed |= {(node, gpu) for gpu in gpus}
                elif pod.milli == FULL:
                    whole[node, gpus[0]] = pod
                    self.now[pod, (node, -1)] += 1
                else:
                    self.now[pod, (node, gpus[0] if gpus else -1)] += 1
        waiting = {pod: count for pod, count in cluster.still_waiting().items() if pod.gpus == 1}
        kinds = sorted({pod for pod, _ in self.now} | set(waiting))
        for node in self.nodes:
            self._of_node(node, kinds, fixed, whole)
        for pod in kinds:
            mine = [(variable, 1) for (kind, _), variable in self.later.items() if kind == pod]
            there = sum(count for (kind, _), count in self.now.items() if kind == pod)
            more = self.admitted[pod] = self._whole(0, waiting.get(pod, 0), 0)
            self.model.total([*mine, (more, -1)], there, there)
        gain = [(variable, -pod.milli - self.price) for pod, variable in self.admitted.items()]
        self.model.minimise([*gain, *((variable, self.price) for variable in self.arrive.values())])
        self.model.hint(self.hints)

    def _of_node(self, node: int, kinds: Sequence[Pod], fixed: set[Spot], whole: dict[Spot, Pod]) -> None:
        cluster, host = self.cluster, self.cluster.hosts[node]
        cpu: list[Term] = []
        memory: list[Term] = []
        free = [gpu for gpu in range(host.gpus) if (node, gpu) not in fixed]
        released = {gpu: self._whole(0, 1, 0) for gpu in free if (node, gpu) in whole}
        in_use = {
            gpu: self._whole(0, 1, int(gpu not in released and cluster.room[node][gpu] < FULL))
            for gpu in free
        }
        for gpu, variable in released.items():
            self.model.total([(in_use[gpu], 1), (variable, -1)], None, 0)
        loads: dict[int, list[Term]] = {gpu: [(in_use[gpu], -FULL)] for gpu in free}
        wholes: list[Term] = []
        for pod in kinds:
            if pod.gpus and not pod.may(host.model):
                continue
            spots = free if pod.gpus and pod.milli < FULL else [-1]
            for gpu in spots:
                now = self.now[pod, (node, gpu)]
                most = (
                    FULL // pod.milli if pod.gpus and pod.milli < FULL else len(free) if pod.gpus else now + 2
                )
                later = self.later[pod, (node, gpu)] = self._whole(0, most, now)
                come = self.arrive[pod, (node, gpu)] = self._whole(0, most, 0)
                if pod.milli == FULL:
                    leaves = [(released[at], 1) for at in released if whole[node, at] == pod]
                    self.model.total(
                        [(come, 1), (later, -1), *((var, -one) for var, one in leaves)], -now, -now
                    )
                    wholes.append((come, 1))
                else:
                    self.model.total([(come, 1), (later, -1)], -now)
                if gpu >= 0:
                    loads[gpu].append((later, pod.milli))
                cpu.append((later, pod.cpu))
                memory.append((later, pod.memory))
        for terms in loads.values():
            self.model.total(terms, None, 0)
        self.model.total(
            [*wholes, *((var, 1) for var in in_use.values()), *((var, -1) for var in released.values())],
            None,
            len(free) - len(released),
        )
        here = [cluster.stream[number] for number in cluster.on[node]]
        movable = [pod for pod in here if pod.gpus <= 1]
        self.model.total(cpu, None, cluster.cpu[node] + sum(pod.cpu for pod in movable))
        self.model.total(memory, None, cluster.memory[node] + sum(pod.memory for pod in movable))


def repack(cluster: Cluster, nodes: Sequence[int], price: int, limit: float, budget: int) -> int:
    """Repack a window if that gains something within the budget of moves; return the GPU thousandths gained."""
    window = Window(cluster, nodes, price)
    window.build()
    answer = window.model.solve(limit)
    if not answer.good or answer.objective >= 0:
        return 0
    changes = _Changes.of(window, answer.values)
    before, moves = cluster.allocated, cluster.moves
    if changes.carried_out(budget):
        return cluster.allocated - before
    assert cluster.moves == moves, "what could not be carried out was undone"
    return 0


@dataclass(slots=True)
class _Changes:
    """What has to leave and to arrive. ``leaving``: numbers of pods by kind; ``coming``: spots by kind."""

    cluster: Cluster
    leaving: dict[Pod, list[int]]
    coming: list[tuple[Pod, Spot]]
    done: list[tuple[str, int, int, tuple[int, ...]]] = field(default_factory=list)

    @classmethod
    def of(cls, window: Window, values: Sequence[int]) -> _Changes:
        """Read an answer."""
        cluster = window.cluster
        leaving: dict[Pod, list[int]] = {}
        coming: list[tuple[Pod, Spot]] = []
        for (pod, spot), variable in sorted(window.later.items()):
            more = values[variable] - window.now[pod, spot]
            coming += [(pod, spot)] * more
            if more < 0:
                here = [
                    n
                    for n in sorted(cluster.on[spot[0]])
                    if cluster.stream[n] == pod and cls._at(cluster, n, spot)
                ]
                leaving.setdefault(pod, []).extend(here[:-more])
        return cls(cluster, leaving, coming)

    @staticmethod
    def _at(cluster: Cluster, number: int, spot: Spot) -> bool:
        gpus = cluster.where[number][1]
        return spot[1] < 0 or gpus == (spot[1],)

    def carried_out(self, budget: int) -> bool:
        """Make all moves, each into a place that is free then; where all wait for one another, one goes elsewhere first."""
        cluster, start = self.cluster, self.cluster.moves
        # Those that wait come last: in between they would take what moves need.
        while self.coming and (
            self._one_moves()
            or (self._all_arrived() and self._one_admitted())
            or self._aside()
            or self._lifted()
        ):
            pass
        if self.coming or cluster.moves - start > budget:
            self._undo()
            cluster.moves = start
            return False
        return True

    def _all_arrived(self) -> bool:
        return not any(self.leaving.values())

    def _one_moves(self) -> bool:
        """Make one move that finds its place free."""
        for index, (pod, spot) in enumerate(self.coming):
            movers = self.leaving.get(pod, [])
            for number in movers:
                if self._moved(number, pod, spot):
                    movers.remove(number)
                    del self.coming[index]
                    return True
        return False

    def _one_admitted(self) -> bool:
        """Let one in that finds its place free."""
        for index, (pod, spot) in enumerate(self.coming):
            if self.leaving.get(pod):
                continue
            gpus = self._gpus(pod, spot)
            if gpus is not None:
                self.done.append(("admit", self.cluster.admit(pod, spot[0], gpus), 0, ()))
                del self.coming[index]
                return True
        return False

    def _moved(self, number: int, pod: Pod, spot: Spot) -> bool:
        """Move one, or set down one that was stopped before."""
        cluster = self.cluster
        if number not in cluster.where:
            to = self._gpus(pod, spot)
            if to is not None:
                cluster.put(number, spot[0], to)
                cluster.moves += 1
                self.done.append(("land", number, 0, ()))
            return to is not None
        node, gpus = cluster.where[number]
        cluster.take(number)
        to = self._gpus(pod, spot)
        cluster.put(number, node, gpus)
        if to is not None:
            cluster.move(number, spot[0], to)
            self.done.append(("move", number, node, gpus))
        return to is not None

    def _gpus(self, pod: Pod, spot: Spot) -> tuple[int, ...] | None:
        node, gpu = spot
        choices: list[tuple[int, ...]] = [()] if not pod.gpus else [(gpu,)]
        if pod.gpus and gpu < 0:
            taken = {at for _, (there, at) in self.coming if there == node}
            choices = sorted(
                ((at,) for at in range(self.cluster.hosts[node].gpus)), key=lambda at: (at[0] in taken, at)
            )
        return next((gpus for gpus in choices if self.cluster.fits(pod, node, gpus)), None)

    def _aside(self) -> bool:
        """Move one that has to leave to a spare hole anywhere, the smallest first."""
        cluster = self.cluster
        numbers = sorted((cluster.stream[n].asks, n) for movers in self.leaving.values() for n in movers)
        aside = {number for kind, number, _, _ in self.done if kind == "move"}
        for _, number in numbers:
            if number in aside or number not in cluster.where:
                continue
            pod, (node, gpus) = cluster.stream[number], cluster.where[number]
            for other in range(len(cluster.hosts)):
                if other == node:
                    continue
                hole = self._hole(pod, other)
                if hole is not None:
                    cluster.move(number, other, hole)
                    self.done.append(("move", number, node, gpus))
                    return True
        return False

    def _lifted(self) -> bool:
        """Stop the smallest one that has to leave before its new place is free: break before make."""
        cluster = self.cluster
        numbers = [n for movers in self.leaving.values() for n in movers if n in cluster.where]
        if not numbers:
            return False
        number = min(numbers, key=lambda n: (cluster.stream[n].asks, cluster.stream[n].cpu, n))
        self.done.append(("lift", number, *cluster.where[number]))
        cluster.take(number)
        cluster.interrupted += 1
        return True

    def _hole(self, pod: Pod, node: int) -> tuple[int, ...] | None:
        choices: list[tuple[int, ...]] = (
            [(at,) for at in range(self.cluster.hosts[node].gpus)] if pod.gpus else [()]
        )
        return next((gpus for gpus in choices if self.cluster.fits(pod, node, gpus)), None)

    def _undo(self) -> None:
        cluster = self.cluster
        for kind, number, node, gpus in reversed(self.done):
            if kind == "admit":
                cluster.send_back(number)
            elif kind == "move":
                cluster.move(number, node, gpus)
            elif kind == "land":
                cluster.take(number)
            else:
                cluster.put(number, node, gpus)
                cluster.interrupted -= 1
