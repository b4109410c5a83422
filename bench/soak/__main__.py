"""Everything at once: at the end ledger, runtime and program must be the same, by their own words and by others.

    python -m bench.soak [--minutes 30] [--seed 1] [--json]        (make soak, SOAK_MINUTES=30)

One project on the simulated runtime with a SQLite ledger. A user declares, scales, resizes, rolls and removes with
``eas up``, and CLI, provider or both are killed with -9 in the middle; instances die and vanish, nodes are drained and
come back, the state is refreshed; meanwhile a neighbour commits in the same ledger and ``eas reconcile --watch``
repairs for both until it is killed and the next one takes over. After every deed a query of our own sees whether any
card is over its capacity. Then all is let come to rest: ``pulumi preview --expect-no-changes``, ``pulumi refresh
--expect-no-changes`` and ``eas reconcile`` must find nothing, and what ledger, runtime and files say is compared row by
row. What is random comes from the seed; when a kill hits does not. Every kind of deed comes once before any comes again,
and it has failed where ups, kills, refreshes, passes or takeovers did not come to anything, or a reconciler ended by itself.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

from bench.figures import Figure, calibration, report
from bench.fleet.lab import Lab
from bench.fleet.seen import REPEATED
from bench.soak.beside import Beside
from bench.soak.hands import DEEDS, Hands

WELL = 50.0
"""Percent: changes are random and the pool is small, so some are refused; where most are, little is tried."""
NEEDED = (
    "ups that ended well",
    "kills that hit",
    "refreshes that ended well",
    "passes of the reconciler",
    "reconcilers killed",
    "changes of the neighbour",
)
"""What a soak is for: where one of these never came true, it has shown nothing."""
POOL = {"simulated": {"ready_after_s": 0.3, "stop_after_s": 0.2}, "max_moves": 2}


def main() -> int:
    """Let it run, let it come to rest, and print what was done and what differs; 1 where anything does."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="eas-soak-"))
    hands = Hands(Lab(folder / "lab", pool=POOL), Random(asked.seed))
    beside = Beside(hands.lab, asked.seed)
    began = time.monotonic()
    try:
        while time.monotonic() - began < 60 * asked.minutes and not beside.error:
            minute = (time.monotonic() - began) / 60
            print(f"{minute:6.1f} min  {hands.deed()}", flush=True)
    finally:
        beside.end()
    differences = [*hands.finish(), *([beside.error] if beside.error else [])]
    hands.close()
    ended = beside.watchers.faults
    for fault in [*hands.faults, *ended, *differences]:
        print(f"fault: {fault}", file=sys.stderr)
    minutes = Figure("minutes", (time.monotonic() - began) / 60, "min")
    counts = hands.counts + beside.counts + beside.watchers.counts
    figures = [minutes, *done(counts), *kept(len(hands.faults), len(ended), len(differences))]
    if all(figure.holds for figure in figures):
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print(f"left to be looked at in {folder}", file=sys.stderr)
    return report([calibration(), *figures], as_json=asked.json)


def done(counts: Counter[str]) -> list[Figure]:
    """Return what was done, and what of it must have been."""
    well, badly = counts["ups that ended well"], counts["ups that were refused or failed"]
    more = sorted(counts.keys() - DEEDS.keys() - set(NEEDED))
    names = (*DEEDS, *NEEDED, *more)
    repeated = [
        Figure(f"reads of the bench that were repeated: {name}", n, "") for name, n in REPEATED.items()
    ]
    share = 100 * well / max(1, well + badly)
    return [
        *(
            Figure(f"done: {name}", counts[name], "", at_least=1 if name in NEEDED else None)
            for name in names
        ),
        Figure("of the ups that nobody killed ended well", share, "%", at_least=WELL),
        *repeated,
    ]


def kept(full: int, ended: int, differences: int) -> list[Figure]:
    """Return what must not have been."""
    return [
        Figure("moments in which a card was too full", full, "", 0),
        Figure("reconcilers that ended by themselves", ended, "", 0),
        Figure("differences between ledger, runtime and program at the end", differences, "", 0),
    ]


if __name__ == "__main__":
    sys.exit(main())
