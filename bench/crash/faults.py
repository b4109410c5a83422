"""What strikes at a point: processes that are killed, a database that goes away or cuts its lines, a disk that is full."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from bench.crash.gate import end
from bench.crash.places import OnServer, Place
from tools.postgres import NoServer, Server

AWAY_S = 0.7
"""How long a killed server stays away: many attempts to reach it, and far less than the ledger's patience."""
DISK_MIB = 24
STATE = ("lock", "state", "history", "unlock")
"""Effects of the CLI, at which no provider stands."""


class Fault:
    """Processes that are killed; what else can strike overrides what differs."""

    name: str
    """The column of the table."""

    def __init__(self, kills: str = "", name: str = "") -> None:
        """``kills``: ``provider``, ``cli`` or ``both``; empty for what is not a kill."""
        self.kills = kills
        self.name = name or kills

    def skipped(self) -> str:
        """Return why it cannot be tried here, empty where it can."""
        return ""

    def fits(self, point: str, *, provider: bool) -> bool:
        """Whether it can strike there; ``provider``: whether one has been started by then."""
        return provider or self.kills == "cli"

    def enter(self, root: Path) -> None:
        """Prepare the folder of a case, which is not there yet."""

    def leave(self, root: Path) -> None:
        """Clean up after it."""

    def strike(self, root: Path, place: Place) -> None:
        """Do it, while the provider stands at the point."""

    def mend(self, root: Path, place: Place) -> None:
        """Bring back what was taken away, before the second apply."""


class _OfLedger(Fault):
    """What strikes where the provider stands."""

    def fits(self, point: str, *, provider: bool) -> bool:
        return provider and not point.startswith(STATE)


class ServerKilled(_OfLedger):
    """The server is killed with all its processes, and is back a moment later."""

    def __init__(self) -> None:
        super().__init__(name="server killed")
        self._back = threading.Thread()

    def strike(self, root: Path, place: Place) -> None:
        assert isinstance(place, OnServer)
        kill_server(place.server)
        self._back = threading.Thread(target=_back, args=(place.server,))
        self._back.start()

    def mend(self, root: Path, place: Place) -> None:
        if self._back.ident is not None:
            self._back.join()


def kill_server(server: Server) -> None:
    """Kill the server and its processes with SIGKILL."""
    pid = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
    postmaster = psutil.Process(pid)
    # The parent first: it would otherwise start its children anew.
    children = postmaster.children(recursive=True)
    for process in (postmaster, *children):
        end(process.pid)
    psutil.wait_procs([postmaster, *children], timeout=10)


def _back(server: Server) -> None:
    time.sleep(AWAY_S)
    for _ in range(20):
        try:
            server.start()
        except NoServer:
            # What was its shared memory may still be in use by a process that is going.
            time.sleep(0.2)
        else:
            return


class Cut(_OfLedger):
    """Every connection to the ledger is ended by the server."""

    def __init__(self) -> None:
        super().__init__(name="cut")

    def strike(self, root: Path, place: Place) -> None:
        assert isinstance(place, OnServer)
        place.server.sql(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{place.database}'"
        )


class DiskFull(_OfLedger):
    """The project (ledger, runtime, Pulumi's state) is on a disk of its own, which is filled."""

    def __init__(self) -> None:
        super().__init__(name="disk full")

    def skipped(self) -> str:
        probe = Path("/tmp/eas-crash-probe")
        probe.mkdir(exist_ok=True)
        try:
            _mount(probe)
            _unmount(probe)
        except (OSError, subprocess.CalledProcessError) as error:
            return f"no file system can be mounted here ({error}); run it as root"
        finally:
            probe.rmdir()
        return ""

    def enter(self, root: Path) -> None:
        root.mkdir()
        _mount(root)

    def leave(self, root: Path) -> None:
        _unmount(root)
        root.rmdir()

    def strike(self, root: Path, place: Place) -> None:
        with (root / "filler").open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                _until_full(lambda size=size: file.write(b"x" * size) == size)  # type: ignore[misc]

    def mend(self, root: Path, place: Place) -> None:
        (root / "filler").unlink(missing_ok=True)


def _until_full(write: Callable[[], bool]) -> None:
    try:
        while write():
            pass
    except OSError:
        return


def _mount(folder: Path) -> None:
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", folder], check=True, capture_output=True
    )


def _unmount(folder: Path) -> None:
    # What ends a moment later may still stand in it.
    subprocess.run(["umount", "--lazy", folder], check=True, capture_output=True)


KILLS = (Fault("provider"), Fault("cli"), Fault("both"))
