"""``make fuzz``: every property with many examples, on every core at once.

    python -m tests.properties.fuzz [--examples 100000] [--seed N] [--jobs N] [PYTEST ARGUMENT ...]

Each job goes through all properties with its share of the examples and a seed of its own: more cores, fewer hours.
The seed is the day's unless given, so that each night tries others; a run is repeated with the seed that it prints.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

FOLDER = Path(__file__).parent


def main(arguments: Sequence[str]) -> int:
    """Run the jobs; return 0 where all of them passed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.properties.fuzz", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--examples", type=int, default=100_000, help="of each property, over all jobs")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=int(f"{datetime.now(UTC):%Y%m%d}"))
    asked, rest = parser.parse_known_args(arguments)
    if asked.examples < 1 or asked.jobs < 1:
        parser.error("at least one example and one job are needed")
    share = -(-asked.examples // asked.jobs)
    print(f"{asked.jobs} jobs, each {share:,} examples of every property; --seed {asked.seed}", flush=True)
    began = time.monotonic()
    jobs = [_job(share, asked.seed * 1000 + number, rest) for number in range(asked.jobs)]
    codes = [job.wait() for job in jobs]
    minutes = (time.monotonic() - began) / 60
    failed = sum(code != 0 for code in codes)
    print(
        f"{minutes:.1f} min; {failed} of {asked.jobs} jobs failed"
        if failed
        else f"{minutes:.1f} min; all passed"
    )
    return 1 if failed else 0


def _job(examples: int, seed: int, rest: Sequence[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--hypothesis-seed={seed}"]
    chosen = rest if any(not each.startswith("-") for each in rest) else [str(FOLDER), *rest]
    return subprocess.Popen([*command, *chosen], env={**os.environ, "EAS_EXAMPLES": str(examples)})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
