"""Services of EAS shape on two models of cards: what the engine holds, beside best fit, one-dimensional FGD and a bound.

    python -m bench.slices [--seeds 10] [--json]

Instances arrive one at a time, on some mixes they depart, and every policy sees the same streams. A run fails as a whole if
a policy refuses an instance while some node could take it. What is held is measured in cards' worth (whole cards by count, a
slice by the larger of its shares of an A100), as a share of the most that a configuration LP allows.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Sequence

from bench.figures import Figure, calibration, report
from bench.slices.arena import Arena
from bench.slices.baselines import BestFit, Gradient
from bench.slices.ceiling import ceilings
from bench.slices.mixes import MIXES, Mix, fleet, stream, together
from bench.slices.replay import Policy, replay
from bench.slices.rule import Rule
from components.placement.snapshot import NodeView

RIVALS: dict[str, Callable[[Arena], Policy]] = {
    "best fit": BestFit,
    "FGD on memory": lambda arena: Gradient(arena, 0),
    "FGD on compute": lambda arena: Gradient(arena, 1),
}
OURS = "the rule"


def shares(mix: Mix, nodes: Sequence[NodeView], seeds: int) -> dict[str, list[float]]:
    """Return per policy and seed what it holds, in percent of the ceiling."""
    policies = dict(RIVALS)
    policies[OURS] = lambda arena: Rule(arena, nodes, mix.claims, together(mix, nodes))
    found: dict[str, list[float]] = {name: [] for name in policies}
    for seed in range(seeds):
        events = list(stream(mix, nodes, seed))
        most = ceilings(mix, nodes, events)
        for name, policy in policies.items():
            arena = Arena.of(nodes, mix.claims)
            found[name].append(100 * replay(mix, arena, policy(arena), events).worth / most)
    return found


def figures_of(mix: Mix, found: dict[str, list[float]]) -> list[Figure]:
    """Return the mean share of each policy, and by how much ours is ahead of the best rival; both in points."""
    means = {name: statistics.fmean(values) for name, values in found.items()}
    lines = [Figure(f"{mix.name}: {name}", mean, "% of the bound") for name, mean in means.items()]
    best = max(RIVALS, key=lambda name: means[name])
    lead = means[OURS] - means[best]
    lines.append(Figure(f"{mix.name}: ahead of {best}", lead, "points", at_least=0.01))
    won = sum(mine >= max(found[name][seed] for name in RIVALS) for seed, mine in enumerate(found[OURS]))
    lines.append(Figure(f"{mix.name}: streams where no rival holds more", 100 * won / len(found[OURS]), "%"))
    return lines


def main(arguments: Sequence[str]) -> int:
    """Run all mixes and print the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.slices",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=10, help="streams per mix (10)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON in the last line")
    options = parser.parse_args(arguments)
    nodes = fleet()
    figures = [calibration()]
    for mix in MIXES:
        print(f"{mix.name}, {options.seeds} streams ...", file=sys.stderr, flush=True)
        figures += figures_of(mix, shares(mix, nodes, options.seeds))
    return report(figures, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
