"""``eas tour``: a walk through a day with the project, on the real stack, with real output."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from components.cli.base import declared
from components.cli.base.command import command
from components.cli.base.ending import CommandError, Exit
from components.cli.base.session import Session

if TYPE_CHECKING:
    from components.cli.commands.plan import Proposed

SMALL = "summarize.json"
LARGE = "too-large.json"
ONE, THREE = '"instance": 1', '"instance": 3'


def register(app: typer.Typer) -> None:
    """Add ``tour``."""

    @command(app, "tour", brief="a guided walk on this machine", examples="eas tour\neas tour --stack dev")
    def tour(session: Session) -> Exit:
        """Add a service, ask for one that is too large, scale, and drain a node: each with the commands that do it.

        Works on this stack and its files, on local and simulated runtimes only. Files and nodes are put back; what moved
        stays where it is.
        """
        if session.json_output:
            raise CommandError("the tour is a walk for people; every command in it takes --json", Exit.USAGE)
        if not declared.local_only(session):
            raise CommandError(
                "the tour starts and moves instances, so it runs on local and simulated runtimes only"
            )
        with Guide.on(session) as guide:
            guide.walk()
        return Exit.OK


class Guide:
    """Prints each command, runs it, and stops the walk where one ends otherwise than it should."""

    def __init__(self, session: Session) -> None:
        """Keep where files come from and go to."""
        self._session = session
        self._root = session.workspace.root
        self._services = self._root / declared.Choice.of(session).services
        self._examples = self._root / "examples"
        self._drained: list[str] = []

    @classmethod
    @contextmanager
    def on(cls, session: Session) -> Iterator[Guide]:
        """Yield a guide; afterwards the files, the nodes and the stack are what they were, however the walk ended."""
        guide = cls(session)
        guide._refuse_to_overwrite()
        was_up = bool(session.ledger.instances(owner=session.owner))
        session.close()
        try:
            yield guide
        finally:
            guide._tidy(was_up)

    def walk(self) -> None:
        """Take the whole way."""
        self._say("The sample, as its files declare it.")
        self._eas("up", "--yes")
        self._say("A service more: a file more. The plan shows its card before anything starts.")
        self._copy(SMALL)
        self._eas("plan")
        self._eas("up", "--yes")
        self._say("One that is too large for every card is refused before anything changes.")
        self._copy(LARGE)
        self._eas("plan", expected=Exit.FAILED)
        self._remove(LARGE)
        self._say("More instances of it: nobody else is touched.")
        self._edit(SMALL, ONE, THREE)
        self._eas("plan")
        self._eas("up", "--yes")
        self._drain()
        self._say("Every card, as it is now.")
        self._eas("pool")

    def _drain(self) -> None:
        """Drain a node whose instances fit elsewhere."""
        node = self._movable()
        if node is None:
            self._say(
                "No node can be emptied: what sits on each fits nowhere else. `eas plan --drain NODE` says why."
            )
            return
        self._say(
            "A node needs a new driver: what sits there moves, the replacement first where there is room."
        )
        self._eas("plan", "--drain", node)
        self._drained.append(node)
        self._eas("drain", node, "--reason", "new driver")
        self._eas("up", "--yes")
        self._uncordon()

    def _movable(self) -> str | None:
        """Return the node with the fewest instances, of those that can be emptied; one with the new service first."""
        from components.cli.commands.plan import Proposed
        from components.cli.commands.supposed import Supposed

        session = self._session
        project = declared.sound(session)
        rows = session.ledger.instances(owner=session.owner)
        counts = Counter(row.held.place.node for row in rows)
        new = {row.held.place.node for row in rows if row.held.service == Path(SMALL).stem}
        candidates = sorted(counts, key=lambda name: (name not in new, counts[name], name))
        try:
            return next(
                (
                    name
                    for name in candidates
                    if _empties(Proposed.of(session, project, Supposed((name,))), name)
                ),
                None,
            )
        finally:
            session.close()

    # ------------------------------------------------------------------------------------------ doing

    def _say(self, sentence: str) -> None:
        print(f"\n# {sentence}", flush=True)

    def _eas(self, *arguments: str, expected: Exit = Exit.OK) -> None:
        """Show and run one ``eas`` command of this stack and ledger."""
        print(f"$ eas {shlex.join(arguments)}", flush=True)
        code = self._run(arguments)
        if code != expected:
            raise CommandError(
                f"`eas {shlex.join(arguments)}` ended with {code}, not {int(expected)}: the tour ends here",
                _exit(code),
            )

    def _run(self, arguments: Sequence[str]) -> int:
        # By the environment, so that what is printed reads as somebody would type it.
        env = {
            **os.environ,
            "PULUMI_STACK": self._session.workspace.stack,
            "EAS_LEDGER": self._session.ledger_place.url,
        }
        return subprocess.run(
            [sys.executable, "-m", "components.cli", *arguments],
            cwd=self._root,
            env=env,
            stdin=subprocess.DEVNULL,
            check=False,
        ).returncode

    def _shell(self, *words: str) -> None:
        print(f"$ {shlex.join(words)}", flush=True)

    def _copy(self, name: str) -> None:
        self._shell("cp", f"examples/{name}", f"{self._relative()}/")
        shutil.copyfile(self._examples / name, self._services / name)

    def _remove(self, name: str) -> None:
        self._shell("rm", f"{self._relative()}/{name}")
        (self._services / name).unlink(missing_ok=True)

    def _edit(self, name: str, old: str, new: str) -> None:
        self._shell("sed", "-i", f"s/{old}/{new}/", f"{self._relative()}/{name}")
        file = self._services / name
        file.write_text(file.read_text().replace(old, new))

    def _uncordon(self) -> None:
        while self._drained:
            self._eas("uncordon", self._drained.pop())

    def _relative(self) -> Path:
        return self._services.relative_to(self._root)

    # ------------------------------------------------------------------------------------------ before and after

    def _refuse_to_overwrite(self) -> None:
        for name in (SMALL, LARGE):
            if (self._services / name).exists():
                raise CommandError(
                    f"{self._relative()}/{name} is there already; move it away, the tour adds its own"
                )
            if not (self._examples / name).is_file():
                raise CommandError(f"examples/{name} is not there, and the tour adds it as a service")

    def _tidy(self, was_up: bool) -> None:
        """Put everything back; the last command's failure is the user's to see, not a reason to leave files."""
        self._say("The files back as they were. What moved stays where it is: nothing moves for beauty.")
        for name in (SMALL, LARGE):
            if (self._services / name).exists():
                self._remove(name)
        self._uncordon()
        self._eas("up" if was_up else "down", "--yes")


def _empties(proposed: Proposed, node: str) -> bool:
    """Whether the plan leaves nothing on the node, and nothing waiting."""
    plan = proposed.plan
    places = [place for places in plan.assignments.values() for place in places.values()]
    return not plan.refusals and all(place is not None and place.node != node for place in places)


def _exit(code: int) -> Exit:
    """Return the status of a step as one of ours."""
    return Exit(code) if code in set(Exit) else Exit.FAILED
