"""How far few moves bring a full cluster towards the most that it could hold, on the openb trace at 100 % arrival.

    python -m bench.openb_moves [--seeds N] [--json]

Starts from where the value rule and FGD stand when as much GPU has been asked for as there is. A linear program over
small changes of single nodes says what should leave where and what should come (:mod:`bench.openb.trades`); then every move
is carried out and checked one by one, and a replay on books of its own checks every state once more. Where pods can only
change places and no move is left for a detour, or where a node cannot hold old and new at once, one stops before its new
place is free, and that is counted. Without ``../shared`` a made-up trace is used, and nothing is promised.
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
from bench.openb.audit import audit
from bench.openb.bound import kept_bound
from bench.openb.carry import carry_out
from bench.openb.cluster import Cluster
from bench.openb.trace import Trace, made_up, read
from bench.openb.trades import best_changes

COST = {"value": 30.0, "FGD": 40.0}
"""How many GPU thousandths one move has to gain."""
FEW, SOME = 0.01, 0.05
"""Which part of the running may move, from the value rule and from FGD."""
DETOURS = 0.06
"""Which part of these moves is kept for detours."""
NEAR, REACHED = 0.05, 96.1
"""Points below the ceiling, and percent of GPU allocated on ``default``."""


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
    decided, _ = rule.run(trace, trace.hosts, stream, mix="given")
    gradient = rivals.run(rivals.FGD, trace, shuffled, stream, seed)
    return {
        "value": Cluster.after(trace.hosts, stream, decided),
        "FGD": Cluster.after(shuffled, stream, gradient),
    }


def improve(cluster: Cluster, most: int, cost: float) -> Outcome:
    """Make at most so many moves, and have every step audited."""
    began, before, ran = time.process_time(), cluster.allocated, dict(cluster.where)
    capacity = 1000 * sum(host.gpus for host in cluster.hosts)
    ceiling = kept_bound(cluster)
    cluster.steps.clear()
    carry_out(cluster, best_changes(cluster, int(most * (1 - DETOURS)), cost), most)
    seconds = time.process_time() - began
    audited = audit(cluster.hosts, cluster.stream, ran, cluster.steps)
    if audited != cluster.allocated:
        raise AssertionError(f"the replay of all moves ends with {audited}, not with {cluster.allocated}")
    return Outcome(
        100 * before / capacity,
        100 * audited / capacity,
        100 * ceiling / capacity,
        cluster.moves,
        len(ran),
        cluster.interrupted,
        seconds,
    )


def figures(trace: Trace, seeds: int) -> list[Figure]:
    """Run both starts on each seed."""
    found: list[Figure] = []
    real = trace.published is not None
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        for name, cluster in starts(trace, seed).items():
            part = FEW if name == "value" else SOME
            made = improve(cluster, int(part * len(cluster.where)), COST[name])
            head = f"{trace.name}, seed {seed}, from {name}"
            found += [
                Figure(f"{head}: allocated before", made.before, "%"),
                Figure(f"{head}: ceiling with all kept", made.ceiling, "%"),
                Figure(f"{head}: moves of {made.running:,} running", _percent(made), "%", 100 * part),
                Figure(f"{head}: moves with an interruption", made.interrupted, "moves"),
                Figure(f"{head}: time", made.seconds, "s CPU"),
            ]
            reached = REACHED if real and trace.name == "default" and name == "FGD" else None
            near = NEAR if real and name == "value" else None
            found += [
                Figure(f"{head}: allocated after", made.after, "%", at_least=reached),
                Figure(f"{head}: below the ceiling", made.ceiling - made.after, "points", near),
            ]
    return found


def _percent(made: Outcome) -> float:
    return 100 * made.moves / made.running


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
