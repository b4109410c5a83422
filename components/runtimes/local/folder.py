"""The files of the local runtime under ``<project>/.eas/local``, and the short private way to them.

Everything here is for its owner only (mode 700): launch scripts and token files hold secrets. A symbolic link
``/tmp/eas-UID/HASH`` leads to the folder: a unix socket's path must stay under 108 bytes, and supervisord cannot
include files from a path with spaces or brackets, while the project may lie anywhere.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import stat
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

from components.runtimes.port import RuntimeFault

PRIVATE = 0o700
_STRIPES = 1024
"""Lock files for instances: their names live on, so no lock is ever held on a file that another has deleted."""


def slug(instance_id: str) -> str:
    """Return a name for files and programs: readable at the end, unique by its hash, nothing to quote in it."""
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "-", instance_id).strip("-.")[-60:]
    return f"{readable}-{hashlib.sha256(instance_id.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def shared() -> Path:
    """Return this user's private folder in /tmp (fixed: not TMPDIR, which differs between shells and daemons)."""
    folder = Path("/tmp") / f"eas-{os.getuid()}"
    folder.mkdir(mode=PRIVATE, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise RuntimeFault(
            f"{folder} must be a folder that only you can enter, and is not (owner {found.st_uid}, mode "
            f"{stat.S_IMODE(found.st_mode):o}); remove it, or run `chmod 700 {folder}` if it is yours."
        )
    return folder


def write(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a whole file or nothing; it never exists with a wider mode than ``mode``."""
    # The name ends differently from what supervisord includes, and no two writers share it.
    draft = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


class Folder:
    """The local runtime's folder of one project. Nothing is created before :meth:`prepare`."""

    def __init__(self, home: Path) -> None:
        """Keep where it is; ``home`` is the project's ``.eas``."""
        # Resolved: whichever way leads to the project, its instances carry one mark.
        self.root = home.resolve() / "local"
        self.project = home.absolute().parent
        self.hash = hashlib.sha256(str(self.root).encode("utf-8", "surrogateescape")).hexdigest()[:16]
        self.instances = self.root / "instances"
        self.programs = self.root / "programs"
        self.log_folder = self.root / "logs"
        self.stopped_logs = self.log_folder / "stopped"
        self._locks = self.root / "locks"

    @property
    def link(self) -> Path:
        """The short way to :attr:`root`."""
        return Path("/tmp") / f"eas-{os.getuid()}" / self.hash

    @property
    def socket(self) -> Path:
        """Where supervisord listens, by the short way."""
        return self.link / "supervisor.sock"

    @property
    def config(self) -> Path:
        """supervisord's main file, by the short way."""
        return self.link / "supervisord.conf"

    def prepare(self) -> None:
        """Create what is missing."""
        for folder in (self.instances, self.programs, self.stopped_logs, self._locks):
            folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        self.root.chmod(PRIVATE)
        self.relink()

    def relink(self) -> None:
        """Lay the short way again: whatever cleans /tmp may have taken it."""
        shared()
        with contextlib.suppress(OSError):
            if self.link.readlink() == self.root:
                return
        draft = self.link.with_name(f"{self.hash}.{os.getpid()}.{threading.get_ident()}")
        draft.unlink(missing_ok=True)
        draft.symlink_to(self.root)
        draft.replace(self.link)

    def reachable(self) -> bool:
        """Whether there is a socket to ask supervisord at."""
        if not (self.root / self.socket.name).exists():
            return False
        self.relink()
        return True

    def unlink(self) -> None:
        """Remove the short way; the folder stays."""
        with contextlib.suppress(OSError):
            self.link.unlink()

    def mark(self, name: str) -> str:
        """Return what an instance's processes carry in their environment: this folder and the instance's slug."""
        return f"{self.hash}.{name}"

    def of(self, name: str) -> Path:
        """Return the folder of the instance with that slug."""
        return self.instances / name

    def log(self, name: str) -> Path:
        """Return the log of the instance with that slug."""
        return self.log_folder / f"{name}.log"

    @contextlib.contextmanager
    def locked(self, name: str, *, wait: bool = True) -> Iterator[bool]:
        """Hold the lock of that name, against threads and processes; answers False if it is held and ``wait`` is not.

        The kernel lets go of it when its holder dies, however it dies.
        """
        path = self._locks / (name if name == "daemon" else str(zlib.crc32(name.encode()) % _STRIPES))
        self._locks.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
                return
            yield True
        finally:
            os.close(handle)
