"""Carry a set of changes out move by move, each into a place that is free then.

A pod moves as soon as a place for its kind is free. Where all wait for one another, the smallest goes to a spare hole on a
node that has no part in it, as long as moves are left for that; else it stops before its new place is free. Those that
waited come last: in between they would take what moves need.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations

from bench.openb.cluster import Cluster, GPUs
from bench.openb.trace import Pod

Slot = tuple[int, GPUs]
"""A node, and GPUs of it."""


@dataclass(slots=True)
class Change:
    """What one node does: who leaves it (numbers of pods), and which kinds come, with their GPUs."""

    node: int
    leaves: tuple[int, ...]
    comes: tuple[tuple[Pod, GPUs], ...]


def carry_out(cluster: Cluster, changes: Iterable[Change], most: int) -> None:
    """Make all moves, the last ones with an interruption where ``most`` moves do not suffice for a detour, and admit."""
    work = _Work(cluster, most)
    for change in changes:
        work.busy.add(change.node)
        for number in change.leaves:
            work.movers.setdefault(cluster.stream[number], []).append(number)
        for pod, gpus in change.comes:
            work.slots.setdefault(pod, []).append((change.node, gpus))
    while work.left():
        if not (work.moved() or work.aside()):
            work.lift()
    work.admit()


@dataclass(slots=True)
class _Work:
    """What is still to do. ``lifted``: who has stopped and not started again."""

    cluster: Cluster
    most: int
    movers: dict[Pod, list[int]] = field(default_factory=dict)
    slots: dict[Pod, list[Slot]] = field(default_factory=dict)
    busy: set[int] = field(default_factory=set)
    put_aside: set[int] = field(default_factory=set)
    lifted: set[int] = field(default_factory=set)

    def left(self) -> int:
        """Return how many have not arrived."""
        return sum(map(len, self.movers.values()))

    def moved(self) -> bool:
        """Make all moves that find a place free; return whether there was one."""
        made = False
        for pod, numbers in self.movers.items():
            for slot in list(self.slots.get(pod, ())):
                if numbers and self.cluster.fits(pod, *slot):
                    self._arrive(numbers.pop(0), slot)
                    self.slots[pod].remove(slot)
                    made = True
        return made

    def _arrive(self, number: int, slot: Slot) -> None:
        if number in self.lifted:
            self.lifted.remove(number)
            self.cluster.put(number, *slot)
            self.cluster.moves += 1
        else:
            self.cluster.move(number, *slot)

    def aside(self) -> bool:
        """Move one to a spare hole, if there are moves for that."""
        if self.cluster.moves + self.left() >= self.most:
            return False
        for number in self._by_size():
            hole = next(self._holes(self.cluster.stream[number]), None)
            if hole is not None:
                self.cluster.move(number, *hole)
                self.put_aside.add(number)
                return True
        return False

    def lift(self) -> None:
        """Stop the smallest one that is in the way."""
        number = next(self._by_size())
        self.cluster.take(number)
        self.cluster.interrupted += 1
        self.lifted.add(number)

    def _by_size(self) -> Iterator[int]:
        """Yield who is still in the way, the smallest first."""
        stream = self.cluster.stream
        here = (
            number
            for numbers in self.movers.values()
            for number in numbers
            if number not in self.put_aside and number not in self.lifted
        )
        yield from sorted(here, key=lambda number: (stream[number].asks, stream[number].cpu, number))

    def _holes(self, pod: Pod) -> Iterator[Slot]:
        for node, host in enumerate(self.cluster.hosts):
            if node not in self.busy and self.cluster.cpu[node] >= pod.cpu:
                for gpus in combinations(range(host.gpus), pod.gpus):
                    if self.cluster.fits(pod, node, gpus):
                        yield node, gpus

    def admit(self) -> None:
        """Let those in that waited."""
        for pod, slots in self.slots.items():
            for slot in slots[: len(self.cluster.waiting.get(pod, ()))]:
                self.cluster.admit(pod, *slot)
