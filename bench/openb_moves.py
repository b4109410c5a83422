"""How far few moves bring a full cluster towards the most that it could hold, on the openb trace at 100 % arrival.

    python -m bench.openb_moves [--seeds N] [--json]

Starts from where the value rule and FGD stand when as much GPU has been asked for as there is. Nodes that fall short of the
configuration LP (all that run kept, any of them moved) are repacked a few at a time by CP-SAT, together with nodes that have
CPU to spare, so that some of those that wait fit. Every move is carried out and checked one by one; where pods can only
change places, one stops before its new place is free, and that is counted. Without ``../shared`` a made-up trace is used,
and nothing is promised.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.figures import Figure, report
from bench.openb import rivals, rule
from bench.openb.__main__ import FIRST_SEED, TRACES
from bench.openb.cluster import Cluster
from bench.openb.repack import repack
from bench.openb.slack import slack
from bench.openb.trace import Trace, made_up, read

NODES = 5
"""How many nodes are repacked at once."""
LIMIT = 1.0
"""Deterministic seconds for one of them."""
PRICE = {"value": 30, "FGD": 60}
"""How many GPU thousandths one move has to gain."""
FEW, SOME = 0.01, 0.05
"""Which part of the running may move, from the value rule and from FGD."""
NEAR, REACHED = 0.05, 96.1
"""Points below the ceiling, and percent of GPU allocated on ``default``."""
IDLE = 40
"""It ends after so many windows in a row that gain nothing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run, in percent of all GPU; ``ceiling`` with all kept that ran at its beginning."""

    before: float
    after: float
    ceiling: float
    moves: int
    running: int
    interrupted: int
    seconds: float


def starts(trace: Trace, seed: int) -> dict[str, Cluster]:
    """Return the cluster at 100 % arrival by the value rule and by FGD."""
    stream = trace.arrivals(seed, 1.0)
    shuffled = list(trace.hosts)
    random.Random(seed).shuffle(shuffled)
    decided, _ = rule.run(trace, trace.hosts, stream, known=True)
    gradient = rivals.run(rivals.FGD, trace, shuffled, stream, seed)
    return {
        "value": Cluster.after(trace.hosts, stream, decided),
        "FGD": Cluster.after(shuffled, stream, gradient),
    }


def improve(cluster: Cluster, capacity: int, most: int, price: int) -> Outcome:
    """Repack window after window within ``most`` moves."""
    began, before, running = time.process_time(), cluster.allocated, len(cluster.where)
    ceiling, short = slack(cluster)
    tried = [0] * len(cluster.hosts)
    idle = 0
    while cluster.moves < most and idle < IDLE:
        nodes = window(cluster, short, tried)
        gained = repack(cluster, nodes, price, LIMIT, most - cluster.moves)
        idle = 0 if gained else idle + 1
        if gained:
            short = slack(cluster)[1]
        else:
            for node in nodes:
                tried[node] += 1
    return Outcome(
        100 * before / capacity,
        100 * cluster.allocated / capacity,
        100 * ceiling / capacity,
        cluster.moves,
        running,
        cluster.interrupted,
        time.process_time() - began,
    )


def window(cluster: Cluster, short: Sequence[int], tried: Sequence[int]) -> list[int]:
    """Return the nodes that fall short most, of the model of the first of them, and others with most CPU to spare."""
    lead = min(range(len(short)), key=lambda node: (-short[node] / (1 + tried[node]), node))
    alike = [n for n, host in enumerate(cluster.hosts) if host.model == cluster.hosts[lead].model]
    poor = sorted(alike, key=lambda n: (-short[n] / (1 + tried[n]), n))[: NODES // 2]
    rich = sorted((n for n in alike if n not in poor), key=lambda n: (tried[n], -cluster.cpu[n], n))
    return sorted([*poor, *rich[: NODES - len(poor)]])


def checked(cluster: Cluster) -> None:
    """Set all that run down anew on empty hosts; raises ``Unfit`` where that does not work."""
    anew = Cluster(cluster.hosts, cluster.stream)
    for number, (node, gpus) in cluster.where.items():
        anew.put(number, node, gpus)
    if anew.allocated != cluster.allocated or anew.room != cluster.room:
        raise AssertionError("the books of the moves are not those of where the pods are")


def figures(trace: Trace, seeds: int) -> list[Figure]:
    """Run both starts on each seed."""
    found: list[Figure] = []
    real = trace.published is not None
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        for name, cluster in starts(trace, seed).items():
            part = FEW if name == "value" else SOME
            ran = set(cluster.where)
            made = improve(cluster, trace.capacity, int(part * len(ran)), PRICE[name])
            checked(cluster)
            if not ran <= set(cluster.where):
                raise AssertionError("a pod that ran runs no more")
            head = f"{trace.name}, seed {seed}, from {name}"
            found += [
                Figure(f"{head}: allocated before", made.before, "%"),
                Figure(f"{head}: ceiling with all kept", made.ceiling, "%"),
                Figure(f"{head}: allocated after", made.after, "%"),
                Figure(
                    f"{head}: moves of {made.running:,} running",
                    100 * made.moves / made.running,
                    "%",
                    100 * part,
                ),
                Figure(f"{head}: moves with an interruption", made.interrupted, "moves"),
                Figure(f"{head}: time", made.seconds, "s CPU"),
            ]
            if name == "value":
                goal = NEAR if real else None
                found.append(Figure(f"{head}: below the ceiling", made.ceiling - made.after, "points", goal))
            elif real and trace.name == "default":
                found.append(Figure(f"{head}: not allocated after", 100 - made.after, "%", 100 - REACHED))
    return found


def main(arguments: Sequence[str]) -> int:
    """Run, print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.openb_moves")
    parser.add_argument("--seeds", type=int, default=1, help=f"how many, from {FIRST_SEED}; default 1")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON in the last line")
    asked = parser.parse_args(arguments)
    nodes = TRACES / "openb_node_list_gpu_node.csv"
    if nodes.exists():
        trace = read(nodes, TRACES / "openb_pod_list_default.csv")
    else:
        print(f"skipped: the openb trace, since there is no {nodes}; a made-up trace is used instead")
        trace = made_up()
    return report(figures(trace, asked.seeds), as_json=asked.json)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
