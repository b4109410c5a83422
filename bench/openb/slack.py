"""Where a cluster falls short of the configuration LP: per node what its GPUs would give at best, less what they give.

At the LP's prices these sum up, with what is left out although it is worth more than its price, to the whole gap.
"""

from __future__ import annotations

from collections.abc import Sequence

from bench.openb.cluster import Cluster
from bench.openb.trace import Host, Pod, Trace
from bench.openb_ceiling import NodeShape, PodShape, bounded, ceiling
from components.placement.solver.config_lp import Q


def shape_of(pod: Pod) -> PodShape:
    """Return a pod as the bound knows it."""
    return (pod.cpu, pod.gpus, pod.milli, frozenset(pod.spec.split("|")) if pod.spec else frozenset())


def _node(host: Host) -> NodeShape:
    return (host.model, host.gpus, host.cpu)


def upper_bound(trace: Trace, stream: Sequence[Pod]) -> float:
    """Return how much any scheduler could give away at most of what arrives, in percent of all GPU."""
    return 100 * ceiling(map(_node, trace.hosts), map(shape_of, stream)) / trace.capacity


def slack(cluster: Cluster) -> tuple[float, list[int]]:
    """Return the ceiling with all that run kept, in GPU thousandths, and per node by how much its GPUs fall short."""
    known = bounded(
        map(_node, cluster.hosts), map(shape_of, cluster.stream), map(shape_of, cluster.running())
    )
    bound, short = known.bound, []
    for node, host in enumerate(cluster.hosts):
        kind = known.nodes[_node(host)]
        gives = 0
        for number in cluster.on[node]:
            pod = cluster.stream[number]
            if pod.gpus:
                gives += bound.prices[known.pods[shape_of(pod)]] - bound.cpu_prices[kind] * pod.cpu
        short.append((bound.cards[kind] * host.gpus - gives) // Q)
    return bound.value, short
