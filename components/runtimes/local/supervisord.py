"""Starting supervisord: its main file, its janitor and gateway, and a process that outlives whoever started it."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

from components.runtimes.local.environment import passed_on
from components.runtimes.local.folder import Folder, write
from components.runtimes.port import RuntimeFault

_START_WITHIN = 30.0
"""Seconds."""

_FILES = 65_536
"""Files that supervisord may hold open at most: it needs two for each instance."""

_PACKAGE_ROOT = Path(__file__).resolve().parents[3]

_CONFIG = """\
; Written by the local runtime at each start of supervisord. `supervisorctl -c THIS-FILE status` shows what it keeps.
; Do not `update` or `reload`: instances are added by the runtime and stand in no file, so both would stop them all.
[unix_http_server]
file=%(here)s/supervisor.sock
chmod=0600

[supervisord]
logfile=%(here)s/supervisord.log
logfile_maxbytes=5MB
logfile_backups=1
loglevel=warn
pidfile=%(here)s/supervisord.pid
childlogdir=%(here)s/logs
identifier=eas-local
minfds=256
umask=022

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://%(here)s/supervisor.sock

[eventlistener:janitor]
command=/bin/sh janitor
directory=%(here)s
events=TICK_5
stdout_logfile=NONE
stderr_logfile=NONE
autorestart=true

[program:gateway]
command=/bin/sh gateway
directory=%(here)s
autostart=true
autorestart=true
startsecs=0
stopsignal=TERM
redirect_stderr=true
stdout_logfile=%(here)s/gateway.log
stdout_logfile_maxbytes=1MB
stdout_logfile_backups=0

[include]
files=programs/*.conf
"""

_JANITOR = """\
#!/bin/sh
PYTHONPATH={root} PYTHONDONTWRITEBYTECODE=1 exec {python} -S -m components.runtimes.local.janitor {logs}
"""

_GATEWAY = """\
#!/bin/sh
PYTHONPATH={root} PYTHONDONTWRITEBYTECODE=1 exec {python} -S -m components.runtimes.local.gateway {folder}
"""

_LIMITED = f"""\
n=$(ulimit -H -n)
[ "$n" != unlimited ] && [ "$n" -le {_FILES} ] || n={_FILES}
ulimit -S -n "$n"
exec "$@"
"""


def start(folder: Folder) -> None:
    """Start supervisord; returns when it listens. Raises :class:`RuntimeFault` with what it said."""
    for left in folder.programs.glob("*.conf"):
        left.unlink(missing_ok=True)
    prepare(folder)
    errors = folder.root / "supervisord.err"
    with errors.open("wb") as sink:
        status = _run(folder, sink)
    if status or not folder.socket.exists():
        said = errors.read_text(encoding="utf-8", errors="replace").strip()[-500:]
        raise RuntimeFault(
            f"supervisord did not start (exit status {status}): {said or 'it said nothing'}; "
            f"its log is {folder.root / 'supervisord.log'}.",
            retriable=True,
        )


def prepare(folder: Folder) -> None:
    """Write the files that supervisord reads: its own, and those of what it keeps beside the instances."""
    python = shlex.quote(sys.executable)
    janitor = _JANITOR.format(
        root=shlex.quote(str(_PACKAGE_ROOT)), python=python, logs=shlex.quote(str(folder.log_folder))
    )
    write(folder.root / "supervisord.conf", _CONFIG)
    write(folder.root / "janitor", janitor)
    gateway = _GATEWAY.format(
        root=shlex.quote(str(_PACKAGE_ROOT)), python=python, folder=shlex.quote(str(folder.root))
    )
    write(folder.root / "gateway", gateway)


def _run(folder: Folder, sink: BinaryIO) -> int:
    """Run supervisord until it has left for the background, and return that first process's exit status.

    A daemon of its own: it leaves this session, and holds nothing of its starter's, or `pulumi up` would wait for it.
    """
    supervisord = (sys.executable, "-m", "supervisor.supervisord", "-c", str(folder.config))
    try:
        return subprocess.run(
            ["/bin/sh", "-c", _LIMITED, "sh", *supervisord],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            cwd="/",
            env={**passed_on(), "PYTHONWARNINGS": "ignore"},
            start_new_session=True,
            timeout=_START_WITHIN,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired as error:
        raise RuntimeFault(
            f"supervisord did not start within {_START_WITHIN:g} s; run this again.", retriable=True
        ) from error
