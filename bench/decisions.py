"""How fast the engine decides: placements a second on the openb stream, and what a placement costs as the cluster grows.

    python -m bench.decisions [--nodes N] [--json]

One core, compiled kernels, warm. The rule, its prices and how often they are solved are those of ``bench.openb``. What
a solution of prices costs, valuing and ranking all nodes again included, is timed and printed apart, and the rate with
it as well. Times are processor time of this process. Without the openb traces the made-up trace of ``bench.openb`` is taken.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence

from bench.figures import Figure, calibration, report
from bench.openb import rule
from bench.openb.__main__ import TRACES
from bench.openb.referee import judge
from bench.openb.trace import Trace, made_up, read

NODES = 1213
SCALE = (100, 400, 1213, 5000, 20_000)
RATE = 100_000
"""Placements a second on one core."""
ROUNDS = 3
SEED = 42


def trace_of(nodes: int) -> Trace:
    """Return openb's nodes and default pods, or ours; another number of nodes is drawn from them with replacement."""
    file = TRACES / "openb_node_list_gpu_node.csv"
    given = TRACES / "openb_pod_list_default.csv"
    trace = read(file, given) if file.exists() else made_up(NODES)
    if nodes == len(trace.hosts):
        return trace
    chance = random.Random(nodes)
    return Trace(trace.name, tuple(chance.choices(trace.hosts, k=nodes)), trace.pods)


def measure(nodes: int, rounds: int) -> tuple[rule.Timing, int]:
    """Replay the stream until the capacity is asked for; return the best timing, and how many pods there were."""
    trace = trace_of(nodes)
    stream = trace.arrivals(SEED, until=1.0)
    best: rule.Timing | None = None
    for turn in range(rounds):
        decisions, timing = rule.run(trace, trace.hosts, stream, mix="given")
        if turn == 0:
            judge(trace.hosts, stream, decisions, marks=(1.0,))
        if best is None or timing.placing < best.placing:
            best = timing
    assert best is not None, "there is at least one round"
    return best, len(stream)


def figures(nodes: int) -> list[Figure]:
    """Measure one size in full, then how the cost of a placement grows."""
    rule.warm()
    timing, pods = measure(nodes, ROUNDS)
    rate, whole = pods / timing.placing, pods / (timing.placing + timing.pricing)
    each = timing.pricing / timing.solved * 1000
    print(
        f"{nodes:,} nodes: {rate:,.0f} placements/s; with prices {whole:,.0f}/s; {timing.solved} solutions of prices"
    )
    found = [
        calibration(),
        Figure(f"{nodes:,} nodes: a placement", 1e6 / rate, "us", 1e6 / RATE if nodes <= NODES else None),
        Figure(f"{nodes:,} nodes: a placement, prices included", 1e6 / whole, "us"),
        Figure(f"{nodes:,} nodes: prices solved and all nodes ranked again", each, "ms"),
    ]
    costs: dict[int, float] = {}
    for size in SCALE:
        timing, pods = measure(size, 1 if size > NODES else ROUNDS)
        costs[size] = 1e6 * timing.placing / pods
        each = timing.pricing / timing.solved * 1000
        print(
            f"{size:>7,} nodes: {costs[size]:6.2f} us a placement, {each:8.1f} ms a solution of prices, {pods:,} pods"
        )
    low, high = SCALE[0], SCALE[-1]
    growth = (costs[high] / costs[low]) / (high / low) ** 0.5
    found.append(
        Figure(
            f"growth of a placement's cost from {low} to {high:,} nodes / that of the root", growth, "x", 1.0
        )
    )
    return found


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.decisions",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--nodes", type=int, default=NODES, help=f"default {NODES}")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON in the last line")
    asked = parser.parse_args(arguments)
    made_up = f"the openb stream, since there is no {TRACES}; a made-up one is replayed instead"
    skipped = [] if TRACES.exists() else [made_up]
    return report(figures(asked.nodes), as_json=asked.json, skipped=skipped)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
