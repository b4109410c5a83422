"""Every short benchmark, one after the other, in one table beside what this machine does with a fixed amount of work.

    python -m bench [NAME ...] [--json]

Each is a program of its own, ``python -m bench.NAME --json``, whose last line is one object
``{"figures": [{"name", "value", "unit", "target", "holds"}, ...], "skipped": [sentence, ...]}``. What it skipped is a line
of the table. Exit status 1 where a target is missed, or where a benchmark is not there, ends badly or prints something
else: that is said, never skipped.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.figures import Figure, calibration

ROOT = Path(__file__).resolve().parents[1]
BENCHES: Mapping[str, tuple[str, ...]] = {
    "bench.placement": (),
    "bench.small": (),
    "bench.check": (),
    "bench.policies": ("--services", "200", "--repeats", "1"),
    "bench.joint": (),
    "bench.decisions": (),
    "bench.slices": ("--seeds", "2"),
    "bench.drain": (),
    "bench.rebalance": (),
    "bench.batch": ("--count", "40"),
    "bench.ledger": (),
    "bench.exporter": (),
    "bench.contention": ("--attempts", "100", "--timed", "50"),
    "bench.crash": ("--scenario", "roll", "--sample", "6"),
    "bench.preview_truth": ("--changes", "6"),
    "bench.readiness": (),
    "bench.gateway": (),
    "bench.up_again": (),
    "bench.pulumi_scale": ("--services", "200"),
}
"""Module -> arguments that make it short."""

SYNCS = 100
HEADINGS = ("bench", "figure", "value", "unit", "target", "holds")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table. ``target`` as the benchmark prints it: the most that ``value`` may be, or a sentence.

    ``value`` is None where the line says what was skipped.
    """

    bench: str
    name: str
    value: float | None
    unit: str
    target: float | str | None
    holds: bool

    def cells(self) -> tuple[str, ...]:
        """Return what stands in the table; ``holds`` is empty where nothing was promised."""
        promised = self.target not in (None, "")
        target = f"<= {self.target:g}" if isinstance(self.target, int | float) else self.target or ""
        holds = ("yes" if self.holds else "NO") if promised or not self.holds else ""
        value = "" if self.value is None else f"{self.value:,.2f}"
        return (self.bench, self.name, value, self.unit, target, holds)


class Unreadable(Exception):
    """A benchmark gave no figures; the message says which and why."""


def main(arguments: Sequence[str], benches: Mapping[str, tuple[str, ...]] = BENCHES) -> int:
    """Run them, print the table, and return the exit status."""
    parser = _parser(benches)
    asked = parser.parse_args(arguments)
    if unknown := set(asked.names) - {_short(name) for name in benches}:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    chosen = {name: more for name, more in benches.items() if not asked.names or _short(name) in asked.names}
    lines = [_line("machine", figure.to_dict()) for figure in (calibration(), syncing())]
    faults: list[str] = []
    for name, more in chosen.items():
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            lines += run(name, more)
        except Unreadable as fault:
            faults.append(str(fault))
    print(table(lines))
    for said in faults:
        print(f"error: {said}", file=sys.stderr)
    missed = [line for line in lines if not line.holds]
    if missed:
        print(f"missed: {', '.join(f'{line.bench}: {line.name}' for line in missed)}", file=sys.stderr)
    if asked.json:
        print(json.dumps({"figures": [asdict(line) for line in lines], "errors": faults}))
    return 1 if missed or faults else 0


def _parser(names: Iterable[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON in the last line")
    listed = [_short(name) for name in names]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these; all are {', '.join(listed)}")
    return parser


def syncing() -> Figure:
    """Return how long this machine takes to make that many small writes durable, one after the other."""
    with tempfile.TemporaryFile() as file:
        began = time.perf_counter()
        for _ in range(SYNCS):
            file.write(b"x" * 512)
            file.flush()
            os.fsync(file.fileno())
        return Figure(f"calibration: {SYNCS} writes with fsync", (time.perf_counter() - began) * 1000, "ms")


def run(name: str, arguments: Iterable[str]) -> list[Line]:
    """Run one benchmark and return its figures; raises :class:`Unreadable`."""
    done = subprocess.run(
        [sys.executable, "-m", name, *arguments, "--json"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = _read(name, done.stdout)
    if lines is None:
        tail = "\n".join(f"    {line}" for line in (done.stdout + done.stderr).strip().splitlines()[-8:])
        raise Unreadable(f"{name} ended with status {done.returncode} and without figures:\n{tail}")
    if done.returncode not in (0, 1) or (done.returncode == 0) != all(line.holds for line in lines):
        raise Unreadable(f"{name} ended with status {done.returncode}, which is not what its figures say")
    return lines


def _read(name: str, output: str) -> list[Line] | None:
    """Return the figures of the last line, or None where it is something else."""
    try:
        told = json.loads(output.strip().splitlines()[-1])
        skipped = [
            Line(_short(name), f"skipped: {part}", None, "", None, True) for part in told.get("skipped", ())
        ]
        return [*(_line(_short(name), figure) for figure in told["figures"]), *skipped]
    except (IndexError, KeyError, TypeError, ValueError):
        return None


def _line(bench: str, figure: Mapping[str, Any]) -> Line:
    return Line(
        bench,
        str(figure["name"]),
        float(figure["value"]),
        str(figure["unit"]),
        figure["target"],
        bool(figure["holds"]),
    )


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def table(lines: Sequence[Line]) -> str:
    """Return the figures as columns; numbers stand right."""
    rows = [HEADINGS, *(line.cells() for line in lines)]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column == 2 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
