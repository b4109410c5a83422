"""Who runs where after a replay, so that pods can be moved one by one, each move checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.openb.trace import Host, Pod

GPUs = tuple[int, ...]
Step = tuple[bool, int, int, GPUs]
"""A pod starts (or stops): which one, on which node and GPUs. A pod that moves starts beside itself first where it can."""


class Unfit(Exception):
    """A pod was set down where it does not fit: a defect of whoever did it."""


@dataclass(slots=True)
class Cluster:
    """Hosts and what is free of them; ``where``: running pod (its number in the stream) -> node and GPUs.

    ``steps``: all that was done since it was last cleared. ``moves`` counts every move of a running pod, also the second one
    of the same pod; ``interrupted`` those of them that stopped before they had started in their new place.
    """

    hosts: Sequence[Host]
    stream: Sequence[Pod]
    cpu: list[int] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    room: list[list[int]] = field(default_factory=list)
    where: dict[int, tuple[int, GPUs]] = field(default_factory=dict)
    on: list[set[int]] = field(default_factory=list)
    waiting: dict[Pod, list[int]] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    moves: int = 0
    interrupted: int = 0

    def __post_init__(self) -> None:
        """Begin empty."""
        self.cpu = [host.cpu for host in self.hosts]
        self.memory = [host.memory for host in self.hosts]
        self.room = [[1000] * host.gpus for host in self.hosts]
        self.on = [set() for _ in self.hosts]

    @classmethod
    def after(
        cls, hosts: Sequence[Host], stream: Sequence[Pod], decisions: Sequence[tuple[int, int]]
    ) -> Cluster:
        """Carry out the decisions of a replay; who was dropped waits."""
        made = cls(hosts, stream)
        for number, (pod, (node, bits)) in enumerate(zip(stream, decisions, strict=True)):
            if node >= 0:
                made.put(number, node, tuple(gpu for gpu in range(8) if bits >> gpu & 1))
            else:
                made.waiting.setdefault(pod, []).append(number)
        return made

    def fits(self, pod: Pod, node: int, gpus: Sequence[int]) -> bool:
        """Return whether a pod fits on these GPUs now."""
        return (
            self.cpu[node] >= pod.cpu
            and self.memory[node] >= pod.memory
            and len(gpus) == pod.gpus
            and all(self.room[node][gpu] >= pod.milli for gpu in gpus)
            and (not pod.gpus or pod.may(self.hosts[node].model))
        )

    def put(self, number: int, node: int, gpus: GPUs) -> None:
        """Start a pod; raises :class:`Unfit`."""
        pod = self.stream[number]
        if number in self.where or not self.fits(pod, node, gpus):
            raise Unfit(f"pod {number} {pod} on node {node}, GPUs {gpus}")
        self._count(pod, node, gpus, -1)
        self.where[number] = (node, gpus)
        self.on[node].add(number)
        self.steps.append((True, number, node, gpus))

    def take(self, number: int) -> None:
        """Stop a pod."""
        node, gpus = self.where.pop(number)
        self.on[node].remove(number)
        self._count(self.stream[number], node, gpus, 1)
        self.steps.append((False, number, node, gpus))

    def move(self, number: int, node: int, gpus: GPUs) -> None:
        """Move a pod: it starts in its new place beside the old one, or where that does not fit, stops first."""
        pod, (left, left_gpus) = self.stream[number], self.where[number]
        if self.fits(pod, node, gpus):
            self.where.pop(number)
            self.on[left].remove(number)
            self.put(number, node, gpus)
            self._count(pod, left, left_gpus, 1)
            self.steps.append((False, number, left, left_gpus))
        else:
            self.take(number)
            self.put(number, node, gpus)
            self.interrupted += 1
        self.moves += 1

    def admit(self, pod: Pod, node: int, gpus: GPUs) -> None:
        """Start one of the waiting pods of this kind."""
        self.put(self.waiting[pod].pop(0), node, gpus)

    def _count(self, pod: Pod, node: int, gpus: Sequence[int], sign: int) -> None:
        self.cpu[node] += sign * pod.cpu
        self.memory[node] += sign * pod.memory
        for gpu in gpus:
            self.room[node][gpu] += sign * pod.milli

    @property
    def allocated(self) -> int:
        """GPU thousandths that are given away."""
        return sum(self.stream[number].asks for number in self.where)

    def running(self) -> list[Pod]:
        """Return all pods that run."""
        return [self.stream[number] for number in self.where]

    def still_waiting(self) -> Counter[Pod]:
        """Return how many wait of each kind."""
        return Counter({pod: len(numbers) for pod, numbers in self.waiting.items() if numbers})
