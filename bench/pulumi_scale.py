"""What a real fleet adds to Pulumi's own floor: 1,000 services beside 1,000 no-op dynamic resources, in one run.

    python -m bench.pulumi_scale --services 1000 [--json]

Both programs run on the same machine, one after the other, with the same ``--parallel`` and
``PULUMI_SKIP_CHECKPOINTS=true``. The fleet uses the simulated runtime and a ledger with durable commits. The target is a
ratio of wall clock, since seconds differ from machine to machine; the CPU of all processes stands beside it, which says
more on a machine that does other work too.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.figures import Figure, calibration, report, timed

ROOT = Path(__file__).resolve().parents[1]
TARGET = 1.3

NOOP_PROVIDER = '''\
"""A dynamic resource that does nothing, with three scalar properties."""
import uuid
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult


class Noop(ResourceProvider):
    serialize_as_secret_always = False

    def diff(self, _id, _olds, _news):
        return DiffResult(changes=None)

    def create(self, props):
        return CreateResult(uuid.uuid4().hex, dict(props))

    def update(self, _id, _olds, _news):
        return UpdateResult(dict(_news))


class NoopResource(Resource, module="bench", name="Noop"):
    def __init__(self, name, a, b, c):
        super().__init__(Noop(), name, {"a": a, "b": b, "c": c})
'''
NOOP_PROGRAM = """\
import json
from pathlib import Path
from noop import NoopResource

for name, count in json.loads(Path("resources.json").read_text()).items():
    NoopResource(name, name, count, True)
"""


class Stack:
    """One scratch project with one stack."""

    def __init__(self, root: Path, parallel: int) -> None:
        """Create project, backend and stack in an empty folder."""
        self.root = root
        self.parallel = parallel
        (root / ".state").mkdir(parents=True)
        # As setup does, on both sides: see docs/decisions/0005-no-automatic-log.md.
        (root / ".home").mkdir()
        (root / ".home" / "logs").touch()
        (root / "Pulumi.yaml").write_text(
            "name: scale\nruntime:\n  name: python\n  options:\n    toolchain: pip\n"
            f"    virtualenv: {sys.prefix}\n"
        )
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "EAS_"))},
            "PULUMI_HOME": str(root / ".home"),
            "PULUMI_BACKEND_URL": f"file://{root / '.state'}",
            "PULUMI_CONFIG_PASSPHRASE": "bench",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_EXPERIMENTAL": "true",
            "PULUMI_SKIP_CHECKPOINTS": "true",
        }
        self.pulumi("stack", "init", "bench")

    def pulumi(self, *arguments: str) -> float:
        """Run the CLI; return the seconds it took. Raises ``RuntimeError`` with what it printed when it fails."""
        begun = time.perf_counter()
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--color", "never"],
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(
                f"pulumi {' '.join(arguments)} failed:\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
            )
        return time.perf_counter() - begun

    def up(self) -> float:
        """Run one update; return its seconds."""
        return self.pulumi(
            "up", "--yes", "--stack", "bench", "--parallel", str(self.parallel), "--suppress-outputs"
        )


def noop_stack(root: Path, services: int, parallel: int) -> tuple[Stack, Callable[[], None]]:
    """Return the floor: as many no-op resources, and what changes one of them."""
    stack = Stack(root, parallel)
    (root / "noop.py").write_text(NOOP_PROVIDER)
    (root / "__main__.py").write_text(NOOP_PROGRAM)
    resources = {f"s{index:05d}": 1 for index in range(services)}
    (root / "resources.json").write_text(json.dumps(resources))

    def change() -> None:
        resources["s00000"] = 2
        (root / "resources.json").write_text(json.dumps(resources))

    return stack, change


def fleet_stack(root: Path, services: int, parallel: int) -> tuple[Stack, Callable[[], None]]:
    """Return the fleet on the simulated runtime, and what changes one service."""
    stack = Stack(root, parallel)
    shutil.copy(ROOT / "__main__.py", root / "__main__.py")
    stack.pulumi("config", "set", "eas:owner", "organization/scale/bench-0a1b2c", "--stack", "bench")
    stack.pulumi("config", "set", "--secret", "eas:secret", "bench-secret", "--stack", "bench")
    nodes = "".join(
        f"  n{index:03d}: {{instance_type: ecs.gn7e-c16g1.32xlarge}}\n" for index in range(-(-services // 24))
    )
    (root / "pool.yaml").write_text(
        f"name: scale\nresource: eas-r-scale001\nruntime: simulated\nnodes:\n{nodes}"
    )
    (root / "services").mkdir()

    def write(index: int, memory: int) -> None:
        name = f"s{index:05d}"
        document = {
            "metadata": {
                "name": name,
                "gpu_memory": memory,
                "gpu_core_percentage": 10,
                "cpu": 1,
                "memory": 4096,
            },
            "containers": [{"image": "registry.example/model:1", "script": "exec serve", "port": 8000}],
        }
        (root / "services" / f"{name}.json").write_text(json.dumps(document))

    for index in range(services):
        write(index, 20)
    return stack, lambda: write(0, 21)


def measure(stack: Stack, change: Callable[[], None]) -> dict[str, tuple[float, float]]:
    """Return seconds and CPU seconds of the first update, a no-op and a change of one service."""
    first = timed(stack.up)
    again = timed(stack.up)
    change()
    return {"first up": first, "no-op up": again, "one change": timed(stack.up)}


def main() -> int:
    """Run both and print the ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--services", type=int, default=1000)
    parser.add_argument("--parallel", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="eas-scale-") as folder:
        print(f"{options.services} no-op resources ...", flush=True)
        floor = measure(*noop_stack(Path(folder) / "noop", options.services, options.parallel))
        print(f"{options.services} services on the simulated runtime ...", flush=True)
        fleet = measure(*fleet_stack(Path(folder) / "fleet", options.services, options.parallel))
    figures = []
    for name, (seconds, cpu) in fleet.items():
        of_floor, cpu_of_floor = floor[name]
        figures.append(Figure(f"{name}: fleet", seconds, "s"))
        figures.append(Figure(f"{name}: floor", of_floor, "s"))
        figures.append(Figure(f"{name}: ratio", seconds / of_floor, "x", TARGET))
        figures.append(Figure(f"{name}: CPU of the fleet", cpu, "s"))
        figures.append(Figure(f"{name}: CPU of the floor", cpu_of_floor, "s"))
        figures.append(Figure(f"{name}: ratio of CPU", cpu / cpu_of_floor, "x"))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    figures.append(Figure("peak memory of the largest process", peak, "MiB"))
    return report([calibration(), *figures], as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
