"""Who runs where after a replay, so that pods can be moved one by one, each move checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.openb.trace import Host, Pod


class Unfit(Exception):
    """A pod was set down where it does not fit: a defect of whoever did it."""


@dataclass(slots=True)
class Cluster:
    """Hosts and what is free of them; ``where``: running pod (its number in the stream) -> node and GPUs.

    ``moves`` counts every move of a running pod, also the second one of the same pod; ``interrupted`` those of them
    that stopped before their new place was free.
    """

    hosts: Sequence[Host]
    stream: Sequence[Pod]
    cpu: list[int] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    room: list[list[int]] = field(default_factory=list)
    where: dict[int, tuple[int, tuple[int, ...]]] = field(default_factory=dict)
    on: list[set[int]] = field(default_factory=list)
    waiting: dict[Pod, list[int]] = field(default_factory=dict)
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

    def put(self, number: int, node: int, gpus: tuple[int, ...]) -> None:
        """Start a pod; raises :class:`Unfit`."""
        pod = self.stream[number]
        if number in self.where or not self.fits(pod, node, gpus):
            raise Unfit(f"pod {number} {pod} on node {node}, GPUs {gpus}")
        self._count(pod, node, gpus, -1)
        self.where[number] = (node, gpus)
        self.on[node].add(number)

    def take(self, number: int) -> None:
        """Stop a pod."""
        node, gpus = self.where.pop(number)
        self.on[node].remove(number)
        self._count(self.stream[number], node, gpus, 1)

    def move(self, number: int, node: int, gpus: tuple[int, ...]) -> None:
        """Move a pod; the state after it is valid."""
        self.take(number)
        self.put(number, node, gpus)
        self.moves += 1

    def admit(self, pod: Pod, node: int, gpus: tuple[int, ...]) -> int:
        """Start one of the waiting pods of this kind and return its number."""
        number = self.waiting[pod].pop(0)
        self.put(number, node, gpus)
        return number

    def send_back(self, number: int) -> None:
        """Let a pod that was admitted wait again."""
        self.take(number)
        self.waiting[self.stream[number]].insert(0, number)

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
