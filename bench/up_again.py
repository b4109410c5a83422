"""What ``eas up`` costs on an unchanged sample, beside ``pulumi up`` of as many no-op resources.

    python -m bench.up_again [--json]

The sample of this repository on the local runtime, brought up once; then the same command again, with preview, bound apply
and policy pack. The floor is one plain ``pulumi up`` of a stack with as many no-op dynamic resources.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.figures import Figure, calibration, report
from bench.pulumi_scale import ROOT, Stack, noop_stack

TARGET_S = 3.0
RUNS = 3


def sample(root: Path) -> Stack:
    """Return a scratch copy of the sample as a stack of its own."""
    stack = Stack(root, parallel=8)
    shutil.copy(ROOT / "__main__.py", root / "__main__.py")
    shutil.copy(ROOT / "pool.yaml", root / "pool.yaml")
    shutil.copytree(ROOT / "services", root / "services")
    shutil.copytree(ROOT / "policies", root / "policies", ignore=shutil.ignore_patterns("__pycache__"))
    manifest = root / "policies" / "PulumiPolicy.yaml"
    manifest.write_text(manifest.read_text().replace("../.venv", sys.prefix))
    stack.pulumi("config", "set", "eas:owner", "organization/scale/bench-0a1b2c", "--stack", "bench")
    stack.pulumi("config", "set", "--secret", "eas:secret", "bench-secret", "--stack", "bench")
    return stack


def eas(stack: Stack, *arguments: str) -> float:
    """Run the ``eas`` command in the stack's folder; return its seconds."""
    begun = time.perf_counter()
    done = subprocess.run(
        [str(Path(sys.prefix) / "bin" / "eas"), *arguments, "--stack", "bench"],
        cwd=stack.root,
        env={**stack.environment, "PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"eas {' '.join(arguments)} failed:\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}")
    return time.perf_counter() - begun


def main() -> int:
    """Measure both and print the difference."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="eas-again-") as folder:
        stack = sample(Path(folder) / "sample")
        resources = len(list((stack.root / "services").glob("*.json"))) + 3
        floor, _ = noop_stack(Path(folder) / "noop", resources, 8)
        floor.up()
        try:
            eas(stack, "up", "--yes", "--policy-pack", "policies")
            again = [eas(stack, "up", "--yes", "--policy-pack", "policies") for _ in range(RUNS)]
        finally:
            eas(stack, "down", "--yes")
        base = [floor.up() for _ in range(RUNS)]
    ours, theirs = statistics.median(again), statistics.median(base)
    beyond = ours - theirs
    figures = [
        Figure("eas up again, unchanged sample", ours, "s"),
        Figure(f"pulumi up of {resources} no-op resources", theirs, "s"),
        Figure("beyond the floor", beyond, "s", TARGET_S),
    ]
    return report([calibration(), *figures], as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
