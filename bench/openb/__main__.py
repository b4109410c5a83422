"""How much of a cluster's GPUs placement rules can give away, on a production trace and by its published protocol.

    python -m bench.openb [--nodes FILE --pods FILE] [--seeds N] [--json]

Without files, all traces under ``../shared/traces/openb`` are replayed; where that folder is missing, this is said and a
trace of our own is. Every policy gets the same arrivals. An independent replay checks every decision: a placement that
does not fit, or a pod that is dropped although a node could take it, fails the run.

The upper bound is that of our own configuration LP, solved in the same run for the arrivals of every seed, with the pod that
makes it 100 %; the published one stands beside it (``bench.openb_ceiling`` leaves that last pod out and is within 0.02). FGD
is the published one where there is one, else our own.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bench.figures import Figure, report
from bench.openb import rivals, rule
from bench.openb.bound import upper_bound
from bench.openb.referee import FoulPlay, Result, judge
from bench.openb.trace import GROUPS, MADE_UP, Trace, made_up, read

TRACES = Path(__file__).resolve().parents[2].parent / "shared" / "traces" / "openb"
NAMES = ("default", "cpu100", "gpushare60", "gpuspec20", "multigpu20")
FIRST_SEED = 42
GIVEN, SHUFFLED, LEARNED = "value, mix given", "value, names shuffled", "value, mix learned"
RUNNING = "value, mix of what runs"
MIXES: dict[str, rule.Mix] = {GIVEN: "given", SHUFFLED: "given", LEARNED: "learned", RUNNING: "running"}
RULES = (rivals.RANDOM, rivals.BEST_FIT, rivals.FGD, *MIXES)
GIVEN_GOAL, LEARNED_GOAL = 60.0, 45.0
"""Percent of the gap between FGD and the bound that shall be closed, on average over traces."""


def main(arguments: Sequence[str]) -> int:
    """Replay, print, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.openb",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--nodes", type=Path, help="node list; default: the one of openb")
    parser.add_argument("--pods", type=Path, help="pod list; default: all of openb")
    parser.add_argument("--seeds", type=int, default=10, help=f"how many, from {FIRST_SEED}; default 10")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON in the last line")
    asked = parser.parse_args(arguments)
    if asked.seeds < 1:
        parser.error("argument --seeds: at least one seed is needed")
    seeds = range(FIRST_SEED, FIRST_SEED + asked.seeds)
    try:
        to_replay = traces(asked.nodes, asked.pods)
    except (OSError, KeyError, ValueError) as fault:
        parser.error(f"a node list or pod list of the openb form is needed: {type(fault).__name__}: {fault}")
    figures: list[Figure] = []
    shares: dict[str, list[float]] = {GIVEN: [], LEARNED: [], RUNNING: []}
    try:
        for trace in to_replay:
            found = replay_all(trace, seeds)
            bound = statistics.mean(upper_bound(trace, trace.arrivals(seed, 1.0)) for seed in seeds)
            show(trace, found, bound)
            figures += figures_of(trace, found, bound)
            for name, so_far in shares.items():
                so_far.append(closed(trace, found, bound, name))
    except FoulPlay as foul:
        print(f"error: {foul}", file=sys.stderr)
        return 1
    real = any(trace.name != MADE_UP for trace in to_replay)
    for name, goal in ((GIVEN, GIVEN_GOAL), (LEARNED, LEARNED_GOAL), (RUNNING, None)):
        mean = statistics.mean(shares[name])
        head = f"gap between FGD and the bound closed, {name}"
        figures.append(Figure(head, mean, "%", at_least=goal if real else None))
    return report(figures, as_json=asked.json)


def traces(nodes: Path | None, pods: Path | None) -> list[Trace]:
    """Return what is to be replayed."""
    nodes = nodes or TRACES / "openb_node_list_gpu_node.csv"
    if pods is not None:
        return [read(nodes, pods)]
    if not nodes.exists():
        print(f"skipped: the openb traces, since there is no {nodes}; a made-up trace is replayed instead")
        return [made_up()]
    return [read(nodes, TRACES / f"openb_pod_list_{name}.csv") for name in NAMES]


def replay_all(trace: Trace, seeds: Sequence[int]) -> dict[str, list[Result]]:
    """Return per policy the judged result of every seed."""
    found: dict[str, list[Result]] = {name: [] for name in RULES}
    for seed in seeds:
        stream = trace.arrivals(seed)
        order = list(trace.hosts)
        random.Random(seed).shuffle(order)
        for name in RULES:
            hosts = order if name in (rivals.FGD, SHUFFLED) else trace.hosts
            if name in MIXES:
                decisions, _ = rule.run(trace, hosts, stream, mix=MIXES[name])
            else:
                decisions = rivals.run(name, trace, hosts, stream, seed)
            found[name].append(judge(hosts, stream, decisions))
    return found


def percents(trace: Trace, results: Sequence[Result], mark: int) -> list[float]:
    """Return the allocation of every seed in percent."""
    return [100 * result.allocated[mark] / trace.capacity for result in results]


def fgd(trace: Trace, found: dict[str, list[Result]]) -> float:
    """Return what FGD gives away at 100 % arrival, in percent: as published, or else in this run."""
    return trace.published.fgd_100 if trace.published else mean_at_100(trace, found[rivals.FGD])


def mean_at_100(trace: Trace, results: Sequence[Result]) -> float:
    """Return the mean allocation at 100 % arrival in percent."""
    return statistics.mean(percents(trace, results, 0))


def closed(trace: Trace, found: dict[str, list[Result]], bound: float, name: str) -> float:
    """Return which part of the gap between FGD and the bound a policy closes, in percent."""
    gap = bound - fgd(trace, found)
    return 100 * (mean_at_100(trace, found[name]) - fgd(trace, found)) / gap if gap > 0 else 100.0


def show(trace: Trace, found: dict[str, list[Result]], bound: float) -> None:
    """Print one trace's table; ``bound``: the LP's, in percent."""
    seeds = len(found[GIVEN])
    print(f"\n{trace.name}: {len(trace.hosts):,} nodes, {len(trace.pods):,} pods, {seeds} seeds")
    heads = "".join(f"{group:>11}" for group in GROUPS)
    print(f"{'':<24}{'at 100 %':>14}{'at 130 %':>16}{'gap closed':>12}   dropped at 100 %:{heads}")
    for name, results in found.items():
        cells = []
        for mark in (0, 1):
            values = percents(trace, results, mark)
            cells.append(f"{statistics.mean(values):.2f} +-{statistics.pstdev(values):.2f}")
        part = f"{closed(trace, found, bound, name):.0f} %"
        dropped = sum((result.dropped[0] for result in results), Counter[str]())
        groups = "".join(f"{dropped[group] / seeds:>11.1f}" for group in GROUPS)
        print(f"{name:<24}{cells[0]:>14}{cells[1]:>16}{part:>12}{'':>20}{groups}")
    beside = ""
    if trace.published:
        print(f"{'published FGD':<24}{trace.published.fgd_100:>8.2f}{trace.published.fgd_130:>16.2f}")
        off = bound - trace.published.bound
        beside = f"; published: {trace.published.bound:.2f}, a difference of {off:+.3f}"
    print(f"{'upper bound':<24}{bound:>8.2f}   (configuration LP; no online rule can pass it{beside})")


def figures_of(trace: Trace, found: dict[str, list[Result]], bound: float) -> list[Figure]:
    """Return the figures of one trace; a rule is behind where the figure is above zero."""
    figures = [Figure(f"{trace.name}: upper bound at 100 %", bound, "%")]
    if trace.published:
        off = abs(bound - trace.published.bound)
        figures.append(Figure(f"{trace.name}: upper bound off the published", off, "points"))
    for mark, at in enumerate(("100", "130")):
        for name in MIXES:
            mine = percents(trace, found[name], mark)
            figures.append(
                Figure(f"{trace.name}: unallocated at {at} %, {name}", 100 - statistics.mean(mine), "%")
            )
            others = percents(trace, found[rivals.FGD], mark)
            if trace.published:
                others = [max(other, trace.published[mark]) for other in others]
            worst = max(other - own for own, other in zip(mine, others, strict=True))
            figures.append(
                Figure(f"{trace.name}: behind FGD at {at} %, worst seed, {name}", worst, "points", 0.0)
            )
    return figures


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
