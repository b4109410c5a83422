"""One project's local runtime for one test: its own home and ports, and nothing left when it is over."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.runtimes.local import gate, ports, processes
from components.runtimes.local.folder import Folder, shared, slug
from components.runtimes.local.record import Record, load
from components.runtimes.local.runtime import LocalRuntime
from components.runtimes.port import Launch, Observation, PinnedCard
from tests.runtimes.waiting import until

OWNER = "org/project/dev-a1b2"
STUB = Path(__file__).with_name("stub.py")
CARD = PinnedCard("GPU-0a1b", 1, "A10", memory_mib=4096, compute=20, capacity_mib=24_000)


def serving(*wishes: str) -> str:
    """Return the shell line of a service that answers."""
    return shlex.join(["exec", sys.executable, "-S", "-E", str(STUB), *wishes])


def port_range() -> tuple[int, int]:
    """Return ports that no other test worker uses; what an earlier test left busy is skipped by the runtime."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    first = 22_000 + 500 * (int(worker) % 16)
    return first, first + 499


def launch(
    service: str = "svc",
    *,
    ordinal: int = 0,
    grace: int = 5,
    spec: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    cards: tuple[PinnedCard, ...] = (CARD,),
    token: str = "t0ken-of-the-service",
    **container: Any,
) -> Launch:
    """Return what starts one instance; ``container`` says what it runs."""
    document = {
        "metadata": {"name": service, "eas.termination_grace_period": grace},
        "containers": [container],
    }
    return Launch(
        id=f"{OWNER}/{service}/{ordinal}/i1",
        owner=OWNER,
        service=service,
        ordinal=ordinal,
        pool="pool-a",
        node="node-1",
        cards=cards,
        exclusive=False,
        spec=spec if spec is not None else document,
        secrets={"token": token},
        settings={"ports": list(port_range()), **(settings or {})},
    )


@dataclass
class Machine:
    """The runtime under test with what a test asks of it."""

    home: Path
    told: list[str] = field(default_factory=list)
    runtime: LocalRuntime = field(init=False)

    def __post_init__(self) -> None:
        """Open the runtime."""
        self.runtime = self.another()

    def another(self) -> LocalRuntime:
        """Return the runtime as another process would open it."""
        return LocalRuntime(self.home, tell=self.told.append)

    @property
    def folder(self) -> Folder:
        """The files."""
        return Folder(self.home)

    def see(self, launched: Launch) -> Observation:
        """Return what is seen of one instance."""
        return self.runtime.observe([launched.id])[launched.id]

    def becomes(self, launched: Launch, condition: str, *, within: float = 40.0) -> Observation:
        """Wait until it is so, and return what was seen."""
        last: list[Observation] = []

        def asked() -> Observation | None:
            last[:] = [self.see(launched)]
            return last[0] if last[0].condition == condition else None

        try:
            seen = until(asked, within=within)
        except AssertionError:
            raise AssertionError(f"not {condition} after {within:g} s, but {last}") from None
        assert seen is not None
        return seen

    def ready(self, launched: Launch) -> Observation:
        """Start it and wait until it answers."""
        self.runtime.start(launched)
        return self.becomes(launched, "ready")

    def pids(self, launched: Launch) -> list[int]:
        """Return all processes of an instance, by the mark that they carry."""
        mark = self.folder.mark(slug(launched.id))
        return sorted(seen.pid for seen in processes.table() if seen.mark == mark)

    def leader(self, launched: Launch) -> int:
        """Return its first process."""
        started = processes.starts(self.folder.of(slug(launched.id)) / "starts")
        return started[-1].leader

    def record(self, launched: Launch) -> Record:
        """Return what the runtime keeps of it."""
        found = load(self.folder, slug(launched.id))
        assert found is not None
        return found

    def supervisor(self) -> int:
        """Return the pid of the supervisord that lives, 0 if none does."""
        return self.runtime._daemon.process()

    def kill_supervisor(self) -> None:
        """End it as the kernel does when memory is short."""
        os.kill(self.supervisor(), signal.SIGKILL)
        until(lambda: not self.supervisor())

    def get(self, launched: Launch, path: str) -> bytes:
        """Return what the instance answers."""
        asked = urllib.request.Request(
            self.see(launched).endpoint + path, headers={"Authorization": launched.secrets["token"]}
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:
            body: bytes = answer.read()
            return body

    def environment(self, launched: Launch) -> dict[str, str]:
        """Return the environment of a stub, as it tells it."""
        entries = self.get(launched, "/environment").decode().split("\0")
        return dict(entry.split("=", 1) for entry in entries)

    def empty(self) -> None:
        """Stop everything and end supervisord, so that nothing is left."""
        runtime = self.another()
        ids = runtime.listing()
        for instance_id in ids:
            runtime.stop(instance_id)
        until(lambda: all(seen.condition == "absent" for seen in runtime.observe(ids).values()))
        assert runtime.shutdown_if_idle()

    def assert_nothing_left(self) -> None:
        """Check that no process, port or short way of this project is left."""
        mine = f"{self.folder.hash}."
        assert [seen for seen in processes.table() if seen.mark.startswith(mine)] == []
        assert not self.supervisor()
        assert gate.process(self.folder) is None
        held = (shared() / "ports").glob("[0-9]*")
        home = str(self.folder.root)
        assert [file.name for file in held if _text(file).startswith(home)] == []
        assert not self.folder.link.is_symlink()

    def wreck(self) -> None:
        """Kill whatever a failed test left."""
        mine = f"{self.folder.hash}."
        if pid := self.supervisor():
            os.kill(pid, signal.SIGKILL)
        if found := gate.process(self.folder):
            found.kill()
        processes.send([seen.pid for seen in processes.table() if seen.mark.startswith(mine)], signal.SIGKILL)
        self.folder.unlink()


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except FileNotFoundError:
        return ""


def busy(port: int) -> Callable[[], bool]:
    """Return the question whether a port is busy."""
    return lambda: ports.busy(port)
