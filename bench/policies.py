"""What the whole policy pack adds to a preview of 1,000 services: every rule on, with parameters.

    python -m bench.policies [--services 1000] [--repeats 3] [--json]

Previews of the same stack with and without the pack alternate, and the best of each counts. The target is a ratio of wall
clock; the CPU of all processes stands beside it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from bench.figures import Figure, calibration, report, timed
from bench.pulumi_scale import ROOT, Stack, fleet_stack
from components.rules import RULES

TARGET = 1.25
PARAMETERS: dict[str, dict[str, object]] = {
    "slice-at-most": {"gpu_memory": 79},
    "slice-at-least": {"gpu_memory": 1},
    "moves-at-most": {"at_most": 1_000_000},
    "breaks-at-most": {"at_most": 1_000_000},
    "restarts-at-most": {"at_most": 1_000_000},
    "scale-downs-at-most": {"at_most": 1_000_000},
    "instances-apart": {"on": "card"},
    "headroom-at-least": {"percent": 1},
    "fragmentation-rise": {"points": 100},
    "models-allowed": {"models": {"vision": ["A100-80G"]}},
    "team-quota": {"quotas": {"vision": {"cards": 1}}, "unlabelled": "allow"},
    "cost-at-most": {"at_most": 1_000_000, "prices": {"A100-80G": 1.0}},
}


def everything_on() -> dict[str, object]:
    """Return a configuration in which every rule is judged; what the fleet breaks is advice."""
    return {
        rule.id: {"level": "advisory", **PARAMETERS.get(rule.id, {})} if rule.parameters else "advisory"
        for rule in RULES
    }


def pack_in(root: Path) -> list[str]:
    """Copy the pack beside the program and configure it; return the options of Pulumi that judge with it."""
    pack = root / "policies"
    shutil.copytree(ROOT / "policies", pack, ignore=shutil.ignore_patterns("__pycache__"))
    manifest = pack / "PulumiPolicy.yaml"
    manifest.write_text(manifest.read_text().replace("../.venv", sys.prefix))
    config = root / "policies.json"
    config.write_text(json.dumps({"eas-rules": everything_on()}))
    return ["--policy-pack", str(pack), "--policy-pack-config", str(config)]


def preview(stack: Stack, options: list[str]) -> tuple[float, float]:
    """Run one preview; return its seconds, and those of all its processes on the CPU."""
    return timed(lambda: stack.pulumi("preview", "--stack", "bench", "--suppress-outputs", *options))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--services", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="eas-policies-") as folder:
        stack, _ = fleet_stack(Path(folder) / "fleet", options.services, 8)
        judged = pack_in(stack.root)
        bare: list[tuple[float, float]] = []
        packed: list[tuple[float, float]] = []
        for number in range(options.repeats):
            print(f"round {number + 1} of {options.repeats} ...", flush=True)
            bare.append(preview(stack, []))
            packed.append(preview(stack, judged))
    figures = [
        calibration(),
        Figure(f"preview of {options.services} services", min(bare)[0], "s"),
        Figure("the same with every rule", min(packed)[0], "s"),
        Figure("ratio", min(packed)[0] / min(bare)[0], "x", TARGET),
        Figure("ratio of CPU", min(cpu for _, cpu in packed) / min(cpu for _, cpu in bare), "x"),
    ]
    return report(figures, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
