"""Python reads this at its start where the folder is on PYTHONPATH. In a provider it counts effects, and dies at one.

``EAS_CRASH`` names a file of JSON: ``trace`` (a file that hears of every point), ``at`` (the point to act at, or empty),
and ``do``: ``provider``, ``cli`` or ``both`` are killed there with SIGKILL; anything else waits for the file ``go``
beside the trace. In the trace ``@`` is before the number of this process, ``=`` before what was started, ``!`` is the point.

A point is ``EFFECT#N:before`` or ``…:after``. Effects are every commit of a transaction that writes the ledger, the making
of its key, what the runtime is told, and every look at instances that sees something new.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

VARIABLE = "EAS_CRASH"
CLI = "EAS_CRASH_CLI"
"""Holds the process id of the CLI."""
KILLS = ("provider", "cli", "both")
STORE = ("store.py", "opening.py")
"""Where the ledger's transactions have their names,"""
WITHIN = ("_write", "_written", "told", "<lambda>")
"""and what of it is between the name and the transaction."""


class Points:
    """Counts effects, tells the trace of each point, and acts at one of them."""

    def __init__(self, told: dict[str, Any]) -> None:
        """``told`` is what the file says."""
        self._told = told["trace"]
        self._trace = os.open(told["trace"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._at, self._do = told["at"], told["do"]
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.say(f"@{os.getpid()}")

    def say(self, line: str) -> None:
        """Write a line in one piece."""
        os.write(self._trace, f"{line}\n".encode())

    def around(self, effect: str, act: Callable[[], Any]) -> Any:
        """Do it between its two points."""
        number = self.number(effect)
        self.pass_by(f"{effect}#{number}:before")
        done = act()
        self.pass_by(f"{effect}#{number}:after")
        return done

    def number(self, effect: str) -> int:
        """Return how often this effect has come, this time included."""
        with self._lock:
            self._seen[effect] += 1
            return self._seen[effect]

    def pass_by(self, point: str) -> None:
        """Tell the trace; act where this is the point."""
        self.say(point)
        if point == self._at:
            self.say("!")
            self._act()

    def _act(self) -> None:
        while self._do not in KILLS and not Path(self._told).with_name("go").exists():
            time.sleep(0.01)
        if self._do in ("cli", "both"):
            os.kill(int(os.environ[CLI]), signal.SIGKILL)
        if self._do in ("provider", "both"):
            os.kill(os.getpid(), signal.SIGKILL)


class Wrapping(MetaPathFinder):
    """Finds the modules that have effects, once each, and has them wrapped after they are loaded."""

    def __init__(self, wraps: dict[str, Callable[[ModuleType], None]]) -> None:
        """``wraps``: module -> what to do with it."""
        self._wraps = wraps

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the usual place, with a loader that wraps."""
        wrap = self._wraps.pop(fullname, None)
        if wrap is None:
            return None
        found = PathFinder.find_spec(fullname, path, target)
        if found is not None and found.loader is not None:
            found.loader = _Wrapped(found.loader, wrap)
        return found


class _Wrapped(Loader):
    def __init__(self, usual: Loader, wrap: Callable[[ModuleType], None]) -> None:
        self._usual, self._wrap = usual, wrap

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._usual.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._usual.exec_module(module)
        self._wrap(module)


def ledger(points: Points, module: ModuleType) -> None:
    """Every commit of a transaction that writes."""
    connection = module.sa.engine.Connection
    usual = connection.commit

    def commit(self: Any) -> None:
        if self.get_execution_options().get(module.WRITE):
            points.around(f"ledger {_named()}", lambda: usual(self))
        else:
            usual(self)

    connection.commit = commit


def _named() -> str:
    """Return the function of ours that has the transaction."""
    frame = sys._getframe(2)
    while frame is not None:
        code = frame.f_code
        if Path(code.co_filename).name in STORE and code.co_name not in WITHIN:
            return code.co_name.strip("_")
        frame = frame.f_back  # type: ignore[assignment]
    return "transaction"


def key(points: Points, module: ModuleType) -> None:
    """The file with the ledger's key."""
    usual = module.mint_key_file
    module.mint_key_file = lambda path: points.around("key", lambda: usual(path))  # type: ignore[attr-defined]


def runtime(name: str) -> Callable[[Points, ModuleType], None]:
    """Return what wraps the runtime class of that name."""

    def wrap(points: Points, module: ModuleType) -> None:
        kind = getattr(module, name)
        for verb in ("start", "restart", "reconfigure"):
            setattr(kind, verb, _told(points, verb, getattr(kind, verb), lambda launch: launch.id))
        kind.stop = _told(points, "stop", kind.stop, lambda instance: instance)
        kind.observe = _looking(points, kind.observe)

    return wrap


def _told(points: Points, verb: str, usual: Any, named: Callable[[Any], str]) -> Any:
    def tell(self: Any, what: Any) -> Any:
        def act() -> None:
            usual(self, what)
            if verb == "start":
                points.say(f"={named(what)}")

        points.around(f"{verb} {_slot(named(what))}", act)

    return tell


def _looking(points: Points, usual: Any) -> Any:
    """The first look at these instances, and each that sees something new: how often is looked is the machine's mood."""
    asked_before: set[str] = set()
    last = [""]

    def observe(self: Any, instances: Any) -> Any:
        asked = sorted(instances)
        names = " ".join(_slot(each) for each in asked)
        if names not in asked_before:
            asked_before.add(names)
            points.pass_by(f"wait {names}:before")
        seen = usual(self, asked)
        told = " ".join(f"{_slot(each)}={seen[each].condition}" for each in asked)
        if told != last[0]:
            last[0] = told
            points.pass_by(f"wait {told}#{points.number(told)}:after")
        return seen

    return observe


def _slot(instance: str) -> str:
    return "/".join(instance.split("/")[-3:-1])


def install() -> None:
    """Wrap what has effects, in a provider of Pulumi that has been told to."""
    file = os.environ.get(VARIABLE)
    if not file or "pulumi.dynamic" not in sys.orig_argv:
        return
    points = Points(json.loads(Path(file).read_text()))
    wraps = {
        "components.ledger.database.engine": ledger,
        "components.ledger.database.keys": key,
        "components.runtimes.simulated": runtime("SimulatedRuntime"),
        "components.runtimes.local.runtime": runtime("LocalRuntime"),
    }
    bound = {name: (lambda module, wrap=wrap: wrap(points, module)) for name, wrap in wraps.items()}
    sys.meta_path.insert(0, Wrapping(bound))  # type: ignore[arg-type]


def chain() -> None:
    """Read the next file of this name as well: only the first on the path is read by Python itself."""
    here = str(Path(__file__).parent)
    rest = [entry for entry in sys.path if entry != here]
    found = PathFinder.find_spec("sitecustomize", rest)
    if found is not None and found.loader is not None:
        found.loader.exec_module(importlib.util.module_from_spec(found))


chain()
install()
