"""Random changes of a fleet with the real CLI on the simulated runtime: the end is the preview, or the apply says why not.

    python -m bench.preview_truth [--changes 500] [--seed 1] [--series 4] [--json]

A series is one project in which each change begins where the last one ended: services come, are scaled, resized, rolled,
given another token and removed, nodes are drained and come back. Most are previewed with ``eas preview --save-plan``, a
neighbour commits or an operator drains in between (often just where the plan wants to go), and ``eas up --plan`` applies;
the others are ``eas up``. Afterwards ledger and runtime are read with queries of our own: who was to start has started with
that slice on that card and revision, who was to stay was not touched, and nobody else is there. A refusal must name its
reason, leave everything as it was, and be true: what came between must really be in the way. Previews that refuse come on
top of ``--changes``. Series run beside each other, one process each; a seed gives the same changes again. Each series has
its services placed another way: as by default, with leave to move others, waiting where there is no room, or memory apart
from compute.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from bench.figures import Figure, calibration, report
from bench.preview_truth.race import race
from bench.preview_truth.series import POOLS, WEIGHTS, Outcome, Verdict

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


def main() -> int:
    """Run all series, print the table by kind of change, and return 1 where an end was not what was said."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--changes", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--series", type=int, default=len(POOLS), help="projects, side by side")
    parser.add_argument("--verbose", action="store_true", help="a line for each change")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.changes < asked.series or asked.series < 1:
        parser.error("each series makes at least one change")
    folder = Path(tempfile.mkdtemp(prefix="eas-truth-"))
    began = time.perf_counter()
    outcomes: list[Outcome] = []

    def hear(number: int, outcome: Outcome) -> None:
        outcomes.append(outcome)
        if asked.verbose or outcome.verdict == "wrong":
            print(line(number, outcome), file=sys.stderr, flush=True)

    try:
        race(folder, asked.seed, asked.changes, asked.series, hear)
    except KeyboardInterrupt:
        print(f"interrupted after {len(outcomes)} changes", file=sys.stderr)
    took = time.perf_counter() - began
    wrong = [outcome for outcome in outcomes if outcome.verdict == "wrong"]
    print(table(outcomes))
    if wrong:
        print(f"wrong ones are looked at in {folder}", file=sys.stderr)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    figures = figures_of(outcomes, asked.changes)
    each = Figure(
        "one change, preview and apply, per series", took * asked.series / max(1, len(outcomes)), "s"
    )
    return report([calibration(), *figures, each], as_json=asked.json)


def line(series: int, outcome: Outcome) -> str:
    """Return one change as a line."""
    between = f" | {outcome.between}" if outcome.between else ""
    why = (
        "\n    ".join(["", *outcome.why])
        if outcome.verdict == "wrong"
        else f": {' '.join(outcome.why)[:160]}"
    )
    said = f"{outcome.verdict}{why if outcome.why else ''}"
    return (
        f"{series}.{outcome.number} {outcome.kind}: {outcome.what}{between} -> {said} ({outcome.steps} steps)"
    )


def table(outcomes: Sequence[Outcome]) -> str:
    """Return how many of each kind came to what."""
    counts = Counter((outcome.kind, outcome.verdict) for outcome in outcomes)
    rows = [("kind of change", *VERDICTS)]
    rows += [(kind, *(str(counts[kind, verdict]) for verdict in VERDICTS)) for kind in WEIGHTS]
    total = Counter(outcome.verdict for outcome in outcomes)
    rows.append(("all", *(str(total[verdict]) for verdict in VERDICTS)))
    return "\n".join("".join(f"{cell:<22}" for cell in row).rstrip() for row in rows)


def figures_of(outcomes: Sequence[Outcome], wanted: int) -> list[Figure]:
    """Return the figures; not one end may be other than what was said, and none of those ``wanted`` be left out."""
    total: Counter[str] = Counter(outcome.verdict for outcome in outcomes)
    crossed = sum(bool(outcome.between) for outcome in outcomes)
    return [
        Figure("changes with an apply", total.total() - total["preview refused"], "", at_least=wanted),
        Figure("ended as previewed", total["as previewed"], ""),
        Figure("apply refused and said why", total["refused with reason"], ""),
        Figure("neither", total["wrong"], "", 0),
        Figure("changes that others crossed between preview and apply", crossed, ""),
        Figure("previews that refused, and changed nothing", total["preview refused"], ""),
    ]


if __name__ == "__main__":
    sys.exit(main())
