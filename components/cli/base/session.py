"""One run of ``eas``: its common options, and what they lead to, opened when first used and closed at the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.cli.base.ending import CommandError
from components.cli.base.workspace import Workspace

if TYPE_CHECKING:
    from components.ledger import Ledger, Place
    from components.runtimes.port import Runtime


def now() -> datetime:
    """Return the time of this effect (UTC)."""
    return datetime.now(UTC)


def mint() -> str:
    """Return a new short id."""
    return uuid.uuid4().hex[:8]


@dataclass
class Session:
    """The common options of one command, and everything that is found through them."""

    json_output: bool = False
    stack_flag: str | None = None
    ledger_flag: str | None = None
    folder: Path | None = None
    _current: Ledger | None = field(default=None, init=False, repr=False)
    _writable: bool = field(default=False, init=False, repr=False)
    _there: bool = field(default=False, init=False, repr=False)
    _runtimes: dict[tuple[str, Path], Runtime] = field(default_factory=dict, init=False, repr=False)
    _to_close: list[Ledger] = field(default_factory=list, init=False, repr=False)

    @cached_property
    def workspace(self) -> Workspace:
        """The project and stack; raises :class:`CommandError` outside a project."""
        return Workspace.find(self.folder, self.stack_flag)

    @property
    def owner(self) -> str:
        """The stack's ``eas:owner``."""
        return self.workspace.owner

    @cached_property
    def ledger_place(self) -> Place:
        """The ledger's URL and where that was said: found as the providers find it. Print its ``shown``."""
        from components.ledger import resolve_url

        configured = self.workspace.plain("eas:ledger")
        configured = configured if isinstance(configured, str) else None
        return resolve_url(self.ledger_flag, os.environ, configured, self.workspace.root)

    @property
    def ledger(self) -> Ledger:
        """The ledger, for reading: a missing one is not created and answers as one that never held anything."""
        return self._opened(create=False)

    @property
    def writable_ledger(self) -> Ledger:
        """The ledger, for commands that record something."""
        return self._opened(create=True)

    @property
    def who(self) -> str:
        """``user@host``: who says so."""
        from components.ledger import user_at_host

        return user_at_host()

    def _opened(self, *, create: bool) -> Ledger:
        from components.ledger import open_ledger, this_actor

        if self._current is not None and self._serves(create):
            return self._current
        url, _ = self.ledger_place
        root = self.workspace.root
        self._current = open_ledger(
            url, home=self.workspace.home, create=create, actor=lambda: this_actor(root)
        )
        self._writable, self._there = create, self._current.exists
        self._to_close.append(self._current)
        return self._current

    def _serves(self, create: bool) -> bool:
        """Whether the open ledger will do; one that was not there may have been made since, by `pulumi`."""
        assert self._current is not None, "asked of an open ledger only"
        return self._writable or (not create and self._there == self._current.exists)

    def close(self) -> None:
        """Close what was opened."""
        for ledger in self._to_close:
            ledger.close()
        self._to_close.clear()
        self._current = None

    def runtime(self, name: str) -> Runtime:
        """Return the runtime of that name, opened once, as the providers open it."""
        from components.runtimes.registry import open_runtime

        home = self.ledger.runtimes_home(os.environ)
        if (name, home) not in self._runtimes:
            self._runtimes[name, home] = open_runtime(name, home)
        return self._runtimes[name, home]

    @cached_property
    def secret(self) -> bytes:
        """The stack's ``eas:secret``, which only Pulumi can decrypt: needed for revisions and tokens."""
        plain = self.workspace.plain("eas:secret")
        if isinstance(plain, str) and plain:
            return plain.encode()
        return self._secret_from_pulumi().encode()

    def _secret_from_pulumi(self) -> str:
        workspace = self.workspace
        command = ["pulumi", "config", "get", "eas:secret", "--stack", workspace.stack, "--non-interactive"]
        hint = "revisions and tokens cannot be made without it; run `make setup`, then `. ./.env.sh`"
        try:
            answer = subprocess.run(
                command,
                cwd=workspace.root,
                env=workspace.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
        except FileNotFoundError as error:
            raise CommandError(
                f"eas:secret of stack '{workspace.stack}' needs `pulumi`, which is not on PATH: {hint}"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise CommandError(f"`{' '.join(command)}` did not answer within 60 s; {hint}") from error
        if answer.returncode or not answer.stdout.strip():
            said = " ".join(answer.stderr.split()) or "it is not set"
            raise CommandError(f"eas:secret of stack '{workspace.stack}' cannot be read ({said}); {hint}")
        return answer.stdout.strip()

    def show(self, data: Any, text: str) -> None:
        """Print the answer: ``data`` as JSON with ``--json``, else ``text``."""
        print(json.dumps(data, indent=2, ensure_ascii=False, default=str) if self.json_output else text)

    def note_absence(self) -> None:
        """Say where no ledger is: what is read of it then is no news of anything that runs."""
        if absence := self.ledger.absence:
            self.note(absence)

    def note(self, sentence: str) -> None:
        """Say something beside the answer; with ``--json`` it goes to stderr."""
        print(sentence, file=sys.stderr if self.json_output else sys.stdout, flush=True)

    @contextmanager
    def busy(self, doing: str) -> Iterator[None]:
        """Show on a terminal that something takes time; the note vanishes when it is done."""
        if not sys.stderr.isatty():
            yield
            return
        from rich.console import Console

        with Console(stderr=True).status(doing):
            yield
