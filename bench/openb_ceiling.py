"""The most GPU that any scheduler could have allocated of an openb stream, however it packs: the configuration LP.

    python -m bench.openb_ceiling [--json]

reproduces the bounds of the traces' README at 100 % arrival (mean of the seeds 42..51; our shuffles are not the published
ones, which moves a single seed by up to 0.05 and the mean by up to 0.02). Exit status 1 where one is off by more.

Node types are (model, GPUs, CPU); pods are (CPU milli, GPUs, GPU milli, allowed models). CPU-only pods and memory are left
out, which only raises the bound.
"""

from __future__ import annotations

import csv
import random
import statistics
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure, report
from components.placement.solver.config_lp import Bin, Bound, Item, best_packing

NodeShape = tuple[str, int, int]
"""Model, number of GPUs, CPU in milli."""
PodShape = tuple[int, int, int, frozenset[str]]
"""CPU in milli, number of GPUs, thousandths of each, allowed models (empty: any)."""
FULL = 1000
TRACES = Path(__file__).resolve().parents[1] / "../shared/traces/openb"
PUBLISHED = {"default": 96.90, "cpu100": 96.88, "gpushare60": 93.33, "gpuspec20": 96.90, "multigpu20": 97.32}
"""Upper bounds at 100 % arrival, in percent, from the README of the traces."""
OFF = 0.02


def ceiling(nodes: Iterable[NodeShape], pods: Iterable[PodShape], kept: Iterable[PodShape] = ()) -> float:
    """Return a bound of the allocated GPU milli of ``pods`` on ``nodes``.

    ``kept``: pods that run and stay, though they may move; they are in ``pods`` as well. Without them the bound is that of
    a scheduler which knows all pods before the first one.
    """
    return bounded(nodes, pods, kept).bound.value


@dataclass(frozen=True, slots=True)
class Bounded:
    """The bound, and which item of it is which pod and which bin which node."""

    bound: Bound
    pods: dict[PodShape, int]
    nodes: dict[NodeShape, int]


def bounded(nodes: Iterable[NodeShape], pods: Iterable[PodShape], kept: Iterable[PodShape] = ()) -> Bounded:
    """Return the bound of :func:`ceiling` with the prices that show it."""
    types = sorted(Counter(nodes).items())
    bins = [Bin(count * gpus, (FULL,), cpu=count * cpu) for (_, gpus, cpu), count in types]
    least = Counter(kept)
    items: list[Item] = []
    numbers: dict[PodShape, int] = {}
    for pod, count in sorted(Counter(pods).items(), key=lambda item: (*item[0][:3], sorted(item[0][3]))):
        cpu, gpus, milli, models = pod
        if not gpus:
            continue
        fitting = frozenset(
            index
            for index, ((model, has, has_cpu), _) in enumerate(types)
            if has >= gpus and has_cpu >= cpu and (not models or model in models)
        )
        numbers[pod] = len(items)
        cards = gpus if gpus > 1 else 0
        items.append(Item(count, (milli,), cards, cpu, fitting, milli * gpus, least[pod]))
    places = {node: index for index, (node, _) in enumerate(types)}
    return Bounded(best_packing(items, bins), numbers, places)


def node_shapes(folder: Path = TRACES) -> list[NodeShape]:
    """Read the nodes of the trace."""
    with (folder / "openb_node_list_gpu_node.csv").open(encoding="utf-8") as lines:
        return [(row["model"], int(row["gpu"]), int(row["cpu_milli"])) for row in csv.DictReader(lines)]


def pod_shapes(name: str, folder: Path = TRACES) -> list[PodShape]:
    """Read the pods of one mix, sorted by name."""
    with (folder / f"openb_pod_list_{name}.csv").open(encoding="utf-8") as lines:
        rows = sorted(csv.DictReader(lines), key=lambda row: row["name"])
    return [
        (
            int(row["cpu_milli"]),
            int(row["num_gpu"]),
            int(row["gpu_milli"]),
            frozenset(filter(None, (row.get("gpu_spec") or "").split("|"))),
        )
        for row in rows
    ]


def asked(pod: PodShape) -> int:
    """Return how many GPU milli a pod asks for."""
    return pod[1] * pod[2]


def arrived(pods: Sequence[PodShape], seed: int, until: int) -> list[PodShape]:
    """Shuffle the pods, go on with pods drawn from them, and return as many as ask for ``until`` GPU milli at most."""
    rng = random.Random(seed)
    stream = list(pods)
    rng.shuffle(stream)
    first, total = list(stream), 0
    for number, pod in enumerate(stream):
        total += asked(pod)
        if total > until:
            return stream[:number]
    while True:
        pod = rng.choice(first)
        total += asked(pod)
        if total > until:
            return stream
        stream.append(pod)


def bound_at_arrival(nodes: Sequence[NodeShape], pods: Sequence[PodShape], seed: int) -> float:
    """Return the bound at 100 % arrival, in percent of all GPU milli."""
    capacity = FULL * sum(gpus for _, gpus, _ in nodes)
    return 100 * ceiling(nodes, arrived(pods, seed, capacity)) / capacity


def figures() -> list[Figure]:
    """Compare each mix with what is published."""
    nodes = node_shapes()
    found = []
    for name, published in PUBLISHED.items():
        pods = pod_shapes(name)
        bounds = [bound_at_arrival(nodes, pods, seed) for seed in range(42, 52)]
        mean = statistics.fmean(bounds)
        found.append(Figure(f"{name}: LP bound at 100 % arrival", mean, "%"))
        found.append(
            Figure(f"{name}: off the published {published:.2f} by", abs(mean - published), "points", OFF)
        )
    return found


if __name__ == "__main__":
    if not TRACES.exists():
        sys.exit(f"bench.openb_ceiling: skipped, since {TRACES} is not there")
    sys.exit(report(figures(), as_json="--json" in sys.argv[1:]))
