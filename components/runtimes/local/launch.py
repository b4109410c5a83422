"""The two files that start an instance: a shell script that sets it up, and supervisord's few lines about it.

The script holds the environment and the command, quoted for the shell. supervisord's file holds slugs and numbers only:
there is nothing in it to expand (``%``), to quote or to keep secret.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from components.runtimes.local.processes import MARK
from components.runtimes.local.settings import Command
from components.runtimes.port import RuntimeFault

TRIES = 2
"""How often an instance is started before it has answered once: a command that does not work does not work later."""

RETRIES = 3
"""How often supervisord starts one again that ended within a second, after 1, 2 and 3 seconds."""

GAVE_UP = 120
"""The launch script's own exit status when :data:`TRIES` are used up."""

NO_FOLDER = 121
"""The launch script's own exit status when the project's folder is gone."""

_UNUSED = 119
"""supervisord expects this exit status and no other, so that it logs every end: ``exits`` reads that."""

SCRIPT, STARTS, READY, TOKEN = "launch", "starts", "ready", "token"

_SCRIPT = """\
#!/bin/sh
# Starts one instance; written by the local runtime. It may hold secrets: for its owner only.
# The pipe that supervisord gave as standard input stays open as 9: it polls its end, and spins when nobody reads.
exec >>{log} 2>&1 9<&0 </dev/null
tries=0
[ -e {starts} ] && while read -r _; do tries=$((tries + 1)); done <{starts}
if [ ! -e {ready} ]; then
  [ "$tries" -lt {limit} ] || exit {gave_up}
elif [ "$tries" -ge 50 ]; then
  : >{starts}
fi
echo "$$ $PPID" >>{starts}
cd {project} || exit {no_folder}
unset SUPERVISOR_ENABLED SUPERVISOR_SERVER_URL SUPERVISOR_PROCESS_NAME SUPERVISOR_GROUP_NAME tries _
{exports}
exec {command}
"""

_PROGRAM = """\
[program:{slug}]
command=/bin/sh {script}
directory=%(here)s/../instances/{slug}
environment={mark_name}="{mark}"
autostart=false
autorestart=true
exitcodes={unused}
startsecs=1
startretries={retries}
stopsignal=TERM
stopwaitsecs={grace}
stopasgroup=true
killasgroup=true
redirect_stderr=true
stdout_logfile=NONE
"""


def script(service: str, command: Command, variables: Mapping[str, str], *, project: Path, log: Path) -> str:
    """Return the launch script; it runs in the instance's own folder until it enters the project's.

    Raises :class:`RuntimeFault` for text that no shell can be given.
    """
    words = ("/bin/sh", "-c", command) if isinstance(command, str) else command
    made = _SCRIPT.format(
        log=shlex.quote(str(log)),
        starts=STARTS,
        ready=READY,
        limit=TRIES,
        gave_up=GAVE_UP,
        no_folder=NO_FOLDER,
        project=shlex.quote(str(project)),
        exports="\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items()),
        command=shlex.join(words),
    )
    try:
        made.encode("utf-8")
    except UnicodeEncodeError as error:
        raise RuntimeFault(
            f"service {service!r}: its command or environment holds {made[error.start]!r}, half of a character "
            "(a surrogate), which no program can be given; write the whole character."
        ) from error
    if "\0" in made:
        raise RuntimeFault(
            f"service {service!r}: its command holds a NUL, which no program can be given; remove it."
        )
    return made


def program(slug: str, mark: str, *, grace: int) -> str:
    """Return supervisord's section; ``grace`` in seconds, after which it kills the whole process group."""
    return _PROGRAM.format(
        slug=slug,
        script=SCRIPT,
        mark_name=MARK,
        mark=mark,
        retries=RETRIES,
        unused=_UNUSED,
        grace=max(1, grace),
    )
