"""One case: a copy of a prepared project, an apply that is hit at one point, and the same apply again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from bench.crash.faults import Fault
from bench.crash.gate import Held, end
from bench.crash.places import Place
from bench.crash.scenarios import Scenario
from bench.crash.verdict import End, differences, end_of
from tests.e2e.project import Project
from tools.setup.layout import Layout
from tools.unlock import examine, mend

INJECT = Path(__file__).with_name("inject")
LIMIT_S = 120.0
ORPHAN_S = 45.0
"""How long a provider may outlive its CLI."""
HIT = "!"
UNDISTURBED = Fault(name="undisturbed")


class NotHit(Exception):
    """The run came to its end without the point: it went another way than the recorded one."""


@dataclass(frozen=True)
class Origin:
    """A project prepared up to the apply, and what an undisturbed one passes by and ends with."""

    scenario: Scenario
    lab: Project
    place: Place
    points: tuple[str, ...] = ()
    undisturbed: End | None = None
    kept: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Applied:
    """How a run of the command ended. ``points``: what it passed by; ``started``: instance ids; ``left``: processes."""

    code: int
    said: str
    points: tuple[str, ...]
    started: tuple[str, ...]
    hit: bool
    left: tuple[str, ...]


def prepare(scenario: Scenario, lab: Project, place: Place) -> Origin:
    """Apply what comes before, write the change, and take an undisturbed copy to its end."""
    lab.environment |= place.environment
    if scenario.before is not None:
        scenario.before(lab)
        lab.up()
    kept = _ids(lab, place)
    scenario.change(lab)
    origin = Origin(scenario, lab, place, kept=kept)
    with _copied(origin, lab.root.with_name(f"{lab.root.name}-undisturbed"), UNDISTURBED) as copy:
        done = apply(copy, scenario.verb, "", UNDISTURBED)
        if done.code:
            raise RuntimeError(f"{scenario.name}, undisturbed, fails:\n{done.said}")
        undisturbed = end_of(copy.root, copy.place.where, copy.place.url)
    if undisturbed.faults:
        raise RuntimeError(f"{scenario.name}, undisturbed, ends with faults: {undisturbed.faults}")
    return Origin(scenario, lab, place, done.points, undisturbed, kept)


@dataclass(frozen=True)
class Copy:
    """A copy of an origin, to be spoiled."""

    lab: Project
    place: Place

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self.lab.root


@contextmanager
def _copied(origin: Origin, root: Path, fault: Fault) -> Iterator[Copy]:
    fault.enter(root)
    lab = origin.lab.moved(root)
    there = origin.place.copied(root)
    lab.environment |= there.environment
    try:
        yield Copy(lab, there)
    finally:
        there.drop()
        shutil.rmtree(root, ignore_errors=True)
        fault.leave(root)


def survive(origin: Origin, point: str, fault: Fault, root: Path) -> list[str]:
    """Strike there, apply again, and return what is not as if nothing had happened; empty where all is well.

    Raises :class:`NotHit`.
    """
    assert origin.undisturbed is not None
    verb = origin.scenario.verb
    with _copied(origin, root, fault) as copy:
        first = apply(copy, verb, point, fault)
        fault.mend(copy.root, copy.place)
        if not first.hit:
            raise NotHit(f"{origin.scenario.name}: the run did not come to {point}")
        told = [*first.left, *_sentences(first.said), *unlocked(copy.lab)]
        again = apply(copy, verb, "", UNDISTURBED)
        if again.code:
            return [*told, f"first it said:\n{first.said}", f"the second {verb} fails:\n{again.said}"]
        told += _sentences(again.said)
        reached = end_of(copy.root, copy.place.where, copy.place.url)
        told += differences(reached, origin.undisturbed, dict(origin.kept))
        return told + _twice((*first.started, *again.started))


def _twice(started: tuple[str, ...]) -> list[str]:
    """Return which slots were started under more names, or which names more often, than an apply that is taken up needs."""
    by_slot = Counter(id_.rpartition("/")[0] for id_ in set(started))
    return [f"{slot} was started under {count} names" for slot, count in by_slot.items() if count > 2]


def _sentences(said: str) -> list[str]:
    """Return what no user should ever read."""
    return [f"it says {mark!r}:\n{said}" for mark in ("Traceback", "This is a defect") if mark in said]


def _ids(lab: Project, place: Place) -> dict[str, str]:
    from tests.ledger.audit import content

    if not place.made:
        return {}
    from components.ledger import schema

    names = [column.name for column in schema.instance.columns]
    rows = [dict(zip(names, row, strict=True)) for row in content(place.where)["instance"]]
    return {f"{row['service']}/{row['ordinal']}": row["id"] for row in rows}


# ------------------------------------------------------------------------------------------------------- one run


def apply(copy: Copy, verb: str, point: str, fault: Fault) -> Applied:
    """Run ``pulumi VERB`` to its end, or to the point, where the fault strikes."""
    lab = copy.lab
    # Not in the project: its disk may be full.
    watch = lab.root.with_name(f"{lab.root.name}.watch")
    shutil.rmtree(watch, ignore_errors=True)
    watch.mkdir()
    trace, said, told = watch / "trace", watch / "said", watch / "crash.json"
    told.write_text(json.dumps({"trace": str(trace), "at": point, "do": fault.kills}))
    trace.write_text("")
    writes = Writes(trace, point, fault.kills)
    environment = {**lab.environment, "EAS_CRASH": str(told)}
    environment["PYTHONPATH"] = os.pathsep.join([str(INJECT), environment.get("PYTHONPATH", "")])
    with said.open("wb") as output:
        command = lab.command(verb, "--yes", "--skip-preview", "--stack", lab.stack)
        run = Held(command, writes.passing, cwd=lab.root, env=environment, output=output.fileno())
        writes.cli = run.process.pid
        writes.ready.set()
        if point and not fault.kills:
            _when_hit(run.process, trace, lambda: fault.strike(lab.root, copy.place))
        try:
            code = run.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            run.process.kill()
            code = run.wait(LIMIT_S)
            output.write(f"no end within {LIMIT_S:.0f} s\n".encode())
    lines = trace.read_text().splitlines()
    left = _gone([int(line[1:]) for line in lines if line.startswith("@")])
    done = Applied(
        code,
        said.read_text(errors="replace"),
        tuple(line for line in lines if line[:1] not in "@=!"),
        tuple(line[1:] for line in lines if line.startswith("=")),
        HIT in lines,
        left,
    )
    shutil.rmtree(watch)
    return done


class Writes:
    """Names the writes of Pulumi's state as points, tells the trace, and kills at one."""

    def __init__(self, trace: Path, point: str, kills: str) -> None:
        """``kills``: whom, where a point of these is to be hit."""
        self._trace, self._point, self._kills = trace, point, kills
        self._counts: Counter[str] = Counter()
        self.cli = 0
        self.ready = threading.Event()

    def passing(self, effect: str, when: str) -> None:
        """Hear of one write."""
        self.ready.wait()
        self._counts[effect] += when == "before"
        point = f"{effect}#{self._counts[effect]}:{when}"
        hit = point == self._point
        with self._trace.open("a") as trace:
            trace.write(f"{point}\n" + f"{HIT}\n" * hit)
        if not hit:
            return
        providers = [int(line[1:]) for line in self._trace.read_text().splitlines() if line.startswith("@")]
        for pid in [self.cli] * (self._kills != "provider") + providers * (self._kills != "cli"):
            end(pid)


def _when_hit(process: subprocess.Popen[bytes], trace: Path, held: Callable[[], None]) -> None:
    """Wait until the provider stands at the point, do it, and let the provider go on; nothing where it never comes."""
    while process.poll() is None:
        if HIT in trace.read_text().splitlines():
            held()
            trace.with_name("go").touch()
            return
        time.sleep(0.01)


def _gone(providers: list[int]) -> tuple[str, ...]:
    """Wait until no provider of this run is left; return which outlived its CLI too long, and is ended."""
    told = []
    deadline = time.monotonic() + ORPHAN_S
    for pid in providers:
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > deadline:
                end(pid)
                told.append(f"provider {pid} is still there {ORPHAN_S:.0f} s after its CLI ended")
                break
            time.sleep(0.02)
    return tuple(told)


def unlocked(lab: Project) -> list[str]:
    """Lift the lock that a killed CLI left, and put back a state that a full disk cut short, as `make up` does."""
    locks = lab.root / ".pulumi-state" / ".pulumi" / "locks"
    files = list(locks.rglob("*.json"))
    told = [f"{lock.who}: {lock.verdict}" for lock in map(examine, files) if lock.verdict != "dead"]
    for file in files:
        file.unlink()
    mend(Layout(lab.root), lab.stack)
    return told
