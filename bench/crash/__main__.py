"""The crash matrix: every effect of an apply, with a fault before and after it, and the same apply again.

    python -m bench.crash [--scenario NAME,…] [--ledger sqlite,postgresql] [--fault NAME,…] [--sample N] [--minutes M]
                          [--jobs 2] [--json]

Real Pulumi on the simulated runtime. An undisturbed run is recorded first: every commit of the ledger, the making of its
key, what the runtime is told, every look that sees something new, and every write of Pulumi's state (its lock and history
too) is an effect, with a point before and one after. Then each point is tried with each kind of fault in a copy of the
same project: provider, CLI or both are killed there; on PostgreSQL the server is killed and comes back, or cuts all
connections; on SQLite the disk is full. What survives ends like the undisturbed run: the tables of the ledger, what the
runtime keeps, Pulumi's state; every instance was started once, no lease, step or stale place is left, and a preview finds
nothing to do.

``--sample N``: only N cases, spread evenly over all, the same ones each time. ``--minutes M``: none is begun later; what
was tried by then is spread evenly as well, and the figures say of how many. ``--checkpoints``: Pulumi writes its state at
every step, as it does by itself, instead of once at the end, as `make up` has it; then only those writes are tried. Without
a PostgreSQL server, or leave to mount a file system, that part is skipped, and said; what is named must be had.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench.crash.cases import NotHit, Origin, prepare, survive
from bench.crash.faults import KILLS, STATE, Cut, DiskFull, Fault, ServerKilled
from bench.crash.gate import NoGate
from bench.crash.places import InProject, OnServer, Place
from bench.crash.scenarios import SCENARIOS, Scenario
from bench.figures import Figure, report
from tests.e2e.project import Project
from tests.ledger.sites import postgres_server
from tools.postgres import NoServer, Server

LEDGERS = ("sqlite", "postgresql")
FAULTS = {
    "sqlite": (*KILLS, DiskFull()),
    "postgresql": (*KILLS, Cut(), ServerKilled()),
}
PHI = 0.6180339887498949
ATTEMPTS = 3
"""How often a case is begun anew whose run went another way than the recorded one."""


@dataclass(frozen=True)
class Case:
    """One cell's share: what is applied, where the ledger is, which fault, and at which point."""

    ledger: str
    origin: Origin
    fault: Fault
    point: str

    @property
    def row(self) -> tuple[str, str]:
        """Its row in the table."""
        return self.ledger, self.origin.scenario.name

    def __str__(self) -> str:
        """How progress names it."""
        return f"{self.ledger}, {self.origin.scenario.name}, {self.fault.name} at {self.point}"


def main() -> int:
    """Try, print the table, and return 1 where anything did not survive."""
    asked = _parser().parse_args()
    board = Board(began=time.monotonic(), limit_s=60 * asked.minutes)
    folder = Path(tempfile.mkdtemp(prefix="eas-crash-", dir="/tmp")).resolve()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, True)
        try:
            cases = sampled(list(_cases(asked, folder, stack, board.skipped)), asked.sample)
        except NoGate as error:
            print(f"error: Pulumi's writes cannot be held: {error}", file=sys.stderr)
            return 1
        except NotHad as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        board.all = len(cases)
        # A server that is killed is everybody's: those cases come last, one after the other.
        alone = [case for case in cases if isinstance(case.fault, ServerKilled)]
        rest = [case for case in cases if case not in alone]
        for jobs, some in ((asked.jobs, rest), (1, alone)):
            with ThreadPoolExecutor(jobs) as executor:
                list(executor.map(lambda case: board.tried(case, folder), spread(some)))
    print(board.table())
    return report(board.figures(cases), as_json=asked.json, skipped=board.skipped)


class NotHad(Exception):
    """What was asked for by its name cannot be had here; the message says why."""


@dataclass
class Board:
    """Counts what was tried and what was lost, by row and fault. No case is begun after ``limit_s``."""

    began: float
    limit_s: float
    all: int = 0
    skipped: list[str] = field(default_factory=list)
    done: Counter[tuple[tuple[str, str], str]] = field(default_factory=Counter)
    lost: Counter[tuple[tuple[str, str], str]] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def tried(self, case: Case, folder: Path) -> None:
        """Try a case, unless the time is over, and say what came of it."""
        if time.monotonic() - self.began > self.limit_s:
            return
        told = attempt(case, folder)
        with self.lock:
            self.done[case.row, case.fault.name] += 1
            self.lost[case.row, case.fault.name] += bool(told)
            count = self.done.total()
            if told:
                print(f"lost: {case}", file=sys.stderr)
                for line in told:
                    print("    " + line.replace("\n", "\n    "), file=sys.stderr)
            if told or count % 10 == 0 or count == self.all:
                minutes = (time.monotonic() - self.began) / 60
                print(
                    f"{count} of {self.all}, {self.lost.total()} lost, {minutes:.1f} min",
                    file=sys.stderr,
                    flush=True,
                )

    def table(self) -> str:
        """Return survived/tried by ledger, scenario and fault."""
        from components.placement.picture import columns

        known = dict.fromkeys(fault.name for kinds in FAULTS.values() for fault in kinds)
        names = [name for name in known if any(fault == name for _, fault in self.done)]
        rows = [
            (*row, *(self._cell(row, name) for name in names))
            for row in sorted({row for row, _ in self.done}, key=str)
        ]
        return columns(("LEDGER", "SCENARIO", *(name.upper() for name in names)), rows)

    def _cell(self, row: tuple[str, str], name: str) -> str:
        count = self.done[row, name]
        return f"{count - self.lost[row, name]}/{count}" if count else "-"

    def figures(self, cases: Sequence[Case]) -> list[Figure]:
        """Return how many points were tried and survived by ledger and fault, and of how many."""
        made = []
        for ledger, name in dict.fromkeys((case.ledger, case.fault.name) for case in cases):
            keys = [key for key in self.done if key[0][0] == ledger and key[1] == name]
            count, lost = sum(self.done[key] for key in keys), sum(self.lost[key] for key in keys)
            made.append(Figure(f"{ledger}, {name}: fault points tried", count, ""))
            made.append(Figure(f"{ledger}, {name}: survived", count - lost, "", at_least=count))
        points = {(case.row, point) for case in cases for point in case.origin.points}
        made.append(
            Figure("effects of the recorded runs", sum(each.endswith(":after") for _, each in points), "")
        )
        made.append(Figure("cases asked for", self.all, "", at_least=1))
        made.append(Figure("cases tried", self.done.total(), "", at_least=1))
        made.append(Figure("minutes", (time.monotonic() - self.began) / 60, "min"))
        return made


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.crash",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [scenario.name for scenario in SCENARIOS]
    faults = sorted({fault.name for kinds in FAULTS.values() for fault in kinds})
    parser.add_argument("--scenario", help=f"some of: {', '.join(names)}", type=_of(names))
    parser.add_argument("--ledger", help=f"some of: {', '.join(LEDGERS)}", type=_of(LEDGERS))
    parser.add_argument("--fault", help=f"some of: {', '.join(faults)}", type=_of(faults))
    parser.add_argument("--sample", type=int, default=0, metavar="N")
    parser.add_argument("--minutes", type=float, default=float("inf"), metavar="M")
    parser.add_argument("--checkpoints", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    return parser


def _of(known: Sequence[str]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        names = [name.strip() for name in text.split(",")]
        if unknown := set(names) - set(known):
            raise argparse.ArgumentTypeError(f"there is no {', '.join(sorted(unknown))}")
        return names

    return parse


def _cases(asked: argparse.Namespace, folder: Path, stack: ExitStack, skipped: list[str]) -> Iterator[Case]:
    """Yield all that are asked for; what cannot be had is added to ``skipped``, and :class:`NotHad` where it was named."""
    for ledger in asked.ledger or LEDGERS:
        try:
            server = stack.enter_context(postgres_server()).server if ledger == "postgresql" else None
        except NoServer as error:
            if asked.ledger:
                raise NotHad(f"--ledger {ledger} cannot be tried: {error}") from error
            skipped.append(f"ledger {ledger}, all of it: {error}")
            continue
        faults = [fault for fault in FAULTS[ledger] if not asked.fault or fault.name in asked.fault]
        for fault in faults:
            if reason := fault.skipped():
                if asked.fault:
                    raise NotHad(f"--fault {fault.name!r} cannot be tried: {reason}")
                skipped.append(f"{ledger}, {fault.name}: {reason}")
        faults = [fault for fault in faults if not fault.skipped()]
        for scenario in SCENARIOS:
            if not asked.scenario or scenario.name in asked.scenario:
                origin = recorded(scenario, folder, server, checkpoints=asked.checkpoints)
                yield from cases_of(ledger, origin, faults, only=STATE if asked.checkpoints else ())


def recorded(scenario: Scenario, folder: Path, server: Server | None, *, checkpoints: bool = False) -> Origin:
    """Prepare a scenario and record its undisturbed run; ``server`` None: the ledger is a file."""
    root = folder / f"{'postgresql' if server else 'sqlite'}-{scenario.name.replace(' ', '-')}"
    lab = Project(root)
    # One resource after the other, so that two runs pass by the same points.
    lab.environment |= {"PULUMI_PARALLEL": "1", "PULUMI_SKIP_CHECKPOINTS": str(not checkpoints).lower()}
    place: Place = InProject(root)
    if server is not None:
        place = OnServer(server, root)
        place.create()
    return prepare(scenario, lab, place)


def cases_of(
    ledger: str, origin: Origin, faults: Sequence[Fault], only: tuple[str, ...] = ()
) -> Iterator[Case]:
    """Yield each point of an origin with each fault that can strike there; ``only``: of effects that begin so."""
    provider = False
    for point in origin.points:
        provider = provider or not point.startswith(STATE)
        if only and not point.startswith(only):
            continue
        for fault in faults:
            if fault.fits(point, provider=provider):
                yield Case(ledger, origin, fault, point)


def sampled(cases: list[Case], count: int) -> list[Case]:
    """Return so many of them, spread evenly; all where ``count`` is 0."""
    if not 0 < count < len(cases):
        return cases
    return [cases[at * len(cases) // count + len(cases) // (2 * count)] for at in range(count)]


def spread(cases: Sequence[Case]) -> list[Case]:
    """Return them in an order of which every beginning is spread evenly: by the fractional part of multiples of phi."""
    return [
        case
        for _, case in sorted(
            ((at * PHI % 1, case) for at, case in enumerate(cases)), key=lambda pair: pair[0]
        )
    ]


def attempt(case: Case, folder: Path) -> list[str]:
    """Return why a case did not survive; one whose run goes another way than the recorded one is begun anew."""
    root = Path(tempfile.mkdtemp(prefix="case-", dir=folder))
    reason = ""
    try:
        for number in range(ATTEMPTS):
            try:
                return survive(case.origin, case.point, case.fault, root / str(number))
            except NotHit as error:
                reason = str(error)
            except (OSError, subprocess.SubprocessError, ValueError) as error:
                return [f"it could not be tried or judged: {error}"]
        return [f"{reason}, {ATTEMPTS} times"]
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
