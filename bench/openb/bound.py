"""What could be given away at best: the configuration LP for all that arrives, and for all that runs and waits."""

from __future__ import annotations

from collections.abc import Sequence

from bench.openb.cluster import Cluster
from bench.openb.trace import Host, Pod, Trace
from bench.openb_ceiling import NodeShape, PodShape, ceiling


def upper_bound(trace: Trace, stream: Sequence[Pod]) -> float:
    """Return how much any scheduler could give away at most of what arrives, in percent of all GPU."""
    return 100 * ceiling(map(_node, trace.hosts), map(_shape, stream)) / trace.capacity


def kept_bound(cluster: Cluster) -> float:
    """Return the most with all kept that run, whoever moves where, in GPU thousandths."""
    running = map(_shape, cluster.running())
    return ceiling(map(_node, cluster.hosts), map(_shape, cluster.stream), running)


def _shape(pod: Pod) -> PodShape:
    return (pod.cpu, pod.gpus, pod.milli, frozenset(pod.spec.split("|")) if pod.spec else frozenset())


def _node(host: Host) -> NodeShape:
    return (host.model, host.gpus, host.cpu)
