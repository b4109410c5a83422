"""How long a commit waits for `eas check`: 50 service files in one call, as the pre-commit hook makes it.

python -m bench.check [--files 50] [--json]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.figures import Figure, calibration, report, timed

ROOT = Path(__file__).resolve().parents[1]
TARGET_S = 1.0
REPEATS = 5


def files_in(folder: Path, count: int) -> list[str]:
    """Write a pool and ``count`` service files; return the files' names."""
    (folder / "pool.yaml").write_text((ROOT / "pool.yaml").read_text())
    (folder / "services").mkdir()
    container = {"image": "registry.example.com/model:1", "script": "exec serve", "port": 8000}
    for index in range(count):
        metadata = {
            "name": f"svc_{index:03d}",
            "instance": 2,
            "gpu_memory": 4 + index % 16,
            "gpu_core_percentage": 5 + index % 20,
            "cpu": 2,
            "memory": 4096,
        }
        document = {"metadata": metadata, "containers": [container]}
        (folder / "services" / f"svc-{index:03d}.json").write_text(json.dumps(document, indent=2))
    return [f"services/svc-{index:03d}.json" for index in range(count)]


def check(folder: Path, names: list[str]) -> tuple[float, float]:
    """Run one check; return its seconds and those on the CPU."""
    command = ["eas", "check", *names]
    return timed(lambda: subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=50)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="eas-check-") as folder:
        names = files_in(Path(folder), options.files)
        runs = [check(Path(folder), names) for _ in range(REPEATS)]
    seconds, cpu = min(runs)
    figures = [
        calibration(),
        Figure(f"eas check of {options.files} files, best of {REPEATS}", seconds, "s", TARGET_S),
        Figure("its CPU", cpu, "s"),
    ]
    return report(figures, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
