"""Traces: nodes and pods from files or made up, and the published order of arrivals."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

ARRIVAL = 1.3
"""Up to which part of the capacity pods arrive."""


MADE_UP = "made-up"
"""The name of the trace of our own."""


class Host(NamedTuple):
    """One node: thousandths of a core, MiB, how many GPUs of 1,000 units each, and their model."""

    cpu: int
    memory: int
    gpus: int
    model: str


class Pod(NamedTuple):
    """What one pod asks for; ``milli`` of each GPU; ``spec``: allowed models as ``A|B``, empty for any."""

    cpu: int
    memory: int
    gpus: int
    milli: int
    spec: str

    @property
    def asks(self) -> int:
        """GPU thousandths in all."""
        return self.gpus * self.milli

    @property
    def group(self) -> str:
        """The group that failures are counted in."""
        if self.gpus > 1:
            return "multi-GPU"
        if not self.gpus:
            return "CPU only"
        return "whole" if self.milli == 1000 else "large" if self.milli >= 500 else "small"

    def may(self, model: str) -> bool:
        """Return whether it may run on a model."""
        return not self.spec or model in self.spec.split("|")


GROUPS = ("multi-GPU", "whole", "large", "small", "CPU only")


@dataclass(frozen=True, slots=True)
class Trace:
    """Nodes, and pods in the order of their names. ``published``: figures of the published table, where there are any."""

    name: str
    hosts: tuple[Host, ...]
    pods: tuple[Pod, ...]
    published: Published | None = None

    @property
    def capacity(self) -> int:
        """All GPU thousandths."""
        return 1000 * sum(host.gpus for host in self.hosts)

    def arrivals(self, seed: int, until: float = ARRIVAL) -> list[Pod]:
        """Return the pods as they arrive: shuffled, then drawn with replacement, until enough is asked for."""
        chance = random.Random(seed)
        order = list(self.pods)
        chance.shuffle(order)
        come: list[Pod] = []
        asked = 0
        while asked < until * self.capacity:
            pod = order[len(come)] if len(come) < len(order) else chance.choice(self.pods)
            come.append(pod)
            asked += pod.asks
        return come


class Published(NamedTuple):
    """Figures in percent: FGD's at 100 and 130 % arrival, and the upper bound at 100 %."""

    fgd_100: float
    fgd_130: float
    bound: float


PUBLISHED = {
    "default": Published(95.23, 95.39, 96.90),
    "cpu100": Published(95.21, 95.35, 96.88),
    "gpushare60": Published(91.25, 91.40, 93.33),
    "gpuspec20": Published(94.66, 94.84, 96.90),
    "multigpu20": Published(95.53, 95.65, 97.32),
}
"""From the README beside the traces."""


def read(nodes: Path, pods: Path) -> Trace:
    """Read a node list and a pod list of the openb form; raises ``ValueError`` or ``KeyError`` for any other."""
    with nodes.open(newline="") as file:
        hosts = tuple(
            Host(int(row["cpu_milli"]), int(row["memory_mib"]), int(row["gpu"]), row["model"])
            for row in sorted(csv.DictReader(file), key=lambda row: row["sn"])
        )
    with pods.open(newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["name"])
    found = tuple(
        Pod(
            int(row["cpu_milli"]),
            int(row["memory_mib"]),
            int(row["num_gpu"]),
            int(row["gpu_milli"]) if int(row["num_gpu"]) else 0,
            row.get("gpu_spec") or "",
        )
        for row in rows
    )
    if not sum(pod.asks for pod in found) or not sum(host.gpus for host in hosts):
        raise ValueError("no node has a GPU, or no pod asks for one")
    name = pods.stem.removeprefix("openb_pod_list_")
    known = PUBLISHED.get(name) if len(hosts) == 1213 else None
    return Trace(name, hosts, found, known)


def made_up(nodes: int = 120, seed: int = 1) -> Trace:
    """Return a trace of our own: a mixed cluster with shared, whole, multi-GPU and CPU-only pods, the same for one seed."""
    chance = random.Random(seed)
    shapes = [
        (Host(96_000, 393_216, 8, "A"), 5),
        (Host(104_000, 524_288, 2, "B"), 3),
        (Host(16_000, 122_880, 2, "B"), 1),
        (Host(64_000, 262_144, 4, "C"), 1),
    ]
    kinds = [host for host, _ in shapes]
    hosts = tuple(sorted(chance.choices(kinds, [often for _, often in shapes], k=nodes)))
    capacity = 1000 * sum(host.gpus for host in hosts)
    claims = [
        (Pod(8_000, 32_768, 1, 1000, ""), 30),
        (Pod(12_000, 16_384, 1, 1000, "A|C"), 8),
        (Pod(6_000, 12_288, 1, 810, ""), 12),
        (Pod(4_000, 8_192, 1, 470, ""), 16),
        (Pod(8_000, 16_384, 1, 640, "B"), 5),
        (Pod(2_000, 8_192, 1, 220, ""), 10),
        (Pod(1_000, 4_096, 1, 60, ""), 8),
        (Pod(88_000, 327_680, 8, 1000, ""), 1),
        (Pod(24_000, 65_536, 2, 1000, ""), 2),
        (Pod(12_500, 57_344, 0, 0, ""), 8),
    ]
    weights = [often for _, often in claims]
    pods: list[Pod] = []
    asked = 0
    while asked < capacity:
        pods.append(chance.choices([pod for pod, _ in claims], weights)[0])
        asked += pods[-1].asks
    return Trace(MADE_UP, hosts, tuple(pods))
